// The content of a message of work: addresses of one shard and round. Every address that a worker learns crosses the bus to the
// owner of its shard, so it travels as bytes and neither end makes an object of it.
//
// | size | field |
// |---|---|
// | 1 | version of the format, 1 |
// | 6 | round, low byte first |
// | 1 | number of texts |
// | each 1 + length | text of a source, its length before it |
//
// and then, for each address,
//
// | size | field |
// |---|---|
// | 1 | network: 1 IPv4, 2 IPv6, 3 onion, 4 I2P, 5 CJDNS |
// | 1 | V2: 0 unknown, 1 not offered, 2 offered |
// | 2 | port, low byte first |
// | 1 | number of the text of its source |
// | 4, 16, 32 | address |

import { NETWORK_BYTES } from '../../netaddr/networks/network.ts';
import { NETWORK_NAMES } from '../frontier/address-table.ts';

const VERSION = 1;
const ROUND_BYTES = 6;
const HEAD_BYTES = 1 + ROUND_BYTES + 1;
const ADDRESS_HEAD_BYTES = 5;
const LONGEST_ADDRESS = 32;

/** Most addresses in one message, and so most sources. */
export const MAX_BATCH_ADDRESSES = 100;

/** Longest text of a source, in bytes: an onion name with its port has 68, and a record may hold this much. */
export const MAX_SOURCE_BYTES = 72;

/** What a source is: printable ASCII. It goes into records. */
const SOURCE = /^[ -~]{0,72}$/;

/** Values of the V2 field. */
export const V2_UNKNOWN = 0;
export const V2_NOT_OFFERED = 1;
export const V2_OFFERED = 2;

/** Gathers addresses for a message. */
export class WorkBatchWriter {
  readonly #round: number;
  readonly #bytes = new Uint8Array(MAX_BATCH_ADDRESSES * (ADDRESS_HEAD_BYTES + LONGEST_ADDRESS));
  readonly #sources = new Map<string, number>();
  #length = 0;
  #count = 0;

  constructor(round: number) {
    this.#round = round;
  }

  get isFull(): boolean {
    return this.#count === MAX_BATCH_ADDRESSES;
  }

  /**
   * Adds an address; there must be room.
   *
   * @param address - Copied; its length is that of its network.
   */
  add(network: number, address: Uint8Array, port: number, v2: number, source: string): void {
    const bytes = this.#bytes;
    const at = this.#length;
    bytes[at] = network;
    bytes[at + 1] = v2;
    bytes[at + 2] = port;
    bytes[at + 3] = port >> 8;
    bytes[at + 4] = this.#numberOf(source);
    bytes.set(address, at + ADDRESS_HEAD_BYTES);
    this.#length = at + ADDRESS_HEAD_BYTES + address.length;
    this.#count += 1;
  }

  /** The message. */
  finish(): Uint8Array {
    const head = Buffer.alloc(HEAD_BYTES);
    head[0] = VERSION;
    head.writeUIntLE(this.#round, 1, ROUND_BYTES);
    head[HEAD_BYTES - 1] = this.#sources.size;
    const texts = [...this.#sources.keys()].flatMap((source) => {
      const text = Buffer.from(source, 'latin1').subarray(0, MAX_SOURCE_BYTES);
      return [Uint8Array.of(text.length), text];
    });
    return Buffer.concat([head, ...texts, this.#bytes.subarray(0, this.#length)]);
  }

  #numberOf(source: string): number {
    let number = this.#sources.get(source);
    if (number === undefined) this.#sources.set(source, (number = this.#sources.size));
    return number;
  }
}

/** Reads a message. Its fields describe the address that `next` moved to. */
export class WorkBatchReader {
  readonly round: number;
  readonly bytes: Uint8Array;
  network = 0;
  /** Where in `bytes` the address begins. */
  offset = 0;
  port = 0;
  v2 = V2_UNKNOWN;
  source = '';
  readonly #sources: readonly string[];
  #at: number;

  private constructor(bytes: Uint8Array, round: number, sources: readonly string[], start: number) {
    this.bytes = bytes;
    this.round = round;
    this.#sources = sources;
    this.#at = start;
  }

  /** @returns Undefined for bytes that are not a message of work. */
  static open(bytes: Uint8Array): WorkBatchReader | undefined {
    if (bytes.length < HEAD_BYTES || bytes[0] !== VERSION) return undefined;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    const sources: string[] = [];
    let at = HEAD_BYTES;
    for (let left = bytes[HEAD_BYTES - 1]!; left > 0; left--) {
      const end = at + 1 + (bytes[at] ?? 0);
      if (end > bytes.length) return undefined;
      const source = buffer.toString('latin1', at + 1, end);
      if (!SOURCE.test(source)) return undefined;
      sources.push(source);
      at = end;
    }
    const reader = new WorkBatchReader(bytes, buffer.readUIntLE(1, ROUND_BYTES), sources, at);
    let count = 0;
    while (reader.next()) count++;
    if (reader.#at !== bytes.length || count > MAX_BATCH_ADDRESSES) return undefined;
    reader.#at = at;
    return reader;
  }

  /** Moves to the next address. @returns False at the end. */
  next(): boolean {
    const { bytes } = this;
    const at = this.#at;
    const name = NETWORK_NAMES[bytes[at] ?? 0];
    if (name === undefined) return false;
    const end = at + ADDRESS_HEAD_BYTES + NETWORK_BYTES[name];
    if (bytes[at + 1]! > V2_OFFERED) return false;
    const source = this.#sources[bytes[at + 4] ?? -1];
    if (end > bytes.length || source === undefined) return false;
    this.network = bytes[at]!;
    this.v2 = bytes[at + 1]!;
    this.port = bytes[at + 2]! | (bytes[at + 3]! << 8);
    this.source = source;
    this.offset = at + ADDRESS_HEAD_BYTES;
    this.#at = end;
    return true;
  }
}

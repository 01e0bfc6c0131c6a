// `addr`, `addrv2`, `getaddr`: addresses of other nodes.

import { readServiceV1, readServiceV2, skipAddressV2, writeServiceV1, writeServiceV2 } from '../../netaddr/encoding.ts';
import type { Service } from '../../netaddr/service.ts';
import { ByteReader } from '../../util/bytes/bytes.ts';
import type { ByteWriter } from '../../util/bytes/bytes.ts';
import { emptyCodec, readLimitedVector, writeLimitedVector } from './codec.ts';
import type { Codec, Limited } from './codec.ts';

/** Most addresses in one message. More: the sender misbehaves. (Bitcoin Core src/net_processing.cpp, MAX_ADDR_TO_SEND) */
export const MAX_ADDRESSES = 1_000;

/** A node's address: endpoint, services, and when it was last seen. */
export interface PeerAddress {
  /** Seconds since 1970, 0..2^32-1, as the sender claims. */
  readonly timeSeconds: number;
  readonly services: bigint;
  readonly service: Service;
}

/** The legacy form, 30 bytes an entry: time uint32 LE, services uint64 LE, address 16 bytes, port uint16 BE. */
export interface AddrMessage extends Limited {
  readonly type: 'addr';
  /** Written: entries that the form cannot hold (onion, I2P, CJDNS) are left out. */
  readonly addresses: readonly PeerAddress[];
}

/** The form for all networks: time uint32 LE, services CompactSize, address as in BIP 155, port uint16 BE. */
export interface AddrV2Message extends Limited {
  readonly type: 'addrv2';
  /** Read: an address of an unknown network is there as the invalid address `::`. */
  readonly addresses: readonly PeerAddress[];
}

/** Asks for addresses. */
export interface GetAddrMessage {
  readonly type: 'getaddr';
}

export const getAddrCodec: Codec<GetAddrMessage> = emptyCodec('getaddr');

export const addrCodec: Codec<AddrMessage> = {
  read(reader) {
    const addresses = readLimitedVector(reader, MAX_ADDRESSES, readEntryV1);
    return addresses === undefined ? { type: 'addr', addresses: [], exceedsLimit: true } : { type: 'addr', addresses };
  },
  write(writer, { addresses }) {
    // An onion address would be sixteen zero bytes in this form, which is not an address.
    const writable = addresses.filter(({ service }) => service.address.isV1Compatible());
    writeLimitedVector(writer, writable, MAX_ADDRESSES, writeEntryV1);
  },
};

export const addrV2Codec: Codec<AddrV2Message> = {
  read(reader) {
    const addresses = readLimitedVector(reader, MAX_ADDRESSES, readEntryV2);
    return addresses === undefined
      ? { type: 'addrv2', addresses: [], exceedsLimit: true }
      : { type: 'addrv2', addresses };
  },
  write(writer, { addresses }) {
    writeLimitedVector(writer, addresses, MAX_ADDRESSES, writeEntryV2);
  },
};

function readEntryV1(reader: ByteReader): PeerAddress {
  return { timeSeconds: reader.uint32LE(), services: reader.uint64LE(), service: readServiceV1(reader) };
}

function writeEntryV1(writer: ByteWriter, { timeSeconds, services, service }: PeerAddress): void {
  writer.uint32LE(timeSeconds).uint64LE(services);
  writeServiceV1(writer, service);
}

function readEntryV2(reader: ByteReader): PeerAddress {
  return { timeSeconds: reader.uint32LE(), services: reader.compactNumber(), service: readServiceV2(reader) };
}

function writeEntryV2(writer: ByteWriter, { timeSeconds, services, service }: PeerAddress): void {
  writer.uint32LE(timeSeconds).compactSize(services);
  writeServiceV2(writer, service);
}

/** Size of an entry of `addr`, in bytes. */
const ENTRY_BYTES_V1 = 30;
const PORT_BYTES = 2;
const TIME_BYTES = 4;

/**
 * The entries of an `addr` or `addrv2`, found where they lie and decoded one by one: of a thousand, the rate limit of a peer
 * leaves one or two.
 */
export class AddressEntries {
  /** How many there are, within the limit or not. */
  readonly count: number;
  readonly #payload: Uint8Array;
  /** Where the first one begins; of `addrv2`, where each of them does. */
  readonly #starts: number | Uint32Array;

  /**
   * @param payload - Not copied: must not change.
   * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: `decodeMessage` would refuse it.
   */
  constructor(type: 'addr' | 'addrv2', payload: Uint8Array) {
    const reader = new ByteReader(payload);
    this.count = reader.compactSize();
    this.#payload = payload;
    if (type === 'addr') {
      this.#starts = reader.offset;
      reader.skip(this.count * ENTRY_BYTES_V1);
      return;
    }
    // Entries of an oversized list are never read.
    this.#starts = new Uint32Array(Math.min(this.count, MAX_ADDRESSES));
    for (let index = 0; index < this.count; index++) {
      this.#starts[index] = reader.offset;
      reader.skip(TIME_BYTES);
      reader.skipCompact();
      skipAddressV2(reader);
      reader.skip(PORT_BYTES);
    }
  }

  /** Decodes one. @param index - 0 to `count` - 1, of at most `MAX_ADDRESSES`. */
  at(index: number): PeerAddress {
    const starts = this.#starts;
    return typeof starts === 'number'
      ? readEntryV1(new ByteReader(this.#payload.subarray(starts + index * ENTRY_BYTES_V1)))
      : readEntryV2(new ByteReader(this.#payload.subarray(starts[index])));
  }
}

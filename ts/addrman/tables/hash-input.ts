// What the keyed hashes of placement.ts are computed from, operand by operand.

import { KEY_BYTES } from '../limits.ts';

/** Longest operands behind the key: tag, bucket, and the length and service key of an onion or I2P address. */
const MAX_OPERAND_BYTES = 1 + 4 + 1 + 34;

/** A key and operands, one behind the other. Bytes are copied by hand: `set` takes longer for so few. */
export class HashInput {
  readonly #bytes = Buffer.alloc(KEY_BYTES + MAX_OPERAND_BYTES);
  /** The input cut to each length that was needed so far: making a view costs a tenth of a hash. */
  readonly #views: (Buffer | undefined)[] = [];
  #end = KEY_BYTES;

  /** @param key - 32 secret bytes. Copied. */
  constructor(key: Uint8Array) {
    this.#bytes.set(key);
  }

  /** Drops all operands. */
  start(): this {
    this.#end = KEY_BYTES;
    return this;
  }

  /** Length and bytes. */
  string(bytes: Uint8Array): this {
    this.#bytes[this.#end++] = bytes.length;
    this.#append(bytes);
    return this;
  }

  /** The service key: address bytes, then the port, high byte first. */
  service(addrBytes: Uint8Array, port: number): this {
    this.#bytes[this.#end++] = addrBytes.length + 2;
    this.#append(addrBytes);
    this.#bytes[this.#end++] = port >>> 8;
    this.#bytes[this.#end++] = port;
    return this;
  }

  /** A number below 256 as eight little-endian bytes. */
  uint64(value: number): this {
    this.#bytes[this.#end++] = value;
    for (let zeros = 7; zeros > 0; zeros--) this.#bytes[this.#end++] = 0;
    return this;
  }

  /** One byte, then a number below 65,536 as four little-endian bytes. */
  tagAndBucket(tag: number, bucket: number): this {
    const bytes = this.#bytes;
    bytes[this.#end++] = tag;
    bytes[this.#end++] = bucket;
    bytes[this.#end++] = bucket >>> 8;
    bytes[this.#end++] = 0;
    bytes[this.#end++] = 0;
    return this;
  }

  /** The whole of it. Lent until the next operand. */
  message(): Uint8Array {
    return (this.#views[this.#end] ??= this.#bytes.subarray(0, this.#end));
  }

  #append(bytes: Uint8Array): void {
    for (let index = 0; index < bytes.length; index++) this.#bytes[this.#end + index] = bytes[index]!;
    this.#end += bytes.length;
  }
}

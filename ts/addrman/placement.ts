// Where an address belongs: the keyed hashes that give bucket and position.
//
// H is double SHA-256; of each digest only the low bits count, and all moduli are powers of two, so the first four
// bytes of a digest are all that is looked at. Lengths are CompactSizes in principle and single bytes in fact.
// (Bitcoin Core src/addrman.cpp, AddrInfo::GetTriedBucket, GetNewBucket, GetBucketPosition)
//
//     tried bucket: h = H(key ‖ str(serviceKey)),                bucket = H(key ‖ str(group) ‖ u64(h mod 8)) mod 256
//     new bucket:   h = H(key ‖ str(group) ‖ str(sourceGroup)),  bucket = H(key ‖ str(sourceGroup) ‖ u64(h mod 64)) mod 1024
//     position:     H(key ‖ 'N' or 'K' ‖ i32(bucket) ‖ str(serviceKey)) mod 64
//
// The hashing is most of what it costs to learn an address. One-shot crypto.hash, as p2p/hash.ts calls it, costs a third
// of hash objects (bench/addrman.mjs); SHA-256 in JavaScript is no quicker where the processor has instructions for it.

import { checksum32 as hash32 } from '../p2p/hash.ts';
import { equalBytes } from '../util/compare-bytes.ts';
import {
  BUCKET_SLOTS,
  KEY_BYTES,
  NEW_BUCKET_COUNT,
  NEW_BUCKETS_PER_SOURCE_GROUP,
  TRIED_BUCKET_COUNT,
  TRIED_BUCKETS_PER_GROUP,
} from './limits.ts';

/** Names a table in the position hash. */
const NEW_TAG = 0x4e;
const TRIED_TAG = 0x4b;

/** Longest operands behind the key: tag, bucket, and the length and service key of an onion or I2P address. */
const MAX_OPERAND_BYTES = 1 + 4 + 1 + 34;

/** A table entry that has not been hashed yet. */
const UNKNOWN_BUCKET = -1;

/**
 * Computes buckets and slots under one key. A slot number is bucket × 64 + position.
 *
 * Keeps the second new-bucket hash for the last source group only: an `addr` message has one source, and nothing an
 * attacker can have many of may make this grow.
 */
export class Placement {
  readonly #input = Buffer.alloc(KEY_BYTES + MAX_OPERAND_BYTES);
  /** The input cut to each length that was needed so far: making a view costs a tenth of a hash. */
  readonly #views: (Buffer | undefined)[] = [];
  #end = KEY_BYTES;

  #lastSourceGroup: Uint8Array = new Uint8Array(0);
  readonly #lastSourceBuckets = new Int16Array(NEW_BUCKETS_PER_SOURCE_GROUP).fill(UNKNOWN_BUCKET);

  /** @param key - 32 secret bytes. Copied. */
  constructor(key: Uint8Array) {
    this.#input.set(key);
  }

  /**
   * The one slot of the tried table that an address can have.
   *
   * @param addrBytes - `NetAddress.getAddrBytes()`.
   * @param group - The address's network group.
   */
  triedSlot(addrBytes: Uint8Array, port: number, group: Uint8Array): number {
    const choice = this.#start().#service(addrBytes, port).#hash() & (TRIED_BUCKETS_PER_GROUP - 1);
    const bucket = this.#start().#string(group).#uint64(choice).#hash() & (TRIED_BUCKET_COUNT - 1);
    return this.#slot(TRIED_TAG, bucket, addrBytes, port);
  }

  /** The bucket of the new table for an address of `group` that a source in `sourceGroup` told us. */
  newBucket(group: Uint8Array, sourceGroup: Uint8Array): number {
    const hash = this.#start().#string(group).#string(sourceGroup).#hash();
    const choice = hash & (NEW_BUCKETS_PER_SOURCE_GROUP - 1);
    const buckets = this.#lastSourceBuckets;
    if (!equalBytes(sourceGroup, this.#lastSourceGroup)) {
      this.#lastSourceGroup = sourceGroup;
      buckets.fill(UNKNOWN_BUCKET);
    }
    if (buckets[choice] === UNKNOWN_BUCKET) {
      buckets[choice] = this.#start().#string(sourceGroup).#uint64(choice).#hash() & (NEW_BUCKET_COUNT - 1);
    }
    return buckets[choice]!;
  }

  /** The one slot that an address can have in a bucket of the new table. */
  newSlot(bucket: number, addrBytes: Uint8Array, port: number): number {
    return this.#slot(NEW_TAG, bucket, addrBytes, port);
  }

  #slot(tag: number, bucket: number, addrBytes: Uint8Array, port: number): number {
    const position = this.#start().#tagAndBucket(tag, bucket).#service(addrBytes, port).#hash() & (BUCKET_SLOTS - 1);
    return bucket * BUCKET_SLOTS + position;
  }

  // Building the input: each method writes one operand behind what is there.

  #start(): this {
    this.#end = KEY_BYTES;
    return this;
  }

  #string(bytes: Uint8Array): this {
    this.#input[this.#end] = bytes.length;
    this.#input.set(bytes, this.#end + 1);
    this.#end += 1 + bytes.length;
    return this;
  }

  /** The service key: address bytes, then the port, high byte first. */
  #service(addrBytes: Uint8Array, port: number): this {
    const input = this.#input;
    input[this.#end] = addrBytes.length + 2;
    input.set(addrBytes, this.#end + 1);
    this.#end += 1 + addrBytes.length;
    input[this.#end++] = port >>> 8;
    input[this.#end++] = port;
    return this;
  }

  /** A number below 256 as eight little-endian bytes. */
  #uint64(value: number): this {
    this.#input.fill(0, this.#end, this.#end + 8);
    this.#input[this.#end] = value;
    this.#end += 8;
    return this;
  }

  /** One byte, then a number below 65,536 as four little-endian bytes. */
  #tagAndBucket(tag: number, bucket: number): this {
    const input = this.#input;
    input[this.#end++] = tag;
    input[this.#end++] = bucket;
    input[this.#end++] = bucket >>> 8;
    input[this.#end++] = 0;
    input[this.#end++] = 0;
    return this;
  }

  #hash(): number {
    return hash32((this.#views[this.#end] ??= this.#input.subarray(0, this.#end)));
  }
}

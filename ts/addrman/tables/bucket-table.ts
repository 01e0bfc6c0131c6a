// One table of buckets: which entry is in which slot, and which buckets have something to choose from.
//
// A draw asks for a random bucket that holds a matching entry. Trying buckets until one matches is what the rule says;
// it takes a thousand tries when the table is nearly empty. The lists kept here make it one try, with the same odds.

import { NETWORK_COUNT } from './network-numbers.ts';
import { BUCKET_SLOTS } from '../limits.ts';

/** An empty slot. */
export const NO_ENTRY = -1;

/** Stands for "whatever network", beside the network numbers. */
export const ANY_NETWORK = NETWORK_COUNT;

/** Kinds of lists: each network, and any. */
const LIST_COUNT = NETWORK_COUNT + 1;

/** Slots of `bucketCount` buckets. A slot number is bucket × 64 + position. */
export class BucketTable {
  readonly bucketCount: number;
  /** Entry ids; `NO_ENTRY` for an empty slot. Written to by `put` and `clear` only. */
  readonly entries: Int32Array;

  // For each kind of list, `bucketCount` places: how many entries of the kind each bucket holds, the buckets that hold
  // any, and where each bucket is among those.
  readonly #entryCounts: Uint8Array;
  readonly #buckets: Uint16Array;
  readonly #listPositions: Uint16Array;
  readonly #listLengths = new Int32Array(LIST_COUNT);

  constructor(bucketCount: number) {
    this.bucketCount = bucketCount;
    this.entries = new Int32Array(bucketCount * BUCKET_SLOTS).fill(NO_ENTRY);
    this.#entryCounts = new Uint8Array(bucketCount * LIST_COUNT);
    this.#buckets = new Uint16Array(bucketCount * LIST_COUNT);
    this.#listPositions = new Uint16Array(bucketCount * LIST_COUNT);
  }

  /** Puts an entry into an empty slot. */
  put(slot: number, id: number, network: number): void {
    this.entries[slot] = id;
    const bucket = Math.floor(slot / BUCKET_SLOTS);
    this.#count(bucket, network);
    this.#count(bucket, ANY_NETWORK);
  }

  /** Empties an occupied slot. */
  clear(slot: number, network: number): void {
    this.entries[slot] = NO_ENTRY;
    const bucket = Math.floor(slot / BUCKET_SLOTS);
    this.#uncount(bucket, network);
    this.#uncount(bucket, ANY_NETWORK);
  }

  /** How many entries of a network, or of `ANY_NETWORK`, a bucket holds. */
  entryCount(bucket: number, network: number): number {
    return this.#entryCounts[network * this.bucketCount + bucket]!;
  }

  /** How many buckets hold an entry of a network, or of `ANY_NETWORK`. */
  occupiedBucketCount(network: number): number {
    return this.#listLengths[network]!;
  }

  /** One of those buckets, by its place in no particular order. */
  occupiedBucket(network: number, index: number): number {
    return this.#buckets[network * this.bucketCount + index]!;
  }

  #count(bucket: number, kind: number): void {
    const start = kind * this.bucketCount;
    if (this.#entryCounts[start + bucket]!++ > 0) return;
    const position = this.#listLengths[kind]!++;
    this.#buckets[start + position] = bucket;
    this.#listPositions[start + bucket] = position;
  }

  #uncount(bucket: number, kind: number): void {
    const start = kind * this.bucketCount;
    if (--this.#entryCounts[start + bucket]! > 0) return;
    // The last of the list takes the place of the one that leaves.
    const position = this.#listPositions[start + bucket]!;
    const last = this.#buckets[start + --this.#listLengths[kind]!]!;
    this.#buckets[start + position] = last;
    this.#listPositions[start + last] = position;
  }
}

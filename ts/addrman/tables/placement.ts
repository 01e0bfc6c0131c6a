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
// Hashing is most of the cost of adding an address, and a message or a file brings many at a time: independent hashes are
// computed together (p2p/hash-lanes.ts).

import { LANES, checksums32 } from '../../p2p/hash-lanes.ts';
import { checksum32 } from '../../p2p/hash.ts';
import { equalBytes } from '../../util/bytes/compare-bytes.ts';
import { HashInput } from './hash-input.ts';
import {
  BUCKET_SLOTS,
  NEW_BUCKET_COUNT,
  NEW_BUCKETS_PER_SOURCE_GROUP,
  TRIED_BUCKET_COUNT,
  TRIED_BUCKETS_PER_GROUP,
} from '../limits.ts';

/** Names a table in the position hash. */
const NEW_TAG = 0x4e;
const TRIED_TAG = 0x4b;

/** A table entry that has not been hashed yet. */
const UNKNOWN_BUCKET = -1;

/** Writes what is hashed for item `index` of a list. */
type WriteOperands = (input: HashInput, index: number) => void;

/**
 * Computes buckets and slots under one key. A slot number is bucket × 64 + position.
 *
 * Keeps the second new-bucket hash only for the last source group: an `addr` message has one source, and an attacker must
 * not be able to make this grow.
 */
export class Placement {
  readonly #inputs: readonly HashInput[];
  readonly #sums = new Int32Array(LANES);

  #lastSourceGroup: Uint8Array = new Uint8Array(0);
  readonly #lastSourceBuckets = new Int16Array(NEW_BUCKETS_PER_SOURCE_GROUP).fill(UNKNOWN_BUCKET);

  /** @param key - 32 secret bytes. Copied. */
  constructor(key: Uint8Array) {
    this.#inputs = Array.from({ length: LANES }, () => new HashInput(key));
  }

  /**
   * The one slot of the tried table that each of some addresses can have.
   *
   * @param groups - The network group of each.
   * @param writeService - Writes the service of an address to the input.
   */
  triedSlots(groups: readonly Uint8Array[], writeService: WriteOperands): number[] {
    const choices = this.#hashes(groups.length, writeService);
    const hashes = this.#hashes(groups.length, (input, index) => {
      input.string(groups[index]!).uint64(choices[index]! & (TRIED_BUCKETS_PER_GROUP - 1));
    });
    const buckets = hashes.map((hash) => hash & (TRIED_BUCKET_COUNT - 1));
    return this.#slots(TRIED_TAG, buckets, writeService);
  }

  /** The bucket of the new table for an address of each group that a source in `sourceGroup` told us. */
  newBuckets(groups: readonly Uint8Array[], sourceGroup: Uint8Array): number[] {
    if (!equalBytes(sourceGroup, this.#lastSourceGroup)) {
      this.#lastSourceGroup = sourceGroup;
      this.#lastSourceBuckets.fill(UNKNOWN_BUCKET);
    }
    const hashes = this.#hashes(groups.length, (input, index) => input.string(groups[index]!).string(sourceGroup));
    return hashes.map((hash) => this.#sourceBucket(hash & (NEW_BUCKETS_PER_SOURCE_GROUP - 1)));
  }

  /**
   * The one slot that each of some addresses can have in its bucket of the new table.
   *
   * @param writeService - As for `triedSlots`.
   */
  newSlots(buckets: readonly number[], writeService: WriteOperands): number[] {
    return this.#slots(NEW_TAG, buckets, writeService);
  }

  #sourceBucket(choice: number): number {
    const buckets = this.#lastSourceBuckets;
    if (buckets[choice] === UNKNOWN_BUCKET) {
      const [hash] = this.#hashes(1, (input) => input.string(this.#lastSourceGroup).uint64(choice));
      buckets[choice] = hash! & (NEW_BUCKET_COUNT - 1);
    }
    return buckets[choice]!;
  }

  #slots(tag: number, buckets: readonly number[], writeService: WriteOperands): number[] {
    const hashes = this.#hashes(buckets.length, (input, index) => {
      writeService(input.tagAndBucket(tag, buckets[index]!), index);
    });
    return hashes.map((hash, index) => buckets[index]! * BUCKET_SLOTS + (hash & (BUCKET_SLOTS - 1)));
  }

  /** Hashes `count` inputs, as many at a time as possible. */
  #hashes(count: number, write: WriteOperands): number[] {
    if (count === 1) {
      const input = this.#inputs[0]!.start();
      write(input, 0);
      return [checksum32(input.message())];
    }
    const hashes: number[] = [];
    for (let start = 0; start < count; start += LANES) {
      const messages: Uint8Array[] = [];
      for (let index = start; index < count && messages.length < LANES; index++) {
        const input = this.#inputs[messages.length]!.start();
        write(input, index);
        messages.push(input.message());
      }
      checksums32(messages, this.#sums);
      for (let lane = 0; lane < messages.length; lane++) hashes.push(this.#sums[lane]!);
    }
    return hashes;
  }
}

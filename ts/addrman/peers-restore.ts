// Puts the new entries of a file back into their buckets.

import type { AddressTables } from './address-tables.ts';
import { ANY_NETWORK, NO_ENTRY } from './bucket-table.ts';
import { BUCKET_SLOTS, MAX_REFERENCES } from './limits.ts';

/**
 * Takes the references of a file one by one, in file order, buckets ascending.
 *
 * A file can hold millions of references that find no place. While restoring, no slot is ever given free, so a
 * reference that has failed once fails again: it is hashed once for each bucket, and not at all where the bucket is
 * full. That bounds the work whatever the file says.
 */
export class BucketRestorer {
  readonly #tables: AddressTables;
  readonly #ids: readonly number[];
  readonly #isRestored: boolean;
  /** By index in the file: the bucket that was hashed last, and whether the primary slot was asked for. */
  readonly #lastBuckets: Int32Array;
  readonly #hasTriedPrimary: Uint8Array;

  /**
   * @param ids - Ids of the new entries in file order; `NO_ENTRY` for those that are not kept.
   * @param isRestored - Whether buckets mean the same as in the file. If not, every reference goes to the slot that
   *   the entry's first source gives it.
   */
  constructor(tables: AddressTables, ids: readonly number[], isRestored: boolean) {
    this.#tables = tables;
    this.#ids = ids;
    this.#isRestored = isRestored;
    this.#lastBuckets = new Int32Array(ids.length).fill(-1);
    this.#hasTriedPrimary = new Uint8Array(ids.length);
  }

  /** Gives an entry a slot in a bucket; if that is taken, its primary slot; if that is taken too, none. */
  restore(bucket: number, index: number): void {
    const id = this.#ids[index] ?? NO_ENTRY;
    const { store } = this.#tables;
    if (id === NO_ENTRY || store.referenceCount[id] === MAX_REFERENCES) return;
    if (this.#mayHaveRoom(bucket, index)) {
      this.#lastBuckets[index] = bucket;
      if (this.#take(id, this.#tables.newSlotIn(bucket, id))) return;
    }
    if (this.#hasTriedPrimary[index] === 1) return;
    this.#hasTriedPrimary[index] = 1;
    this.#take(id, this.#tables.primaryNewSlot(id));
  }

  /** Deletes the entries that no reference found a slot for. */
  dropUnreferenced(): void {
    for (const id of this.#ids) {
      if (id !== NO_ENTRY && this.#tables.store.referenceCount[id] === 0) this.#tables.delete(id);
    }
  }

  #mayHaveRoom(bucket: number, index: number): boolean {
    if (!this.#isRestored || this.#lastBuckets[index] === bucket) return false;
    return this.#tables.newTable.entryCount(bucket, ANY_NETWORK) < BUCKET_SLOTS;
  }

  #take(id: number, slot: number): boolean {
    if (this.#tables.newTable.entries[slot] !== NO_ENTRY) return false;
    this.#tables.putNew(id, slot);
    return true;
  }
}

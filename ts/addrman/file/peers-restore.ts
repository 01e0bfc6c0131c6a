// Puts the new entries of a file back into their buckets.

import { LANES } from '../../p2p/hash-lanes.ts';
import type { AddressTables } from '../tables/address-tables.ts';
import { ANY_NETWORK, NO_ENTRY } from '../tables/bucket-table.ts';
import { BUCKET_SLOTS, MAX_REFERENCES } from '../limits.ts';

/** A reference of a new bucket to an entry: its id, and its index in the file. */
interface Reference {
  readonly bucket: number;
  readonly index: number;
  readonly id: number;
}

/**
 * Takes the references of a file one by one, in file order, buckets ascending.
 *
 * A file can hold millions of references that find no place. While restoring, no slot is ever given free, so a
 * reference that has failed once fails again: it is hashed once for each bucket (but for repetitions among the few that
 * are hashed together), and not at all where the bucket is full. That bounds the work whatever the file says.
 */
export class BucketRestorer {
  readonly #tables: AddressTables;
  readonly #ids: readonly number[];
  readonly #isRestored: boolean;
  /** By index in the file: the bucket that was hashed last, and whether the primary slot was asked for. */
  readonly #lastBuckets: Int32Array;
  readonly #hasTriedPrimary: Uint8Array;
  /** References that are hashed together next. */
  #waiting: Reference[] = [];

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

  /** Takes the next reference, which may have to wait for the ones after it. */
  restore(bucket: number, index: number): void {
    const id = this.#ids[index] ?? NO_ENTRY;
    if (id === NO_ENTRY) return;
    this.#waiting.push({ bucket, index, id });
    if (this.#waiting.length === LANES) this.#placeWaiting();
  }

  /** Ends the references, and deletes the entries that none of them found a slot for. */
  finish(): void {
    this.#placeWaiting();
    for (const id of this.#ids) {
      if (id !== NO_ENTRY && this.#tables.store.referenceCount[id] === 0) this.#tables.delete(id);
    }
  }

  #placeWaiting(): void {
    const hashed = this.#waiting.filter((reference) => this.#mayHaveRoom(reference));
    const slots = this.#tables.newSlotsIn(
      hashed.map(({ bucket }) => bucket),
      hashed.map(({ id }) => id),
    );
    let next = 0;
    for (const reference of this.#waiting) {
      this.#place(reference, reference === hashed[next] ? slots[next++] : undefined);
    }
    this.#waiting = [];
  }

  /** Gives an entry a slot in a bucket; if that is taken, its primary slot; if that is taken as well, none. */
  #place(reference: Reference, slot: number | undefined): void {
    const { bucket, id, index } = reference;
    if (this.#tables.store.referenceCount[id] === MAX_REFERENCES) return;
    if (slot !== undefined && this.#mayHaveRoom(reference)) {
      this.#lastBuckets[index] = bucket;
      if (this.#take(id, slot)) return;
    }
    if (this.#hasTriedPrimary[index] === 1) return;
    this.#hasTriedPrimary[index] = 1;
    this.#take(id, this.#tables.primaryNewSlot(id));
  }

  /** Once it is false it stays so. */
  #mayHaveRoom({ bucket, id, index }: Reference): boolean {
    if (!this.#isRestored || this.#lastBuckets[index] === bucket) return false;
    if (this.#tables.store.referenceCount[id] === MAX_REFERENCES) return false;
    return this.#tables.newTable.entryCount(bucket, ANY_NETWORK) < BUCKET_SLOTS;
  }

  #take(id: number, slot: number): boolean {
    if (this.#tables.newTable.entries[slot] !== NO_ENTRY) return false;
    this.#tables.putNew(id, slot);
    return true;
  }
}

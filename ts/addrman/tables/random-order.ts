// All entries in a shuffled list, so that answers to `getaddr` are samples without repetition.

import type { EntryStore } from './entry-store.ts';

/** A list of entry ids in which each entry knows its place (`EntryStore.orderPosition`). */
export class RandomOrder {
  readonly #store: EntryStore;
  #ids = new Int32Array(0);
  #length = 0;

  constructor(store: EntryStore) {
    this.#store = store;
  }

  get length(): number {
    return this.#length;
  }

  at(position: number): number {
    return this.#ids[position]!;
  }

  append(id: number): void {
    if (this.#length === this.#ids.length) {
      const longer = new Int32Array(this.#store.capacity);
      longer.set(this.#ids);
      this.#ids = longer;
    }
    this.#put(id, this.#length++);
  }

  /** Takes an entry out; the last of the list takes its place. */
  remove(id: number): void {
    const position = this.#store.orderPosition[id]!;
    this.#put(this.#ids[--this.#length]!, position);
  }

  swap(position: number, otherPosition: number): void {
    const id = this.#ids[position]!;
    this.#put(this.#ids[otherPosition]!, position);
    this.#put(id, otherPosition);
  }

  #put(id: number, position: number): void {
    this.#ids[position] = id;
    this.#store.orderPosition[id] = position;
  }
}

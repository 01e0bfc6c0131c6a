// Handles: slot and generation in 32 bits, as `backend.ts` describes them.

import { SLOT_BITS, SLOT_MASK } from '../backend.ts';

/** Generations of a slot before its handles repeat, as a count. */
const GENERATION_COUNT = 2 ** (32 - SLOT_BITS);

/** What the table requires of an entry. */
export interface Handled {
  handle: number;
}

/**
 * Entries by handle. Slot 0 and the last slot are never used, so that neither 0 nor -1 is a handle. A slot freed inside a
 * turn rests until the turn ends; then the slot that was freed first is used first, so that handles repeat as late as
 * possible.
 */
export class HandleTable<Entry extends Handled> {
  readonly #entries: (Entry | undefined)[] = [undefined];
  readonly #generations: number[] = [0];
  #free: number[] = [];
  #freeHead = 0;
  #resting: number[] = [];
  #isInTurn = false;
  #size = 0;

  /** Entries in the table. */
  get size(): number {
    return this.#size;
  }

  /** Sets `entry.handle`. @returns False when the table is full. */
  add(entry: Entry): boolean {
    const slot = this.#takeSlot();
    if (slot === undefined) return false;
    entry.handle = (this.#generations[slot]! << SLOT_BITS) | slot;
    this.#entries[slot] = entry;
    this.#size++;
    return true;
  }

  get(handle: number): Entry | undefined {
    const entry = this.#entries[handle & SLOT_MASK];
    return entry !== undefined && entry.handle === handle ? entry : undefined;
  }

  remove(entry: Entry): void {
    const slot = entry.handle & SLOT_MASK;
    this.#entries[slot] = undefined;
    this.#generations[slot] = (this.#generations[slot]! + 1) % GENERATION_COUNT;
    this.#size--;
    if (this.#isInTurn) this.#resting.push(slot);
    else this.#free.push(slot);
  }

  /** All entries, as of now. */
  all(): Entry[] {
    return this.#entries.filter((entry) => entry !== undefined);
  }

  beginTurn(): void {
    this.#isInTurn = true;
  }

  endTurn(): void {
    this.#isInTurn = false;
    for (const slot of this.#resting) this.#free.push(slot);
    this.#resting.length = 0;
  }

  #takeSlot(): number | undefined {
    const slot = this.#free[this.#freeHead];
    if (slot === undefined) {
      if (this.#entries.length >= SLOT_MASK) return undefined;
      this.#entries.push(undefined);
      this.#generations.push(0);
      return this.#entries.length - 1;
    }
    this.#freeHead++;
    if (this.#freeHead >= 1024 && this.#freeHead * 2 >= this.#free.length) {
      this.#free = this.#free.slice(this.#freeHead);
      this.#freeHead = 0;
    }
    return slot;
  }
}

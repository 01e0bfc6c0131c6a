// The number of each group, by its key: 0, 1, 2 … in the order in which they come.

import { halfSipHashWords } from '../../util/hashing/half-siphash.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { grownTo } from './column.ts';
import { FREE, emptySlots, slotsFor } from './hash-slots.ts';

/** A key is hashed as a message of seven bytes, with its length in the last one's place. */
const HASHED_WORDS = 2;
const LENGTH = 7 << 24;

/** See the module comment. Keys are whole numbers from 0 below 2^53. */
export class GroupNumbers {
  /** Groups so far. */
  count = 0;
  /** Keys by number. */
  #keys = new Float64Array(0);
  /** Numbers plus one. */
  #slots = emptySlots();
  readonly #hashed = new Uint32Array(HASHED_WORDS);
  readonly #key0: number;
  readonly #key1: number;

  /** @param random - Draws the key of the hash, so that nobody can choose groups that collide. */
  constructor(random: RandomUint32) {
    this.#key0 = random();
    this.#key1 = random();
  }

  /** The number of a group. A new one gets the next, which is `count` before the call. */
  numberOf(key: number): number {
    const hashed = this.#hashed;
    hashed[0] = key;
    hashed[1] = (key / 2 ** 32) | LENGTH;
    const hash = halfSipHashWords(this.#key0, this.#key1, hashed, 0, HASHED_WORDS);
    const slots = this.#slots;
    const mask = slots.length - 2;
    let at = (hash << 1) & mask;
    for (; slots[at + 1] !== FREE; at = (at + 2) & mask) {
      const number = slots[at + 1]! - 1;
      if (slots[at] === hash && this.#keys[number] === key) return number;
    }
    const number = this.count++;
    if (number === this.#keys.length) this.#growKeys();
    this.#keys[number] = key;
    slots[at] = hash;
    slots[at + 1] = number + 1;
    this.#slots = slotsFor(this.count, slots);
    return number;
  }

  /** Bytes that all of it takes. */
  get memoryBytes(): number {
    return this.#keys.byteLength + this.#slots.byteLength;
  }

  #growKeys(): void {
    const keys = new Float64Array(grownTo(this.count, this.#keys.length));
    keys.set(this.#keys);
    this.#keys = keys;
  }
}

// A Bloom filter that forgets: "has this been seen lately?" in bounded memory, for input that a peer chooses.
//
// Elements are inserted in generations of half the promised number, and three generations are kept, so the last
// `elementCount` insertions are always remembered and nothing outlives one and a half times as many. There are no
// false negatives within that span; false positives reach the rate asked for only with all three generations full. (The
// guarantees are those of Bitcoin Core's CRollingBloomFilter, src/common/bloom.h; hashes and layout are our own.)
//
// A cell is two bits: the generation, 1 to 3, that touched it last, or 0. Where the cells of an element are comes from
// one keyed hash of it, so that a peer that does not know the key can neither fill the filter nor hide something in it.

import { outOfRange } from '../errors/errors.ts';
import { random64 } from '../random.ts';
import type { RandomUint32 } from '../random.ts';
import { SipHash } from './siphash.ts';

/** Most cells an element has. (Bitcoin Core src/common/bloom.cpp) */
const MAX_HASH_FUNCTIONS = 50;
const GENERATIONS = 3;

/** Two-bit cells in a 32-bit word of storage, and that number as a shift. */
const CELLS_PER_WORD = 16;
const WORD_SHIFT = 4;
/** The low bit of each cell in a word. */
const LOW_BITS = 0x5555_5555;

/** Options of a filter. */
export interface RollingBloomFilterOptions {
  /** How many insertions to remember at least. */
  elementCount: number;
  /** Share, between 0 and 1, of elements never inserted that look as if they had been, in the fullest filter. */
  falsePositiveRate: number;
  /** Draws the key of the hash, now and on each `reset`. */
  random: RandomUint32;
}

/** Remembers the last insertions of byte strings. */
export class RollingBloomFilter {
  readonly #random: RandomUint32;
  readonly #hashFunctionCount: number;
  readonly #generationSize: number;
  readonly #cellCount: number;
  readonly #words: Int32Array;
  readonly #halves = new Uint32Array(2);
  #generation = 1;
  #insertedInGeneration = 0;
  #hash: SipHash;

  /** @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: no elements, or a rate that is not between 0 and 1. */
  constructor(options: RollingBloomFilterOptions) {
    const { elementCount, falsePositiveRate, random } = options;
    if (!Number.isSafeInteger(elementCount) || elementCount < 1) {
      throw outOfRange('elementCount', 'a positive integer', elementCount);
    }
    if (!(falsePositiveRate > 0 && falsePositiveRate < 1)) {
      throw outOfRange('falsePositiveRate', 'a number between 0 and 1', falsePositiveRate);
    }
    this.#random = random;
    this.#generationSize = Math.ceil(elementCount / 2);
    const bestCount = Math.round(-Math.log2(falsePositiveRate));
    this.#hashFunctionCount = Math.min(Math.max(bestCount, 1), MAX_HASH_FUNCTIONS);
    this.#cellCount = cellsFor(this.#generationSize * GENERATIONS, falsePositiveRate, this.#hashFunctionCount);
    this.#words = new Int32Array(Math.ceil(this.#cellCount / CELLS_PER_WORD));
    this.#hash = drawHash(this.#random);
  }

  /** Memory taken by the cells, in bytes. */
  get byteLength(): number {
    return this.#words.byteLength;
  }

  /** Remembers an element; inserting it again makes it recent again. */
  insert(element: Uint8Array): void {
    if (this.#insertedInGeneration === this.#generationSize) this.#startGeneration();
    this.#insertedInGeneration++;
    const words = this.#words;
    const cellCount = this.#cellCount;
    const halves = this.#locate(element);
    let cell = halves[0]! % cellCount;
    let step = halves[1]! % cellCount;
    for (let index = 1; index <= this.#hashFunctionCount; index++) {
      const shift = (cell & (CELLS_PER_WORD - 1)) * 2;
      const word = cell >>> WORD_SHIFT;
      words[word] = (words[word]! & ~(3 << shift)) | (this.#generation << shift);
      cell = (cell + step) % cellCount;
      step = (step + index) % cellCount;
    }
  }

  /** Whether the element was inserted lately; true by mistake as often as the rate allows. */
  has(element: Uint8Array): boolean {
    const words = this.#words;
    const cellCount = this.#cellCount;
    const halves = this.#locate(element);
    let cell = halves[0]! % cellCount;
    let step = halves[1]! % cellCount;
    for (let index = 1; index <= this.#hashFunctionCount; index++) {
      if (((words[cell >>> WORD_SHIFT]! >>> ((cell & (CELLS_PER_WORD - 1)) * 2)) & 3) === 0) return false;
      cell = (cell + step) % cellCount;
      step = (step + index) % cellCount;
    }
    return true;
  }

  /** Forgets everything and takes a new key. */
  reset(): void {
    this.#words.fill(0);
    this.#generation = 1;
    this.#insertedInGeneration = 0;
    this.#hash = drawHash(this.#random);
  }

  /** Moves on to the next generation and clears the cells of the one that had its number before. */
  #startGeneration(): void {
    this.#generation = (this.#generation % GENERATIONS) + 1;
    this.#insertedInGeneration = 0;
    const pattern = LOW_BITS * this.#generation;
    const words = this.#words;
    for (let index = 0; index < words.length; index++) {
      const difference = words[index]! ^ pattern;
      const kept = (difference | (difference >>> 1)) & LOW_BITS;
      words[index] = words[index]! & (kept | (kept << 1));
    }
  }

  /** Two numbers that say where an element's cells are: the first one, and the first step to the next. */
  #locate(element: Uint8Array): Uint32Array {
    return this.#hash.reset().write(element).finalizeHalves(this.#halves);
  }
}

function drawHash(random: RandomUint32): SipHash {
  return new SipHash(random64(random), random64(random));
}

/** Cells that keep the false-positive rate with this many elements in them, by the usual estimate for Bloom filters. */
function cellsFor(elementCount: number, falsePositiveRate: number, hashFunctionCount: number): number {
  const filledShare = falsePositiveRate ** (1 / hashFunctionCount);
  return Math.ceil((-hashFunctionCount * elementCount) / Math.log(1 - filledShare));
}

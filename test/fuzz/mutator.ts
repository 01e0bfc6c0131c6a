// Changes inputs: what mutation without coverage does. Nothing is allocated for an input, so that the target's work is what
// takes time. The same seed means the same inputs.

import type { RandomUint32 } from '../../ts/util/random.ts';

/** Longest input, in bytes. */
const MAX_INPUT_BYTES = 16_384;
/** Most changes of one input. */
const MAX_CHANGES = 4;
/** Most bytes that one change removes, repeats or takes from another input. */
const MAX_PIECE_BYTES = 64;
/** What lengths and counts go wrong at. */
const EDGES = [0, 1, 0x7f, 0x80, 0xfc, 0xfd, 0xfe, 0xff];

/** Inputs made of others. */
export class Mutator {
  readonly #inputs: readonly Uint8Array[];
  readonly #words: readonly Uint8Array[];
  readonly #random: RandomUint32;
  readonly #bytes = new Uint8Array(MAX_INPUT_BYTES + MAX_PIECE_BYTES);
  #length = 0;

  /** @param inputs - At least one. @param words - Words of the format. */
  constructor(inputs: readonly Uint8Array[], words: readonly string[], random: RandomUint32) {
    this.#inputs = inputs.map((input) => input.subarray(0, MAX_INPUT_BYTES));
    this.#words = words.map((word) => Buffer.from(word, 'latin1'));
    this.#random = random;
  }

  /** Another input: one of those given with one to four changes. Lent until the next call. */
  next(): Uint8Array {
    const from = this.#pick(this.#inputs);
    this.#bytes.set(from);
    this.#length = from.length;
    for (let changes = 1 + this.#below(MAX_CHANGES); changes > 0; changes--) this.#change();
    return this.#bytes.subarray(0, this.#length);
  }

  #change(): void {
    const at = this.#below(this.#length + 1);
    const kind = this.#below(9);
    if (kind <= 3) return this.#changeByte(kind, at);
    if (kind === 4) return this.#remove(at, this.#below(MAX_PIECE_BYTES));
    if (kind === 5) return this.#insert(at, this.#pick(this.#inputs), true);
    if (kind === 6) return this.#insert(at, this.#bytes.subarray(0, this.#length), true);
    if (kind === 7 && this.#words.length > 0) return this.#insert(at, this.#pick(this.#words), false);
    // The end of a stream, too soon.
    if (this.#below(4) === 0) this.#length = at;
  }

  #changeByte(kind: number, at: number): void {
    if (at === this.#length) return;
    const byte = this.#bytes[at]!;
    if (kind === 0) this.#bytes[at] = this.#random();
    else if (kind === 1) this.#bytes[at] = byte ^ (1 << this.#below(8));
    else if (kind === 2) this.#bytes[at] = this.#pick(EDGES);
    else this.#bytes[at] = byte + (this.#below(2) === 0 ? 1 : -1);
  }

  #remove(at: number, byteCount: number): void {
    const end = Math.min(this.#length, at + byteCount);
    this.#bytes.copyWithin(at, end, this.#length);
    this.#length -= end - at;
  }

  /** Puts bytes of `from` in: all of a word, a piece of an input. */
  #insert(at: number, from: Uint8Array, isPiece: boolean): void {
    const start = isPiece ? this.#below(from.length + 1) : 0;
    const room = MAX_INPUT_BYTES - this.#length;
    const wish = isPiece ? this.#below(MAX_PIECE_BYTES) : from.length;
    const byteCount = Math.min(wish, room, from.length - start, MAX_PIECE_BYTES);
    if (byteCount <= 0) return;
    PIECE.set(from.subarray(start, start + byteCount));
    this.#bytes.copyWithin(at + byteCount, at, this.#length);
    this.#bytes.set(PIECE.subarray(0, byteCount), at);
    this.#length += byteCount;
  }

  #below(limit: number): number {
    return this.#random() % limit;
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#below(items.length)]!;
  }
}

/** What moves while a piece of an input is put into the same. */
const PIECE = new Uint8Array(MAX_PIECE_BYTES);

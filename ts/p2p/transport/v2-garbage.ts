// Finds the end of the garbage that follows a V2 key: the first occurrence of the terminator.
//
// The garbage may hold anything, look-alikes of the terminator included, and is kept because the first packet
// authenticates it. Source: BIP 324, "Garbage"; Bitcoin Core src/net.cpp, V2Transport::ProcessReceivedGarbageBytes.

import { GARBAGE_TERMINATOR_BYTES } from '../bip324/key-schedule.ts';

/** Longest garbage, in bytes. (MAX_GARBAGE_LEN, Bitcoin Core src/net.h) */
export const MAX_GARBAGE_BYTES = 4_095;

const MAX_SEARCHED_BYTES = MAX_GARBAGE_BYTES + GARBAGE_TERMINATOR_BYTES;
/** First size of the buffer, which doubles as it fills. */
const MIN_BUFFER_BYTES = 256;

export class GarbageSearch {
  readonly #terminator: Uint8Array;
  #buffer = Buffer.alloc(0);
  #filled = 0;
  #garbage: Uint8Array | undefined;

  constructor(terminator: Uint8Array) {
    this.#terminator = terminator;
  }

  /** What preceded the terminator, once it was found. */
  get garbage(): Uint8Array | undefined {
    return this.#garbage;
  }

  /** Whether so much came without the terminator that it cannot follow any more. */
  get isHopeless(): boolean {
    return this.#garbage === undefined && this.#filled === MAX_SEARCHED_BYTES;
  }

  /** Takes bytes from `at` on, and none behind the terminator. Returns where the rest begins. */
  take(bytes: Uint8Array, at: number): number {
    const piece = bytes.subarray(at, at + MAX_SEARCHED_BYTES - this.#filled);
    const filledBefore = this.#filled;
    this.#append(piece);
    // What was searched before holds no terminator, but may hold all of it except the last byte.
    const searchFrom = Math.max(0, filledBefore - (GARBAGE_TERMINATOR_BYTES - 1));
    const found = this.#buffer.subarray(0, this.#filled).indexOf(this.#terminator, searchFrom);
    if (found === -1) return at + piece.length;
    this.#garbage = this.#buffer.subarray(0, found);
    return at + found + GARBAGE_TERMINATOR_BYTES - filledBefore;
  }

  #append(piece: Uint8Array): void {
    const filled = this.#filled + piece.length;
    if (filled > this.#buffer.length) {
      const grown = Buffer.alloc(
        Math.min(MAX_SEARCHED_BYTES, Math.max(filled, 2 * this.#buffer.length, MIN_BUFFER_BYTES)),
      );
      grown.set(this.#buffer.subarray(0, this.#filled));
      this.#buffer = grown;
    }
    this.#buffer.set(piece, this.#filled);
    this.#filled = filled;
  }
}

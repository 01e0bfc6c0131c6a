// Collects the payload of one message from chunks of any size, without believing its announced length.
//
// A short payload gets its array at once. A longer one is collected in segments first, each made when the one before is
// full, and gets its array when no more than `MAX_RESERVE_AHEAD_BYTES` are missing. So all but the end of a long payload
// is copied twice. A resizable ArrayBuffer, which grows in place, needs one copy and measured slower: every page of it is
// new to the process, where ordinary arrays reuse memory, and what its pages cost in the kernel is more than a copy.
// (bench/p2p-v1.mjs) Nor do all APIs accept one, and the payload is the receiver's to use as it likes.

import { MAX_RESERVE_AHEAD_BYTES } from './transport.ts';

/** Size of a segment, in bytes: what a readiness event delivers, more or less, and little for a peer that sends no more. */
const SEGMENT_BYTES = 65_536;

export class PayloadBuffer {
  readonly #length: number;
  #filled = 0;
  /** What came before there was an array for all of it. */
  #segments: Uint8Array[] = [];
  /** Where the next bytes go: the last segment or the array for all of it. */
  #target: Uint8Array;
  #targetFilled = 0;

  /** @param length - Announced size in bytes. */
  constructor(length: number) {
    this.#length = length;
    this.#target = this.#nextTarget();
  }

  /** Bytes still to come. */
  get missingBytes(): number {
    return this.#length - this.#filled;
  }

  /** Memory held, in bytes: never more than `MAX_RESERVE_AHEAD_BYTES` beyond what was added. */
  get reservedBytes(): number {
    const isWhole = this.#segments.length === 0;
    return isWhole ? this.#target.length : this.#filled - this.#targetFilled + this.#target.length;
  }

  /** Copies `bytes` to the end. The caller adds at most `missingBytes`. */
  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#targetFilled === this.#target.length) this.#target = this.#nextTarget();
      const piece = bytes.subarray(at, at + this.#target.length - this.#targetFilled);
      this.#target.set(piece, this.#targetFilled);
      this.#targetFilled += piece.length;
      this.#filled += piece.length;
      at += piece.length;
    }
  }

  /** The payload, once nothing is missing. It belongs to the caller. */
  finish(): Uint8Array {
    return this.#target;
  }

  #nextTarget(): Uint8Array {
    const beyondReserve = this.missingBytes - MAX_RESERVE_AHEAD_BYTES;
    if (beyondReserve > 0) {
      // The last segment is as long as it takes for the rest to fit the reserve: all segments get full.
      const segment = uninitialized(Math.min(SEGMENT_BYTES, beyondReserve));
      this.#segments.push(segment);
      this.#targetFilled = 0;
      return segment;
    }
    const whole = uninitialized(this.#length);
    let at = 0;
    for (const segment of this.#segments) {
      whole.set(segment, at);
      at += segment.length;
    }
    this.#segments = [];
    this.#targetFilled = at;
    return whole;
  }
}

/** An array whose content means nothing: every byte is written before anyone reads it, so zeros would be for nothing. */
function uninitialized(byteCount: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(byteCount).buffer);
}

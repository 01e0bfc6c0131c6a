// Collects the payload of one message from chunks of any size.
//
// Each byte is copied once, from the chunk it came in to where it stays. Short payloads get an array of their size. For
// longer ones that would let an announced length alone cost memory, so they grow with what arrives, in place: a resizable
// ArrayBuffer reserves addresses for the whole payload and memory only for the part that is asked for. Growing by copying
// into ever larger arrays, or joining pieces at the end, would copy each byte twice or more.

/// <reference lib="es2024.arraybuffer" />

import { MAX_RESERVE_AHEAD_BYTES } from './transport.ts';

export class PayloadBuffer {
  readonly #length: number;
  readonly #growing: ArrayBuffer | undefined;
  readonly #bytes: Uint8Array;
  #filled = 0;

  /** @param length - Announced size in bytes. Memory for at most `MAX_RESERVE_AHEAD_BYTES` of it is taken at once. */
  constructor(length: number) {
    this.#length = length;
    if (length > MAX_RESERVE_AHEAD_BYTES) {
      this.#growing = new ArrayBuffer(MAX_RESERVE_AHEAD_BYTES, { maxByteLength: length });
      this.#bytes = new Uint8Array(this.#growing); // Its length follows the buffer's.
    } else {
      this.#growing = undefined;
      this.#bytes = new Uint8Array(length);
    }
  }

  /** Memory held, in bytes: never more than `MAX_RESERVE_AHEAD_BYTES` beyond what was added. */
  get reservedBytes(): number {
    return this.#bytes.length;
  }

  /** Bytes still to come. */
  get missingBytes(): number {
    return this.#length - this.#filled;
  }

  /** Copies `bytes` to the end. The caller adds at most `missingBytes`. */
  append(bytes: Uint8Array): void {
    const filled = this.#filled + bytes.length;
    if (this.#growing !== undefined && filled > this.#growing.byteLength) {
      this.#growing.resize(Math.min(this.#length, filled + MAX_RESERVE_AHEAD_BYTES));
    }
    this.#bytes.set(bytes, this.#filled);
    this.#filled = filled;
  }

  /** The payload, once nothing is missing. It belongs to the caller. */
  finish(): Uint8Array {
    // A view of fixed length, so that nothing can shrink or grow it under its new owner.
    return this.#growing === undefined ? this.#bytes : new Uint8Array(this.#growing, 0, this.#length);
  }
}

// The bytes of an incomplete line. As text that grows by a byte at a time it would become a rope of thousands of pieces;
// these bytes take at most twice their number, however slowly they come.

/** Initial size, in bytes. */
const FIRST_BYTES = 256;

/** Bytes of one unfinished line. */
export class LineBuffer {
  #bytes = new Uint8Array(0);
  #length = 0;

  /** Bytes that wait for the end of their line. */
  get length(): number {
    return this.#length;
  }

  /** Copies bytes. Their limit is the caller's. */
  append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#bytes.length) this.#grow(needed);
    this.#bytes.set(bytes, this.#length);
    this.#length = needed;
  }

  /** The line as Latin-1, without the CR before its end. Nothing is kept. */
  take(): string {
    const hasCR = this.#bytes[this.#length - 1] === 0x0d;
    const end = hasCR ? this.#length - 1 : this.#length;
    const line = Buffer.from(this.#bytes.buffer, 0, end).toString('latin1');
    this.#length = 0;
    // A long line is rare: its room is not kept for the next.
    if (this.#bytes.length > FIRST_BYTES) this.#bytes = new Uint8Array(0);
    return line;
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(FIRST_BYTES, needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

// The body of one request as it arrives: one growing array, so that a body sent byte by byte costs no more than one sent
// whole.

/** First capacity, in bytes: most bodies fit, and a thousand stalled ones do no harm. */
const FIRST_BYTES = 4_096;

const EMPTY = new Uint8Array(0);

export class BodyBuffer {
  #bytes: Uint8Array = EMPTY;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Memory in use, in bytes. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** Appends `source[from..to)`. @param most - Length the body will have at most, in bytes: no more is ever allocated. */
  append(source: Uint8Array, from: number, to: number, most: number): void {
    const length = this.#length + to - from;
    if (length > this.#bytes.length) this.#grow(length, most);
    this.#bytes.set(from === 0 && to === source.length ? source : source.subarray(from, to), this.#length);
    this.#length = length;
  }

  /** Gives the body away and starts again. */
  take(): Uint8Array {
    const body = this.#length === this.#bytes.length ? this.#bytes : this.#bytes.subarray(0, this.#length);
    this.#bytes = EMPTY;
    this.#length = 0;
    return body;
  }

  #grow(needed: number, most: number): void {
    const capacity = Math.max(needed, Math.min(most, Math.max(2 * this.#bytes.length, FIRST_BYTES)));
    const grown = allocate(capacity);
    if (this.#length > 0) grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** Small bodies come from Node's pool: a separate allocation costs more than the rest of a small request. */
function allocate(byteCount: number): Uint8Array {
  if (byteCount >= FIRST_BYTES) return new Uint8Array(byteCount);
  const { buffer, byteOffset } = Buffer.allocUnsafe(byteCount);
  return new Uint8Array(buffer, byteOffset, byteCount);
}

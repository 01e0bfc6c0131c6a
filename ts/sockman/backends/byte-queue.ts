// Bytes in order of arrival: the buffer of a socket between writer and reader.

/** A queue of chunks that is read in pieces of any size. Owns the chunks pushed to it. */
export class ByteQueue {
  #chunks: (Uint8Array | undefined)[] = [];
  /** Index of the next chunk to read, and how many bytes of it were read. */
  #head = 0;
  #headOffset = 0;
  #length = 0;

  /** Bytes in the queue. */
  get length(): number {
    return this.#length;
  }

  /** @param chunk - Owned by the queue from now on. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** Moves up to `maxBytes` to `target` at `offset`, and as many as fit. @returns Bytes moved. */
  shiftInto(target: Uint8Array, offset: number, maxBytes: number): number {
    const wanted = Math.min(maxBytes, this.#length, target.length - offset);
    let moved = 0;
    while (moved < wanted) {
      const chunk = this.#chunks[this.#head]!;
      const end = Math.min(chunk.length, this.#headOffset + wanted - moved);
      target.set(chunk.subarray(this.#headOffset, end), offset + moved);
      moved += end - this.#headOffset;
      if (end === chunk.length) this.#dropHead();
      else this.#headOffset = end;
    }
    this.#length -= wanted;
    return wanted;
  }

  /** Takes up to `maxBytes` out, as a copy. */
  shift(maxBytes: number): Uint8Array {
    const bytes = new Uint8Array(Math.min(maxBytes, this.#length));
    this.shiftInto(bytes, 0, bytes.length);
    return bytes;
  }

  clear(): void {
    this.#chunks = [];
    this.#head = 0;
    this.#headOffset = 0;
    this.#length = 0;
  }

  #dropHead(): void {
    this.#chunks[this.#head] = undefined;
    this.#head++;
    this.#headOffset = 0;
    if (this.#head === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#head = 0;
    } else if (this.#head >= 64 && this.#head * 2 >= this.#chunks.length) {
      // Amortised: at least as many chunks were read since the last move as are moved now.
      this.#chunks.splice(0, this.#head);
      this.#head = 0;
    }
  }
}

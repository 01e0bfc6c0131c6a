// Bytes that wait for room, in order.

/**
 * Smallest and largest block that small pieces share, in bytes: a page for a short queue, few system calls for a long one.
 */
const MIN_BLOCK_BYTES = 4 * 1024;
const MAX_BLOCK_BYTES = 64 * 1024;

/** Bytes in order, copied into blocks: many small pieces take little more memory than their bytes. */
export class SendQueue {
  /** Bytes in the queue. */
  length = 0;
  /** FIN is due after the last byte. */
  endsBehind = false;
  #blocks: Uint8Array[] = [];
  /** Bytes of the first block that were sent, and bytes of the last block in use. */
  #firstStart = 0;
  #lastEnd = 0;

  push(data: Uint8Array): void {
    const last = this.#blocks.at(-1);
    const fitting = last === undefined ? 0 : Math.min(data.length, last.length - this.#lastEnd);
    last?.set(data.subarray(0, fitting), this.#lastEnd);
    this.#lastEnd += fitting;
    const rest = data.subarray(fitting);
    if (rest.length > 0) {
      const shared = Math.min(Math.max(this.length, MIN_BLOCK_BYTES), MAX_BLOCK_BYTES);
      const block = new Uint8Array(Math.max(rest.length, shared));
      block.set(rest);
      this.#blocks.push(block);
      this.#lastEnd = rest.length;
    }
    this.length += data.length;
  }

  /** The bytes to send next, as a view. */
  first(): Uint8Array {
    const end = this.#blocks.length === 1 ? this.#lastEnd : this.#blocks[0]!.length;
    return this.#blocks[0]!.subarray(this.#firstStart, end);
  }

  /** Removes the first `count` bytes of `first()`. */
  drop(count: number): void {
    this.length -= count;
    this.#firstStart += count;
    if (this.length > 0 && this.#firstStart < this.#blocks[0]!.length) return;
    this.#blocks.shift();
    this.#firstStart = 0;
  }
}

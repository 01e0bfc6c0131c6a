// Gives small payloads that arrived whole a place of their own without one allocation for each.
//
// Making an array of more than 64 bytes costs about a microsecond, as much as everything else a small message needs. So
// the payloads of one chunk are copied side by side into arrays of a few KiB and handed out as views. All views of one
// slab were sent by one peer, one right after the other, and a slab is never larger than `MAX_SLAB_BYTES`: that bounds
// what a kept view can hold in memory. Between chunks there is no slab, so an idle connection pays nothing.

/** Largest payload that shares a slab, in bytes. A longer one repays an array of its own. */
export const MAX_SHARED_PAYLOAD_BYTES = 1_024;

/** Largest slab, in bytes: dozens of typical messages, and as much as one kept payload may hold on to. */
const MAX_SLAB_BYTES = 4_096;

/** Arrays up to this size live on the JavaScript heap, where they are cheap. (V8, JSTypedArray::kMaxSizeInHeap) */
const MAX_ON_HEAP_BYTES = 64;

const NO_SLAB = new Uint8Array(0);

export class PayloadSlab {
  #slab = NO_SLAB;
  #used = 0;

  /**
   * Copies `length` bytes of `source` from `start` on.
   *
   * @param length - At most `MAX_SHARED_PAYLOAD_BYTES`, and all of it is in `source`.
   * @param restBytes - What is left of the chunk, this payload included: no slab is longer.
   * @returns The copy, which belongs to the caller. It may be a view of an array of up to `MAX_SLAB_BYTES`.
   */
  copy(source: Uint8Array, start: number, length: number, restBytes: number): Uint8Array {
    if (length <= MAX_ON_HEAP_BYTES) {
      const payload = new Uint8Array(length);
      for (let i = 0; i < length; i++) payload[i] = source[start + i]!;
      return payload;
    }
    if (this.#slab.length - this.#used < length) {
      this.#slab = new Uint8Array(Math.min(MAX_SLAB_BYTES, restBytes));
      this.#used = 0;
    }
    const payload = this.#slab.subarray(this.#used, this.#used + length);
    payload.set(source.subarray(start, start + length));
    this.#used += length;
    if (length === restBytes) this.release();
    return payload;
  }

  /** Lets go of the slab: to be called when the rest of a chunk holds no whole payload. */
  release(): void {
    this.#slab = NO_SLAB;
    this.#used = 0;
  }
}

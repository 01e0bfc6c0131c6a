// Gives freed memory back to the system once a load is over.
//
// The C library keeps what lies free between blocks in use. After a flood of long messages that is all there was: 180 MB stayed
// for good although nothing of it was in use. (docs/floods.md)

/** So much less in use than there was is worth a trim, which takes milliseconds; in bytes. */
const WORTHWHILE_BYTES = 4 * 1_048_576;

/** Looks now and then whether much was freed. */
export class MemoryTrim {
  readonly #trim: () => void;
  readonly #bytesInUse: () => number;
  #mostBytes = 0;

  /** @param trim - Gives back what is free. @param bytesInUse - Of the memory outside of the JavaScript heap. */
  constructor(trim: () => void, bytesInUse = () => process.memoryUsage().arrayBuffers) {
    this.#trim = trim;
    this.#bytesInUse = bytesInUse;
  }

  /** Trims if less than half is in use of what was at most since the last time. */
  look(): void {
    const bytes = this.#bytesInUse();
    this.#mostBytes = Math.max(this.#mostBytes, bytes);
    const freedBytes = this.#mostBytes - bytes;
    if (freedBytes < WORTHWHILE_BYTES || freedBytes < bytes) return;
    this.#mostBytes = bytes;
    this.#trim();
  }
}

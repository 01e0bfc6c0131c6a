// Gives freed memory back to the system once a load is over.
//
// The C library keeps free memory between blocks in use. After a flood of long messages, 180 MB stayed for good although
// none of it was in use. (docs/floods.md)

/** Least unused memory worth a trim, which takes milliseconds; in bytes. */
const WORTHWHILE_BYTES = 4 * 1_048_576;

/** Checks periodically whether much was freed. */
export class MemoryTrim {
  readonly #trim: () => void;
  readonly #bytesInUse: () => number;
  #mostBytes = 0;

  /** @param trim - Gives free memory back. @param bytesInUse - Of the memory outside of the JavaScript heap. */
  constructor(trim: () => void, bytesInUse = () => process.memoryUsage().arrayBuffers) {
    this.#trim = trim;
    this.#bytesInUse = bytesInUse;
  }

  /** Trims if less than half of the peak since the last trim is in use. */
  look(): void {
    const bytes = this.#bytesInUse();
    this.#mostBytes = Math.max(this.#mostBytes, bytes);
    const freedBytes = this.#mostBytes - bytes;
    if (freedBytes < WORTHWHILE_BYTES || freedBytes < bytes) return;
    this.#mostBytes = bytes;
    this.#trim();
  }
}

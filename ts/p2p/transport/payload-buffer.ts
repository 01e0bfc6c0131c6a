// Collects the payload of one message from chunks of any size, without believing its announced length.
//
// A payload of up to `FIRST_PART_BYTES` gets its array at once and each byte is copied once. Of a longer one that much is
// collected first, and when more comes, an array for all of it is made. So a long payload is copied once but for its first
// part, and a peer has to send that part before its announcement is believed.
//
// From then on the array is longer than what came, by up to `MAX_PROTOCOL_MESSAGE_BYTES` less the first part. It costs
// address space and no memory: a page takes memory only once it is written to, and only received bytes are written. (On
// Windows it counts against what the system may promise, too.) A thousand peers that announce 4,000,000 bytes and send one
// more than the first part cost 253 MiB of memory and 3.8 GiB of addresses.
//
// Reserving only a little ahead and copying again to grow measured slower for programs that keep blocks a while, and for a first
// block it takes twice the memory. A resizable ArrayBuffer, which grows in place, measured slower, too: every page of it is
// new to the process, where ordinary arrays reuse memory, and not all APIs accept one. (bench/cases/programs/p2p-v1.mjs)

import { releaseMemory } from '../../util/memory/release-memory.ts';
import { FIRST_PART_BYTES } from './transport.ts';

export class PayloadBuffer {
  readonly #length: number;
  #filled = 0;
  #target: Uint8Array;

  /** @param length - Announced size in bytes. */
  constructor(length: number) {
    this.#length = length;
    this.#target = uninitialized(Math.min(length, FIRST_PART_BYTES));
  }

  /** Bytes still to come. */
  get missingBytes(): number {
    return this.#length - this.#filled;
  }

  /** Bytes that were added, and so take memory. */
  get filledBytes(): number {
    return this.#filled;
  }

  /** Address space held, in bytes: at most `FIRST_PART_BYTES` until more than that was added, then the announced size. */
  get reservedBytes(): number {
    return this.#target.length;
  }

  /** Copies `bytes` to the end. The caller adds at most `missingBytes`. */
  append(bytes: Uint8Array): void {
    const end = this.#filled + bytes.length;
    if (end > this.#target.length) this.#reserveAll();
    this.#target.set(bytes, this.#filled);
    this.#filled = end;
  }

  /** The payload, once nothing is missing. It belongs to the caller. */
  finish(): Uint8Array {
    return this.#target;
  }

  /** Frees the memory, when the rest will not come. Nothing may be added afterwards. */
  release(): void {
    releaseMemory(this.#target);
  }

  #reserveAll(): void {
    const first = this.#target;
    this.#target = uninitialized(this.#length);
    this.#target.set(first.subarray(0, this.#filled));
    releaseMemory(first);
  }
}

/**
 * An array whose content means nothing: every byte is written before anyone reads it. Zeros would be for nothing, and
 * writing them would turn address space into memory.
 */
function uninitialized(byteCount: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(byteCount).buffer);
}

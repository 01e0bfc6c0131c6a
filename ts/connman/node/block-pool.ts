// Blocks of memory for received bytes that wait, used over and over: a flood makes no garbage.

import { releaseMemory } from '../../util/memory/release-memory.ts';

/** Size of a block, in bytes: small beside the share of a peer when all of them are busy, large beside a message. */
export const BLOCK_BYTES = 16_384;

/** Free blocks that are kept, as a count; more while more are in use: 1 MiB. */
const MIN_KEPT_BLOCKS = 64;

/** Lends blocks to all nodes of one `Connman`. */
export class BlockPool {
  readonly #free: Uint8Array[] = [];
  #lentCount = 0;

  /** Blocks that lie ready. */
  get freeCount(): number {
    return this.#free.length;
  }

  /** Blocks that are lent. */
  get lentCount(): number {
    return this.#lentCount;
  }

  /** A block with content that means nothing. */
  lend(): Uint8Array {
    this.#lentCount++;
    return this.#free.pop() ?? new Uint8Array(BLOCK_BYTES);
  }

  /** Takes a block back. What is free beyond what may soon be needed is freed at once. */
  takeBack(block: Uint8Array): void {
    this.#lentCount--;
    this.#free.push(block);
    const keptCount = Math.max(MIN_KEPT_BLOCKS, this.#lentCount);
    while (this.#free.length > keptCount) releaseMemory(this.#free.pop()!);
  }
}

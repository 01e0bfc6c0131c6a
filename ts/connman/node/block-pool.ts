// Blocks of memory for received bytes, reused so that a flood makes no garbage.

import { releaseMemory } from '../../util/memory/release-memory.ts';

/** Size of a block, in bytes: small compared with a peer's share when all are busy, large compared with a message. */
export const BLOCK_BYTES = 8_192;

/** Free blocks that are kept at least, as a count (1 MiB); more if more are in use. */
const MIN_KEPT_BLOCKS = 128;

/** Waiting bytes: a block of the pool, filled gradually, or an array of their size. */
export interface Chunk {
  readonly memory: Uint8Array;
  readonly isBlock: boolean;
  /** How much of it was received. */
  length: number;
  /** What was received, made when it is read: a block that is full needs none, and most are. */
  view: Uint8Array | undefined;
  /**
   * Arrival of its last byte. Earlier bytes in the chunk count as arriving then, too: a peer cannot appear closer than it
   * is.
   */
  timeMs: number;
}

/** Lends blocks to the nodes of one `Connman`. */
export class BlockPool {
  readonly #free: Chunk[] = [];
  #lentCount = 0;

  /** Free blocks. */
  get freeCount(): number {
    return this.#free.length;
  }

  /** Lent blocks. */
  get lentCount(): number {
    return this.#lentCount;
  }

  /** An empty block. The object is reused: a new one that waits for long would become old garbage. */
  lend(): Chunk {
    this.#lentCount++;
    const block = this.#free.pop();
    if (block === undefined) {
      return { memory: new Uint8Array(BLOCK_BYTES), isBlock: true, length: 0, view: undefined, timeMs: 0 };
    }
    block.length = 0;
    block.view = undefined;
    return block;
  }

  /** Takes a block back. Surplus free blocks are released at once. */
  takeBack(block: Chunk): void {
    this.#lentCount--;
    this.#free.push(block);
    const keptCount = Math.max(MIN_KEPT_BLOCKS, this.#lentCount);
    while (this.#free.length > keptCount) releaseMemory(this.#free.pop()!.memory);
  }
}

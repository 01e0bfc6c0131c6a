// Blocks of memory for received bytes that wait, used over and over: a flood makes no garbage.

import { releaseMemory } from '../../util/memory/release-memory.ts';

/** Size of a block, in bytes: small beside the share of a peer when all of them are busy, large beside a message. */
export const BLOCK_BYTES = 16_384;

/** Free blocks that are kept, as a count; more while more are in use: 1 MiB. */
const MIN_KEPT_BLOCKS = 64;

/** Bytes that wait: a block of the pool, filled bit by bit, or an array of exactly what came. */
export interface Chunk {
  readonly memory: Uint8Array;
  readonly isBlock: boolean;
  /** How much of it was received. */
  length: number;
  /** What was received, made when it is read: a block that is full needs none, and most are. */
  view: Uint8Array | undefined;
  /**
   * When its last byte arrived. Whatever is put together counts as arriving with the last: to seem closer than it is, a peer
   * would have to be faster than it is.
   */
  timeMs: number;
}

/** Lends blocks to all nodes of one `Connman`. */
export class BlockPool {
  readonly #free: Chunk[] = [];
  #lentCount = 0;

  /** Blocks that lie ready. */
  get freeCount(): number {
    return this.#free.length;
  }

  /** Blocks that are lent. */
  get lentCount(): number {
    return this.#lentCount;
  }

  /** A block with nothing in it. It is an object that was there before: what waits for long would else become old garbage. */
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

  /** Takes a block back. What is free beyond what may soon be needed is freed at once. */
  takeBack(block: Chunk): void {
    this.#lentCount--;
    this.#free.push(block);
    const keptCount = Math.max(MIN_KEPT_BLOCKS, this.#lentCount);
    while (this.#free.length > keptCount) releaseMemory(this.#free.pop()!.memory);
  }
}

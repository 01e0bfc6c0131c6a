// A peer's bytes that wait to be processed: bytes, not messages.
//
// A message is a few objects, several hundred bytes of the JavaScript heap however short it is; as bytes it is as long as it
// is. So bytes stay bytes until the node is visited. They lie in blocks of a pool; a few bytes on their own, as quiet
// peers send them, in an array of their size.

import type { MemoryAccount } from '../../util/memory/memory-budget.ts';
import { BLOCK_BYTES } from './block-pool.ts';
import type { BlockPool, Chunk } from './block-pool.ts';
import type { LongMessages } from './long-messages.ts';

/** What an array of its own costs beside its bytes, with the objects around it, in bytes. */
export const CHUNK_OVERHEAD_BYTES = 256;

/** Longer chunks go into blocks, and shorter ones as well once another waits, in bytes. */
const MAX_SINGLE_BYTES = 2_048;

const NO_BYTES = new Uint8Array(0);

export class ReceivedBytes {
  readonly #account: MemoryAccount;
  readonly #pool: BlockPool;
  readonly #longMessages: LongMessages | undefined;
  #chunks: Chunk[] = [];
  /** How much of the first chunk was read. */
  #offset = 0;
  #readTimeMs = 0;
  #isClosed = false;

  /**
   * @param account - Accounts for waiting bytes, and decides when receiving pauses. Closed by `close`.
   * @param longMessages - Decides when a long message waits for others; undefined for a peer that never waits.
   */
  constructor(account: MemoryAccount, pool: BlockPool, longMessages?: LongMessages) {
    this.#account = account;
    this.#pool = pool;
    this.#longMessages = longMessages;
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** The node's limit is reached: further bytes stay in the kernel. */
  get isPaused(): boolean {
    return this.#account.isPaused || this.#longMessages?.mustWait(this) === true;
  }

  /** Memory of what waits, in bytes. */
  get memoryBytes(): number {
    return this.#account.waitingBytes;
  }

  /** The chunk to read, from `offset` on; empty if nothing waits. Lent until the next `skip`. */
  get bytes(): Uint8Array {
    return this.isEmpty ? NO_BYTES : receivedOf(this.#chunks[0]!);
  }

  get offset(): number {
    return this.#offset;
  }

  /** Arrival of the bytes read last, wall-clock milliseconds. */
  get readTimeMs(): number {
    return this.#readTimeMs;
  }

  /** Keeps a copy of received bytes. */
  append(data: Uint8Array, timeMs: number): void {
    if (this.#isClosed) return;
    let at = this.#fillLast(data, timeMs);
    const last = this.#chunks.at(-1);
    if (at < data.length && (last === undefined || last.isBlock) && data.length - at <= MAX_SINGLE_BYTES) {
      this.#addSingle(data.slice(at), timeMs);
      return;
    }
    while (at < data.length) {
      this.#addBlock(timeMs);
      at += this.#fillLast(data.subarray(at), timeMs);
    }
  }

  /** Skips bytes that were read from `bytes`. */
  skip(count: number): void {
    if (count === 0) return;
    const first = this.#chunks[0]!;
    this.#readTimeMs = first.timeMs;
    this.#offset += count;
    if (this.#offset < first.length) return;
    this.#chunks.shift();
    this.#offset = 0;
    this.#giveBack(first);
  }

  /** Notes bytes that were read without waiting here. */
  noteRead(timeMs: number): void {
    this.#readTimeMs = timeMs;
  }

  /** Accounts for other memory of the node: an incomplete message, or a request being answered. In bytes. */
  pin(bytes: number): void {
    if (bytes === this.#account.pinnedBytes || this.#isClosed) return;
    this.#account.pin(bytes);
    this.#longMessages?.book(this, bytes);
  }

  /** Drops everything, and whatever is appended later. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#account.close();
    this.#longMessages?.book(this, 0);
    for (const chunk of this.#chunks) if (chunk.isBlock) this.#pool.takeBack(chunk);
    this.#chunks = [];
    this.#offset = 0;
  }

  /** Fills up the last block. @returns The number of bytes stored. */
  #fillLast(data: Uint8Array, timeMs: number): number {
    const last = this.#chunks.at(-1);
    if (last === undefined || !last.isBlock) return 0;
    const start = last.length;
    const count = Math.min(data.length, BLOCK_BYTES - start);
    if (count === 0) return 0;
    last.memory.set(count === data.length ? data : data.subarray(0, count), start);
    last.length += count;
    last.view = undefined;
    last.timeMs = timeMs;
    return count;
  }

  #addBlock(timeMs: number): void {
    const block = this.#pool.lend();
    block.timeMs = timeMs;
    this.#chunks.push(block);
    this.#account.add(BLOCK_BYTES + CHUNK_OVERHEAD_BYTES);
  }

  #addSingle(bytes: Uint8Array, timeMs: number): void {
    this.#chunks.push({ memory: bytes, isBlock: false, length: bytes.length, view: undefined, timeMs });
    this.#account.add(bytes.length + CHUNK_OVERHEAD_BYTES);
  }

  #giveBack(chunk: Chunk): void {
    // Asked before the pool has it: of a block that it frees, nothing is left.
    const memoryBytes = chunk.memory.length;
    if (chunk.isBlock) this.#pool.takeBack(chunk);
    this.#account.remove(memoryBytes + CHUNK_OVERHEAD_BYTES);
  }
}

function receivedOf(chunk: Chunk): Uint8Array {
  const { memory, length } = chunk;
  return length === memory.length ? memory : (chunk.view ??= memory.subarray(0, length));
}

// Accounts for memory that waits: for each connection, and for all of them together.
//
// Queues of a server are bounded one by one, and a stranger opens many connections. So all of them draw on one budget. Each
// may hold as much as is still free for everybody: one busy connection gets half of the budget, a hundred share it, and
// whatever they do some of it is left for those that hold little. Nobody is dropped: a connection above its share stops
// taking bytes until it has worked off its own, the largest first, those that hold next to nothing never. (Choudhury and
// Hahne, "Dynamic Queue Length Thresholds for Shared-Memory Packet Switches", 1998, with alpha = 1)

import { invalidArg, outOfRange } from '../errors/errors.ts';
import { nodeV8 } from '../load-later.ts';

/** Default of `totalBytes`: what a node with 125 peers needs to keep all of them busy, several times over. */
export const DEFAULT_BUDGET_BYTES = 32 * 1_048_576;

/** Default of `heapShare`. The rest is for what the bytes become once they are processed. */
const DEFAULT_HEAP_SHARE = 1 / 8;

/** An account that holds this much or less is never paused, in bytes: a handshake, some small messages. */
export const FREE_ACCOUNT_BYTES = 4_096;

/** Limits of a `MemoryBudget`. */
export interface MemoryBudgetOptions {
  /** Most that all accounts together hold, in bytes, 1 to 2^53 - 1. Default 32 MiB. */
  readonly totalBytes?: number;
  /** Most that they hold as a share of V8's heap limit (`--max-old-space-size`), above 0 and up to 1. Default 1/8. */
  readonly heapShare?: number;
  /** Most that one account holds, in bytes, 0 to 2^53 - 1. Default: as much as all. */
  readonly accountBytes?: number;
}

/**
 * The memory that all connections of a server may hold together.
 *
 * Accounts may exceed their limit by what they take in one step (one receive, one message): the budget tells which have to
 * pause, and refuses nothing.
 *
 * @example
 * const budget = new MemoryBudget({ totalBytes: 16 * 1_048_576 });
 * const account = budget.open(() => server.wake(nodeId));
 * // In eventGotData:     queue.push(data.slice()); account.add(data.length);
 * // In shouldTryToRecv:  return !account.isPaused;
 * // When worked off:     account.remove(queue.shift().length);
 * // When it is closed:   account.close();
 */
export class MemoryBudget {
  /** The lower of `totalBytes` and the share of the heap limit, in bytes. */
  readonly limitBytes: number;
  /** `accountBytes`. */
  readonly accountLimitBytes: number;
  #usedBytes = 0;
  #accountCount = 0;

  /**
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: an option is not a number.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: an option is outside of its range.
   */
  constructor(options: MemoryBudgetOptions = {}) {
    const { totalBytes = DEFAULT_BUDGET_BYTES, heapShare = DEFAULT_HEAP_SHARE, accountBytes } = options;
    requireBytes('totalBytes', totalBytes, 1);
    if (typeof heapShare !== 'number') throw invalidArg('heapShare', 'a number', heapShare);
    if (!(heapShare > 0 && heapShare <= 1)) throw outOfRange('heapShare', 'above 0 and up to 1', heapShare);
    this.limitBytes = Math.min(totalBytes, Math.floor(nodeV8().getHeapStatistics().heap_size_limit * heapShare));
    if (accountBytes !== undefined) requireBytes('accountBytes', accountBytes, 0);
    this.accountLimitBytes = accountBytes ?? this.limitBytes;
  }

  /** What all accounts hold now, in bytes. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** How many accounts are open. */
  get accountCount(): number {
    return this.#accountCount;
  }

  /** Most that any account may hold at this moment, in bytes: as much as is free, within the limits. */
  get shareBytes(): number {
    return Math.max(FREE_ACCOUNT_BYTES, this.limitBytes - this.#usedBytes);
  }

  /**
   * Opens an account, for a connection or one direction of it.
   *
   * @param onResume - Called when the account is paused no longer, from inside its `remove`.
   * @param limitBytes - Most that it holds, in bytes. Default: the budget's `accountBytes`.
   */
  open(onResume: () => void = nothing, limitBytes: number = this.accountLimitBytes): MemoryAccount {
    this.#accountCount++;
    return new MemoryAccount(this, onResume, limitBytes);
  }

  /** For `MemoryAccount` only: moves the total. */
  move(bytes: number): void {
    this.#usedBytes += bytes;
  }

  /** For `MemoryAccount` only. */
  noteClosed(): void {
    this.#accountCount--;
  }
}

/** The part of a `MemoryBudget` that one connection holds. */
export class MemoryAccount {
  readonly #budget: MemoryBudget;
  readonly #onResume: () => void;
  readonly #limitBytes: number;
  #waitingBytes = 0;
  #pinnedBytes = 0;
  #isPaused = false;
  #isClosed = false;

  /** See `MemoryBudget.open`. */
  constructor(budget: MemoryBudget, onResume: () => void, limitBytes: number) {
    this.#budget = budget;
    this.#onResume = onResume;
    this.#limitBytes = limitBytes;
  }

  /** What waits to be worked off, in bytes. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** What is held until more has come or something is done, in bytes. */
  get pinnedBytes(): number {
    return this.#pinnedBytes;
  }

  /** Whether the connection should take no more bytes. Changes in `add` and `remove` only. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Adds waiting bytes; afterwards `isPaused` says whether more may come. */
  add(bytes: number): void {
    if (this.#isClosed) return;
    this.#waitingBytes += bytes;
    this.#budget.move(bytes);
    if (!this.#fits()) this.#isPaused = true;
  }

  /** Subtracts processed bytes. Calls `onResume` if the account may take more again. */
  remove(bytes: number): void {
    if (this.#isClosed) return;
    this.#waitingBytes -= bytes;
    this.#budget.move(-bytes);
    if (!this.#isPaused || !this.#fits()) return;
    this.#isPaused = false;
    this.#onResume();
  }

  /**
   * Sets the bytes that no pause would reduce: an incomplete message, a request being answered. They count in the total and
   * leave less for all, but do not pause this account.
   *
   * @param bytes - The whole amount; replaces the previous one.
   */
  pin(bytes: number): void {
    if (this.#isClosed) return;
    this.#budget.move(bytes - this.#pinnedBytes);
    this.#pinnedBytes = bytes;
  }

  /** The connection is gone, with all that it held. Later calls do nothing. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isPaused = false;
    this.#budget.move(-this.#waitingBytes - this.#pinnedBytes);
    this.#waitingBytes = 0;
    this.#pinnedBytes = 0;
    this.#budget.noteClosed();
  }

  #fits(): boolean {
    const { shareBytes } = this.#budget;
    return this.#waitingBytes <= Math.min(shareBytes, this.#limitBytes);
  }
}

function nothing(): void {}

function requireBytes(name: string, value: unknown, min: number): void {
  if (typeof value !== 'number') throw invalidArg(name, 'a number', value);
  if (!Number.isSafeInteger(value) || value < min) throw outOfRange(name, `an integer ${min}..2^53-1`, value);
}

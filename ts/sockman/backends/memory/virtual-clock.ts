// Time that a test moves.
//
// Everything that happens in a `MemoryNetwork` is an entry in this clock's queue: a segment that arrives, a turn of a
// backend, a timer of the code under test. Entries run in order of their due time, and of creation where that is equal, one
// at a time and on the caller's stack; so a run depends on its inputs only.
//
// There are two kinds of entry. Work (`soon`, and everything the network does) is drained by `runUntilIdle`. Timers
// (`after`) are awaited by `advance` only, since a program with a periodic timer would never be idle.

import { SockManError, invalidArg, outOfRange } from '../../../util/errors/errors.ts';
import type { Clock, Timer } from '../../../util/time/clock.ts';
import { EntryHeap } from './entry-heap.ts';
import type { Entry } from './entry-heap.ts';

/**
 * Most entries of one `advance` or `runUntilIdle`, as a count: some seconds of work. It ends a test in which two ends answer
 * each other for ever at one point in time.
 */
const MAX_ENTRIES_OF_ONE_RUN = 10_000_000;

/** Default wall-clock time at which a virtual clock starts: 2030-01-01T00:00:00Z, in milliseconds since 1970. */
export const VIRTUAL_EPOCH_MS = 1_893_456_000_000;

/** Settings of a `VirtualClock`. */
export interface VirtualClockOptions {
  /** Wall-clock time of `now() === 0`, in milliseconds since 1970. Default `VIRTUAL_EPOCH_MS`. */
  wallTimeMs?: number;
  /**
   * Makes the clock follow the host's: entries then run by themselves, from `setImmediate` and `setTimeout`, when they are
   * due by the host's time. For tests that await real promises and need no exact times. Default false.
   */
  autoRun?: boolean;
}

/**
 * A `Clock` that a test drives.
 *
 * Nothing runs outside `advance`, `runUntilIdle` and `settle` unless `autoRun` is set. An error that a callback throws
 * reaches the caller of these; the other entries stay in the queue. `advance` and `runUntilIdle` called from inside a
 * callback throw `ERR_SOCKMAN_STATE`.
 *
 * @example
 * const clock = new VirtualClock();
 * clock.after(60_000, () => console.log('a minute has passed'));
 * clock.advance(60_000);
 */
export class VirtualClock implements Clock {
  readonly #wallTimeAtStartMs: number;
  readonly #entries = new EntryHeap();
  #nowMs = 0;
  #nextOrder = 0;
  /** Entries of work that are neither run nor cancelled. */
  #pendingWork = 0;
  #isRunning = false;
  /** With `autoRun`: the difference from the host's clock to this one. */
  #hostOffsetMs: number | undefined;
  #wakeUp: { dueMs: number; cancel(): void } | undefined;

  constructor(options: VirtualClockOptions = {}) {
    this.#wallTimeAtStartMs = options.wallTimeMs ?? VIRTUAL_EPOCH_MS;
    if (options.autoRun === true) this.#hostOffsetMs = -performance.now();
  }

  now(): number {
    if (this.#hostOffsetMs !== undefined) {
      this.#nowMs = Math.max(this.#nowMs, performance.now() + this.#hostOffsetMs);
    }
    return this.#nowMs;
  }

  wallTimeMs(): number {
    return this.#wallTimeAtStartMs + Math.floor(this.now());
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#add(this.now() + delayMs, false, callback);
  }

  soon(callback: () => void): Timer {
    return this.#add(this.now(), true, callback);
  }

  /**
   * Calls `callback` at a point in time, as work: `runUntilIdle` moves the time to it.
   *
   * @param dueMs - On the scale of `now()`. An entry that is due already runs after all others that are.
   */
  workAt(dueMs: number, callback: () => void): Timer {
    return this.#add(dueMs, true, callback);
  }

  /** Whether `runUntilIdle` would have nothing to do. */
  get isIdle(): boolean {
    return this.#pendingWork === 0;
  }

  /**
   * Moves the time forward and runs the entries that fall due, each at its own time.
   *
   * @param ms - 0 or more. 0 runs what is due now.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: `ms` is negative or not finite.
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: called from a callback, or more than `MAX_ENTRIES_OF_ONE_RUN` entries ran.
   */
  advance(ms: number): void {
    if (typeof ms !== 'number') throw invalidArg('ms', 'a number', ms);
    if (!(ms >= 0) || ms === Infinity) throw outOfRange('ms', 'a finite number from 0', ms);
    const untilMs = this.now() + ms;
    if (this.#hostOffsetMs !== undefined) this.#hostOffsetMs += ms;
    this.#run((next) => next.dueMs <= untilMs);
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /**
   * Runs until no work is left, and moves the time as far as the work needs (the latency of the network, for example).
   * Timers that fall due by then run too; later ones stay.
   *
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: called from a callback, or more than `MAX_ENTRIES_OF_ONE_RUN` entries ran.
   */
  runUntilIdle(): void {
    this.#run(() => this.#pendingWork > 0);
  }

  /**
   * Repeats `runUntilIdle` until the promise callbacks that it started leave no work either. For tests of code that awaits
   * between two sends.
   */
  async settle(): Promise<void> {
    do {
      this.runUntilIdle();
      await new Promise<void>((resolve) => setImmediate(resolve));
    } while (!this.isIdle);
  }

  #add(dueMs: number, isWork: boolean, callback: () => void): Timer {
    if (!Number.isFinite(dueMs)) throw outOfRange('the delay', 'a finite number', dueMs);
    const entry: Entry = { dueMs: Math.max(dueMs, this.#nowMs), order: this.#nextOrder++, isWork, callback };
    this.#entries.push(entry);
    if (isWork) this.#pendingWork++;
    this.#setWakeUp();
    return { cancel: () => this.#cancel(entry) };
  }

  #cancel(entry: Entry): void {
    if (entry.callback === undefined) return;
    entry.callback = undefined;
    if (entry.isWork) this.#pendingWork--;
    this.#setWakeUp();
  }

  /** Runs entries as long as there is a next one and `goesOn` accepts it. */
  #run(goesOn: (next: Entry) => boolean): void {
    if (this.#isRunning) throw new SockManError('ERR_SOCKMAN_STATE', 'the clock is already running');
    this.#isRunning = true;
    try {
      for (let count = 0; ; count++) {
        const next = this.#entries.first();
        if (next === undefined || !goesOn(next)) return;
        if (count === MAX_ENTRIES_OF_ONE_RUN) {
          throw new SockManError('ERR_SOCKMAN_STATE', `still not idle after ${MAX_ENTRIES_OF_ONE_RUN} entries`);
        }
        this.#entries.removeFirst();
        this.#nowMs = Math.max(this.#nowMs, next.dueMs);
        if (next.isWork) this.#pendingWork--;
        const callback = next.callback;
        next.callback = undefined;
        callback?.();
      }
    } finally {
      this.#isRunning = false;
      this.#setWakeUp();
    }
  }

  /** With `autoRun`, schedules the wake-up for the next entry. */
  #setWakeUp(): void {
    if (this.#hostOffsetMs === undefined || this.#isRunning) return;
    const next = this.#entries.first();
    if (next !== undefined && this.#wakeUp?.dueMs === next.dueMs) return;
    this.#wakeUp?.cancel();
    this.#wakeUp = undefined;
    if (next === undefined) return;

    const wake = (): void => {
      this.#wakeUp = undefined;
      this.#runDue();
    };
    const waitMs = next.dueMs - this.now();
    if (waitMs <= 0) {
      const immediate = setImmediate(wake);
      this.#wakeUp = { dueMs: next.dueMs, cancel: () => clearImmediate(immediate) };
    } else {
      const timeout = setTimeout(wake, Math.ceil(waitMs));
      this.#wakeUp = { dueMs: next.dueMs, cancel: () => clearTimeout(timeout) };
    }
  }

  /** Runs what is due. Entries added meanwhile wait for the next wake-up, so that the host's own events run in between. */
  #runDue(): void {
    const untilMs = this.now();
    const untilOrder = this.#nextOrder;
    this.#run((next) => next.dueMs <= untilMs && next.order < untilOrder);
  }
}

// The share of the sockets in one pass of the host's event loop, before timers and other descriptors run.

import type { Clock } from '../../util/time/clock.ts';
import type { LoopCounters } from '../stats.ts';

/** Records between two looks at the clock: a look costs 1 % of the cheapest record. */
const RECORDS_PER_LOOK = 4;

export class PassBudget {
  readonly #clock: Clock;
  readonly #counters: LoopCounters;
  readonly #passMs: number;
  readonly #passBytes: number;
  #endsAtMs = 0;
  #endsAtBytes = 0;
  #untilLook = RECORDS_PER_LOOK;

  constructor(clock: Clock, counters: LoopCounters, passMs: number, passBytes: number) {
    this.#clock = clock;
    this.#counters = counters;
    this.#passMs = passMs;
    this.#passBytes = passBytes;
  }

  /** A pass begins. */
  begin(nowMs: number): void {
    this.#endsAtMs = nowMs + this.#passMs;
    this.#endsAtBytes = this.#counters.receivedBytes + this.#passBytes;
  }

  /** Asked after each piece of work: whether the pass is over. */
  isSpent(): boolean {
    if (this.#counters.receivedBytes >= this.#endsAtBytes) return true;
    if (--this.#untilLook > 0) return false;
    this.#untilLook = RECORDS_PER_LOOK;
    return this.#clock.now() >= this.#endsAtMs;
  }

  isSpentAt(nowMs: number): boolean {
    return nowMs >= this.#endsAtMs || this.#counters.receivedBytes >= this.#endsAtBytes;
  }
}

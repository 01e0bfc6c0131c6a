// A clock whose wall clock can be stopped at a time, for tests of a node: what `setmocktime` sets. (Bitcoin Core src/util/time.cpp)

import { systemClock } from './clock.ts';
import type { Clock, Timer } from './clock.ts';

/**
 * A clock like another one, except that its wall clock can be stopped at a time. Waiting is not affected: see `Clock` for
 * what depends on which.
 */
export class SettableClock implements Clock {
  readonly #clock: Clock;
  #setMs: number | undefined = undefined;

  /** @param clock - The underlying clock. Default: the system's. */
  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** The time of the stopped wall clock, in milliseconds since 1970; undefined while it runs. */
  get stoppedAtMs(): number | undefined {
    return this.#setMs;
  }

  /** Stops the wall clock at a time, in milliseconds since 1970; undefined lets it run. */
  setWallTime(ms: number | undefined): void {
    this.#setMs = ms;
  }

  now(): number {
    return this.#clock.now();
  }

  wallTimeMs(): number {
    return this.#setMs ?? this.#clock.wallTimeMs();
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.#clock.after(delayMs, callback);
  }

  soon(callback: () => void): Timer {
    return this.#clock.soon(callback);
  }
}

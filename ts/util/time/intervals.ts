// Recurring work, until its owner ends.

import type { Clock, Timer } from './clock.ts';

/** The recurring work of one owner. */
export class Intervals {
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();
  #isStopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Calls `work` every `intervalMs`, first after one interval. Slow work does not pile up, and work that throws is called
   * again.
   */
  every(intervalMs: number, work: () => void): void {
    if (this.#isStopped) return;
    const timer = this.#clock.after(intervalMs, () => {
      this.#timers.delete(timer);
      try {
        work();
      } finally {
        this.every(intervalMs, work);
      }
    });
    this.#timers.add(timer);
  }

  /** Ends all of it, also from within. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}

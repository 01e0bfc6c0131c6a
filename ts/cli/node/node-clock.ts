// The clock of a node on regtest, which tests set and turn forward: `setmocktime` and `mockscheduler` of Bitcoin Core.

import { systemClock } from '../../util/time/clock.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';

/** A call that is still to come. */
interface Pending {
  readonly dueMs: number;
  readonly callback: () => void;
  timer: Timer;
  isUnref: boolean;
}

/** The host's clock, until it is told otherwise. */
export class NodeClock implements Clock {
  readonly #host: Clock;
  readonly #pending = new Set<Pending>();
  #aheadMs = 0;
  #mockSeconds: number | undefined;

  constructor(host: Clock = systemClock) {
    this.#host = host;
  }

  /** The time that stands still since somebody set it, in seconds since 1970; undefined: it is the host's. */
  get mockSeconds(): number | undefined {
    return this.#mockSeconds;
  }

  /** Sets the wall clock, which then stands still; undefined lets it run again. Waiting is not affected. */
  setMockSeconds(seconds: number | undefined): void {
    this.#mockSeconds = seconds;
  }

  /** Turns waiting forward: what comes due within that time is called as soon as the current work is done. */
  advance(ms: number): void {
    this.#aheadMs += ms;
    for (const call of this.#pending) {
      call.timer.cancel();
      this.#arm(call);
    }
  }

  now(): number {
    return this.#host.now() + this.#aheadMs;
  }

  wallTimeMs(): number {
    return this.#mockSeconds === undefined ? this.#host.wallTimeMs() : this.#mockSeconds * 1_000;
  }

  after(delayMs: number, callback: () => void): Timer {
    const call: Pending = { dueMs: this.now() + delayMs, callback, timer: { cancel() {} }, isUnref: false };
    this.#pending.add(call);
    this.#arm(call);
    return {
      cancel: () => {
        this.#pending.delete(call);
        call.timer.cancel();
      },
      unref: () => {
        call.isUnref = true;
        call.timer.unref?.();
      },
    };
  }

  soon(callback: () => void): Timer {
    return this.#host.soon(callback);
  }

  #arm(call: Pending): void {
    call.timer = this.#host.after(Math.max(0, call.dueMs - this.now()), () => {
      this.#pending.delete(call);
      call.callback();
    });
    if (call.isUnref) call.timer.unref?.();
  }
}

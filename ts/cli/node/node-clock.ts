// The clock of a node on regtest, which tests set and turn forward: `setmocktime` and `mockscheduler` of Bitcoin Core.

import { systemClock } from '../../util/time/clock.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import { SettableClock } from '../../util/time/settable-clock.ts';

/** A call that is still to come. */
interface Pending {
  readonly dueMs: number;
  readonly callback: () => void;
  timer: Timer;
  isUnref: boolean;
}

/** The host's clock, until it is told otherwise. */
export class NodeClock extends SettableClock {
  readonly #pending = new Set<Pending>();
  #aheadMs = 0;
  #mockSeconds: number | undefined;

  constructor(host: Clock = systemClock) {
    super(host);
  }

  /** The time at which the wall clock stands, in seconds since 1970; undefined: it runs. */
  get mockSeconds(): number | undefined {
    return this.#mockSeconds;
  }

  override setWallTime(ms: number | undefined): void {
    super.setWallTime(ms);
    this.#mockSeconds = ms === undefined ? undefined : ms / 1_000;
  }

  /** Turns waiting forward: what comes due within that time is called as soon as the current work is done. */
  advance(ms: number): void {
    this.#aheadMs += ms;
    for (const call of this.#pending) {
      call.timer.cancel();
      this.#arm(call);
    }
  }

  override now(): number {
    return super.now() + this.#aheadMs;
  }

  override after(delayMs: number, callback: () => void): Timer {
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

  #arm(call: Pending): void {
    call.timer = super.after(Math.max(0, call.dueMs - this.now()), () => {
      this.#pending.delete(call);
      call.callback();
    });
    if (call.isUnref) call.timer.unref?.();
  }
}

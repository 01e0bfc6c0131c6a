// Deadlines that judge only after a look at the sockets.
//
// Timers of the host run before it looks at its sockets. After the loop was busy for longer than a time-out, the answer is
// in the kernel and the timer fires first: a judgement at that moment would call a punctual peer late. A deadline therefore
// waits for one more pass of the loop, and for further ones until everything that was ready has been delivered; its owner
// decides in the callback, and has received everything by then.

import type { Clock, Timer } from '../../util/time/clock.ts';

/**
 * Most passes that a deadline waits for ready sockets to be delivered. A pass takes about `passMs`, so that a flood delays a
 * deadline by a second with the default of 20 ms, and never for good.
 */
const MAX_PASSES = 50;

/** What a deadline needs of the loop. */
export interface Pace {
  readonly clock: Clock;
  /** Whether sockets are known to be ready and not delivered yet. */
  readonly isBehind: boolean;
  /** The deadlines that are set. Undefined after the loop has stopped, which cancels them. */
  readonly deadlines: Set<Deadline> | undefined;
}

/** One deadline, which can be moved. Moving it further away costs nothing: the timer under it is set anew only when it fires. */
export class Deadline implements Timer {
  readonly #pace: Pace;
  readonly #onOver: () => void;
  /** When it is due, by the clock. */
  #dueMs = Infinity;
  #timer: Timer | undefined;
  #timerMs = Infinity;

  /** @param onOver - Called when the time is over and the sockets were looked at since. Once for each `set`. */
  constructor(pace: Pace, onOver: () => void) {
    this.#pace = pace;
    this.#onOver = onOver;
  }

  /** Sets or moves the deadline to `ms` milliseconds from now; `Infinity` is the same as `cancel`. */
  set(ms: number): void {
    const { deadlines } = this.#pace;
    if (ms === Infinity || deadlines === undefined) return this.cancel();
    this.#dueMs = this.#pace.clock.now() + ms;
    if (this.#timer !== undefined && this.#timerMs <= this.#dueMs) return;
    deadlines.add(this);
    this.#timer?.cancel();
    this.#arm(ms);
  }

  cancel(): void {
    this.#dueMs = Infinity;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#pace.deadlines?.delete(this);
  }

  #arm(ms: number): void {
    this.#timerMs = this.#dueMs;
    this.#timer = this.#pace.clock.after(ms, () => {
      if (!this.#rearm()) this.#judgeAfterPass(MAX_PASSES);
    });
  }

  #judgeAfterPass(passesLeft: number): void {
    this.#timer = this.#pace.clock.soon(() => {
      if (this.#rearm()) return;
      if (this.#pace.isBehind && passesLeft > 0) return this.#judgeAfterPass(passesLeft - 1);
      this.cancel();
      this.#onOver();
    });
  }

  /** Sets the timer anew if the deadline was moved meanwhile. */
  #rearm(): boolean {
    const leftMs = this.#dueMs - this.#pace.clock.now();
    if (leftMs <= 0) return false;
    this.#arm(leftMs);
    return true;
  }
}

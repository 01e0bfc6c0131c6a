// Deadlines that judge only after a look at the sockets.
//
// Timers of the host run before it looks at its sockets. After the loop was busy for longer than a time-out, the answer is
// in the kernel and the timer fires first: a judgement at that moment would call a punctual peer late. A deadline therefore
// waits for one more pass of the loop, and for further ones until everything that was ready has been delivered; its owner
// decides in the callback, and has received everything by then.
//
// Deadlines that are due in the same millisecond share a timer of the host: a burst of a thousand dials takes a few dozen. They are
// judged together, in the asynchronous context of the first, and no promise callback runs between them.

import type { Clock, Timer } from '../../util/time/clock.ts';
import { MAX_TIMEOUT_MS } from '../options.ts';

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
  readonly deadlines: Deadlines | undefined;
}

/** The deadlines of a loop that are set. */
export class Deadlines {
  /** By the millisecond in which they are due; those that are being judged have left. */
  readonly #groups = new Map<number, Group>();
  /** Everything that has a timer. */
  readonly #all = new Set<Group>();

  /** @param isAlone - Whether the timer is to be its own. */
  join(deadline: Deadline, pace: Pace, dueMs: number, isAlone: boolean): Group {
    const groupMs = Math.ceil(dueMs);
    let group = isAlone ? undefined : this.#groups.get(groupMs);
    if (group === undefined) {
      group = new Group(this, pace, groupMs);
      this.#all.add(group);
      if (!isAlone) this.#groups.set(groupMs, group);
    }
    group.members.add(deadline);
    return group;
  }

  /** Nobody joins the group any more. */
  close(group: Group): void {
    if (this.#groups.get(group.dueMs) === group) this.#groups.delete(group.dueMs);
  }

  /** The group is empty. */
  forget(group: Group): void {
    this.close(group);
    this.#all.delete(group);
  }

  cancelAll(): void {
    for (const group of this.#all) for (const deadline of group.members) deadline.cancel();
  }
}

/** Deadlines under one timer, which is there as long as one of them is. */
class Group {
  /** The end of the millisecond, by the clock. */
  readonly dueMs: number;
  readonly members = new Set<Deadline>();
  readonly #deadlines: Deadlines;
  readonly #pace: Pace;
  #timer: Timer;

  constructor(deadlines: Deadlines, pace: Pace, dueMs: number) {
    this.dueMs = dueMs;
    this.#deadlines = deadlines;
    this.#pace = pace;
    const leftMs = Math.ceil(dueMs - pace.clock.now());
    this.#timer = pace.clock.after(Math.min(Math.max(leftMs, 0), MAX_TIMEOUT_MS), () => {
      deadlines.close(this);
      this.#judgeAfterPass(MAX_PASSES);
    });
  }

  leave(deadline: Deadline): void {
    this.members.delete(deadline);
    if (this.members.size > 0) return;
    this.#timer.cancel();
    this.#deadlines.forget(this);
  }

  #judgeAfterPass(passesLeft: number): void {
    const passFromMs = this.#pace.clock.now();
    this.#timer = this.#pace.clock.soon(() => {
      const isBehind = passesLeft > 0 && this.#pace.isBehind;
      try {
        // A deadline that leaves meanwhile is not visited.
        for (const deadline of this.members) deadline.judge(passFromMs, isBehind);
      } finally {
        // All of them, or those behind one that threw.
        if (this.members.size > 0) this.#judgeAfterPass(passesLeft - 1);
      }
    });
  }
}

/** One deadline, which can be moved. Moving it further away costs nothing: it changes its group only when that is due. */
export class Deadline implements Timer {
  readonly #pace: Pace;
  readonly #onOver: () => void;
  readonly #keepsContext: boolean;
  /** When it is due, by the clock. */
  #dueMs = Infinity;
  #group: Group | undefined;

  /**
   * @param onOver - Called when the time is over and the sockets were looked at since. Once for each `set`.
   * @param keepsContext - Whether `onOver` is to run in the asynchronous context in which the deadline was set: for functions
   *   of a caller.
   */
  constructor(pace: Pace, onOver: () => void, keepsContext = false) {
    this.#pace = pace;
    this.#onOver = onOver;
    this.#keepsContext = keepsContext;
  }

  /** Sets or moves the deadline to `ms` milliseconds from now; `Infinity` is the same as `cancel`. */
  set(ms: number): void {
    if (ms === Infinity || this.#pace.deadlines === undefined) return this.cancel();
    this.#dueMs = this.#pace.clock.now() + ms;
    if (this.#group === undefined || this.#group.dueMs > Math.ceil(this.#dueMs)) this.#changeGroup();
  }

  cancel(): void {
    this.#dueMs = Infinity;
    this.#group?.leave(this);
    this.#group = undefined;
  }

  /**
   * Its group is due. Nothing happens while the sockets were not looked through.
   *
   * @param passFromMs - When the last pass began. It may have been long: a deadline that became due during it waits for the next.
   */
  judge(passFromMs: number, isBehind: boolean): void {
    if (this.#dueMs > passFromMs) return this.#changeGroup();
    if (isBehind) return;
    this.cancel();
    this.#onOver();
  }

  #changeGroup(): void {
    this.#group?.leave(this);
    this.#group = this.#pace.deadlines?.join(this, this.#pace, this.#dueMs, this.#keepsContext);
  }
}

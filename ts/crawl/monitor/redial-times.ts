// When an address is dialed again: soon after a session that lasted, later after a failure, and after a day if the node keeps
// closing early.

import { TimedQueue } from '../frontier/column.ts';

/** Pause after a session that lasted, in milliseconds. */
const AFTER_SESSION_MS = 60_000;
/** Pause after a dial or a handshake that failed, in milliseconds. */
const AFTER_FAILURE_MS = 1_800_000;
/** Pause after too many sessions in a row that the node closed early, in milliseconds; and that number. */
const DAY_MS = 86_400_000;
const CLOSINGS = 3;

/** Sessions shorter than this, in milliseconds, count as closed early: the node does not want us. */
const SHORT_SESSION_MS = 30_000;

/** How a dial went. */
export type DialEnd = 'failed' | 'closed-early' | 'lasted';

/** How a session ended, judged by its length in milliseconds. */
export const endOf = (heldMs: number): DialEnd => (heldMs < SHORT_SESSION_MS ? 'closed-early' : 'lasted');

/** See the module comment. */
export class RedialTimes {
  readonly #soon = new TimedQueue();
  readonly #later = new TimedQueue();
  readonly #inADay = new TimedQueue();
  /** Early closings in a row, by row; rows without any are left out. */
  readonly #closings = new Map<number, number>();

  /** Addresses that are left alone for a day. */
  get leftAloneCount(): number {
    return this.#inADay.length;
  }

  /** Notes how a dial of a row went. */
  note(row: number, end: DialEnd, nowMs: number): void {
    if (end === 'failed') return this.#later.push(row, nowMs + AFTER_FAILURE_MS);
    if (end === 'lasted') {
      this.#closings.delete(row);
      return this.#soon.push(row, nowMs + AFTER_SESSION_MS);
    }
    const closings = (this.#closings.get(row) ?? 0) + 1;
    if (closings < CLOSINGS) {
      this.#closings.set(row, closings);
      return this.#soon.push(row, nowMs + AFTER_SESSION_MS);
    }
    this.#closings.delete(row);
    this.#inADay.push(row, nowMs + DAY_MS);
  }

  /** Calls back for each row whose time has come. */
  due(nowMs: number, onDue: (row: number) => void): void {
    for (const queue of [this.#soon, this.#later, this.#inADay]) while (queue.firstTime <= nowMs) onDue(queue.shift());
  }
}

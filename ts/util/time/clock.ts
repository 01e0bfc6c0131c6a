// Time as an argument: code that owns timers takes a `Clock`, so that tests can advance hours in a moment.

import { lazily } from '../load-later.ts';

/** A pending timer of a `Clock`. */
export interface Timer {
  /** Forgets the timer. Safe when it has fired already. */
  cancel(): void;
  /** Lets the process end before the timer fires. A clock whose time does not hold the process leaves this out. */
  unref?(): void;
}

/**
 * A source of time and of later calls. Callbacks run one at a time, never from inside a call on the clock itself.
 *
 * A node has one: give the same clock to `Connman`, `PeerManager`, `AddrMan` or `openDataFolder`, `BanMan` and
 * `OnionService`; otherwise what one of them notes may be in another's future. Its three parts move together when time
 * passes: `now` and `wallTimeMs` by the same amount, and the calls that came due by then have been made. What each is for,
 * if only one is to be moved (as Bitcoin Core's `setmocktime` does with the wall clock):
 *
 * - `now`, and `after` for waiting: time-outs of dials and handshakes of proxies, the rests between automatic dials, feelers,
 *   fixed seeds, DNS seeds; how often silence is looked for and files are saved.
 * - `wallTimeMs`: everything about a peer and about addresses. Connection times, inactivity and ping time-outs, gossip,
 *   announcements, fee filters, chain sync, stale tips, private broadcasts, bans, the upload target, ages in the address book.
 *
 * A wall clock that jumps forward ends connections that look silent then; one that goes back delays what was due, and loses
 * nothing. After a jump `PeerManager` acts at the next turn, at most a second later; `sendPings` or any message makes it sooner.
 */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary start; fractions are possible. */
  now(): number;
  /**
   * Wall-clock milliseconds since 1970, for what is told to peers, shown to people or written to files. Fractions are
   * possible: times of a connection, round trips above all, have the resolution of this.
   */
  wallTimeMs(): number;
  /** Calls `callback` once, `delayMs` from now or later. Keeps the process alive until then. */
  after(delayMs: number, callback: () => void): Timer;
  /** Calls `callback` once, as soon as the current work and its microtasks are done. */
  soon(callback: () => void): Timer;
}

/** Milliseconds; the smallest step that a wall clock is read in. */
const WALL_RESOLUTION_MS = 0.001;

/**
 * A wall clock with the resolution of another one. What it says lies within the millisecond that the wall clock says, so
 * that it follows every correction of that; and it never goes back unless that does.
 *
 * @param wallMs - Whole milliseconds since 1970.
 * @param fineMs - Milliseconds, with fractions, of a clock that runs evenly.
 */
export function fineWallClock(wallMs: () => number, fineMs: () => number): () => number {
  let aheadMs = 0;
  return () => {
    const earliestMs = wallMs();
    const latestMs = earliestMs + 1 - WALL_RESOLUTION_MS;
    const readMs = fineMs();
    const timeMs = Math.min(Math.max(readMs + aheadMs, earliestMs), latestMs);
    aheadMs = timeMs - readMs;
    return timeMs;
  };
}

/** Asked for once: the global is a getter, which costs several times what a look at the clock does. */
const hostPerformance = lazily(() => performance);

const nowMs = (): number => hostPerformance().now();

/** The host's clock. Its wall clock has microseconds. */
export const systemClock: Clock = {
  now: nowMs,
  wallTimeMs: fineWallClock(() => Date.now(), nowMs),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer), unref: () => void timer.unref() };
  },
  soon(callback) {
    const immediate = setImmediate(callback);
    return { cancel: () => clearImmediate(immediate) };
  },
};

// Time as an argument: whoever owns timers takes a `Clock`, so that tests can turn hours in a moment.

/** A pending timer of a `Clock`. */
export interface Timer {
  /** Forgets the timer. Safe when it has fired already. */
  cancel(): void;
}

/** A source of time and of later calls. Callbacks run one at a time, never from inside a call on the clock itself. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary start; fractions are possible. */
  now(): number;
  /** Wall-clock milliseconds since 1970, for what is shown to people or written to files. */
  wallTimeMs(): number;
  /** Calls `callback` once, `delayMs` from now or later. Keeps the process alive until then. */
  after(delayMs: number, callback: () => void): Timer;
  /** Calls `callback` once, as soon as the current work and its microtasks are done. */
  soon(callback: () => void): Timer;
}

/** The host's clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallTimeMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  soon(callback) {
    const immediate = setImmediate(callback);
    return { cancel: () => clearImmediate(immediate) };
  },
};

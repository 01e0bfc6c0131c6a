// How much of the processor's time a peer used recently.

/** Half-life of the measure, in milliseconds. */
const TIME_USE_HALF_LIFE_MS = 250;

/** A peer that used less than this is quiet, in milliseconds: some cheap messages a second. */
const QUIET_MS = 0.25;

/** Uses above this make no difference: more than there is time in several half-lives. */
const MAX_LEVEL = 12;

export class TimeUse {
  #usedMs = 0;
  #atMs = 0;

  /** Adds time. @param nowMs - Monotonic; never goes back. */
  add(ms: number, nowMs: number): void {
    this.#usedMs = this.at(nowMs) + ms;
    this.#atMs = nowMs;
  }

  /** What is not forgotten yet, in milliseconds. */
  at(nowMs: number): number {
    if (this.#usedMs === 0) return 0;
    return this.#usedMs * 2 ** ((this.#atMs - nowMs) / TIME_USE_HALF_LIFE_MS);
  }

  /** 0 for a quiet peer, and one more for each doubling: lower levels go first. */
  levelAt(nowMs: number): number {
    const usedMs = this.at(nowMs);
    return usedMs < QUIET_MS ? 0 : Math.min(MAX_LEVEL, 1 + Math.floor(Math.log2(usedMs / QUIET_MS)));
  }
}

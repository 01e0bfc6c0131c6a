// Sockets with something to report, first come, first served. A socket that is still ready after its report goes to the end,
// so that all others that wait are served before it.

import type { TurnBatch } from './turn-batch.ts';

/** A member of the queue, in it at most once. */
export interface Reporter {
  isQueued: boolean;
  readonly isClosed: boolean;
  report(batch: TurnBatch): void;
}

export class ReadyQueue {
  readonly #whenAdded: () => void;
  /** From `#head` on. */
  #reporters: Reporter[] = [];
  #head = 0;

  /** @param whenAdded - Schedules a call of `report`. */
  constructor(whenAdded: () => void) {
    this.#whenAdded = whenAdded;
  }

  get isEmpty(): boolean {
    return this.#head === this.#reporters.length;
  }

  /** Has `reporter.report` called in a coming turn. */
  add(reporter: Reporter): void {
    if (reporter.isQueued || reporter.isClosed) return;
    reporter.isQueued = true;
    this.#reporters.push(reporter);
    this.#whenAdded();
  }

  /** Calls the reporters that are in the queue now, as far as the batch has room. */
  report(batch: TurnBatch): void {
    // Reporters that are added meanwhile stand behind this mark and wait for the next turn.
    const end = this.#reporters.length;
    while (this.#head < end && !batch.isFull) {
      const reporter = this.#reporters[this.#head++]!;
      reporter.isQueued = false;
      if (!reporter.isClosed) reporter.report(batch);
    }
    this.#reporters.splice(0, this.#head);
    this.#head = 0;
  }

  clear(): void {
    this.#reporters.length = 0;
    this.#head = 0;
  }
}

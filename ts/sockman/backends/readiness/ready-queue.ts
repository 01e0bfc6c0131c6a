// Sockets that have something to report: first come, first served. What is still ready when it has reported goes to the end,
// so that no socket is served twice before another one that waits.

import type { TurnBatch } from './turn-batch.ts';

/** What stands in the queue, once at most. */
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

  /** @param whenAdded - Sees to it that `report` is called. */
  constructor(whenAdded: () => void) {
    this.#whenAdded = whenAdded;
  }

  get isEmpty(): boolean {
    return this.#head === this.#reporters.length;
  }

  /** Has `reporter.report` called in a turn to come. */
  add(reporter: Reporter): void {
    if (reporter.isQueued || reporter.isClosed) return;
    reporter.isQueued = true;
    this.#reporters.push(reporter);
    this.#whenAdded();
  }

  /** Calls those who stand here now, as far as the batch has room. */
  report(batch: TurnBatch): void {
    // What is put back meanwhile stands behind this mark and waits for the next turn.
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

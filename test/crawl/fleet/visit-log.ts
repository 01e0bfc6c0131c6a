// When villagers were visited, and whether no group was faster than its rate.
//
// A village that is kept waiting accepts late and many at once. So each visit has a span: it came in after the look at the sockets
// before the last one. What is certainly too fast is too fast for the longest time that it can have taken.

/** One visit, in monotonic milliseconds. */
export interface VisitSpan {
  readonly earliestMs: number;
  readonly atMs: number;
}

/** Visits by group. */
export type VisitsByGroup = Readonly<Record<string, readonly VisitSpan[]>>;

const TICK_MS = 5;

/** Visits beyond the rate, however long the time: one for the first moment, and one more each for dialers that were kept waiting. */
const ALLOWANCE = 3;

/** Notes visits of a village of this process. */
export class VisitLog {
  readonly visits: Record<string, VisitSpan[]> = {};
  readonly #ticker: NodeJS.Timeout;
  #lastTickMs = performance.now();
  #tickBeforeMs = this.#lastTickMs;

  constructor() {
    this.#ticker = setInterval(() => {
      this.#tickBeforeMs = this.#lastTickMs;
      this.#lastTickMs = performance.now();
    }, TICK_MS);
  }

  note(address: string): void {
    const group = address.split('.', 2).join('.');
    (this.visits[group] ??= []).push({ earliestMs: this.#tickBeforeMs, atMs: performance.now() });
  }

  stop(): void {
    clearInterval(this.#ticker);
  }
}

/** The visits of groups that were faster than their rate; empty when none was. @param rate - Visits a second. */
export function tooFast(visits: VisitsByGroup, rate: number): string[] {
  const found: string[] = [];
  for (const [group, spans] of Object.entries(visits))
    for (const [first, { earliestMs }] of spans.entries())
      for (let last = first; last < spans.length; last++) {
        const seconds = (spans[last]!.atMs - earliestMs) / 1_000;
        const count = last - first + 1;
        if (count > rate * seconds + ALLOWANCE) found.push(`${group}: ${count} in ${seconds.toFixed(3)} s`);
      }
  return found;
}

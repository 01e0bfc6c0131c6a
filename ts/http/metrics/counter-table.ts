// Counters whose label values are not known beforehand.

import type { MetricFamily } from './metrics-page.ts';

/** Counts by the values of a few labels. */
export class CounterTable {
  readonly #names: readonly string[];
  readonly #counts = new Map<string, { values: readonly string[]; count: number }>();

  /** @param names - The labels. */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** Adds one. @param values - A value for each label, from a small set. */
  add(...values: readonly string[]): void {
    this.addMany(1, values);
  }

  addMany(count: number, values: readonly string[]): void {
    const key = values.join('\0');
    const entry = this.#counts.get(key);
    if (entry === undefined) this.#counts.set(key, { values, count });
    else entry.count += count;
  }

  /** Writes a sample for each combination that occurred. */
  addTo(family: MetricFamily): void {
    for (const { values, count } of this.#counts.values()) {
      family.add(count, Object.fromEntries(this.#names.map((name, index) => [name, values[index]!])));
    }
  }
}

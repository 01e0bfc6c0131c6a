// How often each of many texts came, in bounded memory: texts of strangers, who may send a new one each time.

/** Most different texts that are told apart at a time. */
export const MAX_DISTINCT_TEXTS = 20_000;

/** A text and how often it came. */
export interface TextCount {
  readonly name: string;
  readonly nodes: number;
}

/** The most frequent of them, and what the rest adds up to. */
export interface TopTexts {
  readonly top: readonly TextCount[];
  /** How many further ones there are, and how often they came together. */
  readonly others: { readonly names: number; readonly nodes: number };
}

/**
 * Counts texts. When too many are known, those that came least often are given up together, over and over, until half are
 * left: what comes often stays, whatever else is sent (lossy counting).
 */
export class TextCounts {
  readonly #counts = new Map<string, number>();
  readonly #maxDistinct: number;
  #total = 0;
  #forgottenNames = 0;

  constructor(maxDistinct: number = MAX_DISTINCT_TEXTS) {
    this.#maxDistinct = maxDistinct;
  }

  /** How often any text came. */
  get total(): number {
    return this.#total;
  }

  add(text: string): void {
    this.#total += 1;
    this.#counts.set(text, (this.#counts.get(text) ?? 0) + 1);
    if (this.#counts.size <= this.#maxDistinct) return;
    for (let least = 1; this.#counts.size > this.#maxDistinct / 2; least++) this.#forget(least);
  }

  /** The most frequent `count`; equal ones in the order of their characters. */
  top(count: number): TopTexts {
    const sorted = [...this.#counts].sort(([a, ofA], [b, ofB]) => ofB - ofA || (a < b ? -1 : 1));
    const top = sorted.slice(0, count).map(([name, nodes]) => ({ name, nodes }));
    const shown = top.reduce((sum, { nodes }) => sum + nodes, 0);
    return {
      top,
      others: { names: sorted.length - top.length + this.#forgottenNames, nodes: this.#total - shown },
    };
  }

  #forget(most: number): void {
    for (const [text, count] of this.#counts) {
      if (count > most) continue;
      this.#counts.delete(text);
      this.#forgottenNames += 1;
    }
  }
}

// Counts texts in bounded memory: they come from strangers, who may send a new one each time.

/** Most distinct texts that are counted separately at a time. */
export const MAX_DISTINCT_TEXTS = 20_000;

/** A text and how often it was added. */
export interface TextCount {
  readonly name: string;
  readonly nodes: number;
}

/** The most frequent texts, and the sum of the rest. */
export interface TopTexts {
  readonly top: readonly TextCount[];
  /** Number of further texts, and how often they were added in total. */
  readonly others: { readonly names: number; readonly nodes: number };
}

/**
 * Counts texts. When there are too many, the rarest ones are dropped step by step until half are left: frequent texts stay,
 * whatever else is sent (lossy counting).
 */
export class TextCounts {
  readonly #counts = new Map<string, number>();
  readonly #maxDistinct: number;
  #total = 0;
  #forgottenNames = 0;

  constructor(maxDistinct: number = MAX_DISTINCT_TEXTS) {
    this.#maxDistinct = maxDistinct;
  }

  /** How many texts were added. */
  get total(): number {
    return this.#total;
  }

  add(text: string): void {
    this.#total += 1;
    this.#counts.set(text, (this.#counts.get(text) ?? 0) + 1);
    if (this.#counts.size <= this.#maxDistinct) return;
    for (let least = 1; this.#counts.size > this.#maxDistinct / 2; least++) this.#forget(least);
  }

  /** The `count` most frequent texts; equally frequent ones are in the order of their characters. */
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

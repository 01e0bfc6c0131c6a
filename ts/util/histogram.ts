// Measured values in bins: what a histogram of the metrics is made of.

/** Counts of values by size, and their sum. Nothing is allocated after it was made. */
export class Histogram {
  /** Upper ends of the bins, ascending, each belonging to its bin; one more bin takes what is larger. */
  readonly bounds: readonly number[];
  /** Values in each bin. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** From the lowest bin upwards: most values are small. */
  add(value: number): void {
    const { bounds } = this;
    let bin = 0;
    while (bin < bounds.length && value > bounds[bin]!) bin++;
    this.counts[bin]!++;
    this.sum += value;
  }

  /** How many values there were. */
  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }
}

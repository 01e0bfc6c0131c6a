// Durations, counted in bins of equal ratio: quantiles within 1 % from a fixed amount of memory, however many were counted.

/** Lower edge of the first bin, in milliseconds. */
const MIN_MS = 0.01;
/** Decades above the lower edge: up to 1,000 s, longer than any deadline of a visit. */
const DECADES = 8;
/** Bins in each decade: neighbours differ by 1.8 %, and their mean by less than 1 % from each value in them. */
const BINS_PER_DECADE = 128;
const BINS = DECADES * BINS_PER_DECADE;

/** Fewest values for which a distribution is drawn. With fewer, only quantiles are shown. */
export const MIN_DISTRIBUTION = 30;

/** Bins of the shape that is drawn. */
const SHAPE_BINS = 26;

/** A distribution of durations as it is published. */
export interface Distribution {
  readonly count: number;
  /** Milliseconds; left out when nothing was counted. */
  readonly median?: number;
  readonly p90?: number;
}

/** Bins of equal ratio, as they are drawn. */
export interface Shape {
  readonly fromMs: number;
  readonly toMs: number;
  readonly counts: readonly number[];
}

/** Counts durations. */
export class LogHistogram {
  readonly #counts = new Uint32Array(BINS);
  readonly #sums = new Float64Array(BINS);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Counts one duration. Durations beyond the range go to the outermost bins. */
  add(ms: number): void {
    const bin = binOf(ms);
    this.#counts[bin]! += 1;
    this.#sums[bin]! += ms;
    this.#count += 1;
  }

  /** The duration that a `share` of all values, 0 to 1, do not exceed, as the mean of its bin; undefined without values. */
  quantile(share: number): number | undefined {
    if (this.#count === 0) return undefined;
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let bin = 0; bin < BINS; bin++) {
      seen += this.#counts[bin]!;
      if (seen >= rank) return this.#sums[bin]! / this.#counts[bin]!;
    }
    return undefined;
  }

  /** The published figures, with four significant digits. */
  distribution(): Distribution {
    const median = this.quantile(0.5);
    if (median === undefined) return { count: 0 };
    return { count: this.#count, median: rounded(median), p90: rounded(this.quantile(0.9)!) };
  }

  /** The shape between two durations; values outside are left out. */
  shape({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): Shape {
    const counts = new Array<number>(SHAPE_BINS).fill(0);
    const from = binOf(fromMs);
    const width = (binOf(toMs) - from) / SHAPE_BINS;
    for (let bin = 0; bin < BINS; bin++) {
      const place = Math.floor((bin - from) / width);
      if (place >= 0 && place < SHAPE_BINS) counts[place]! += this.#counts[bin]!;
    }
    return { fromMs, toMs, counts };
  }
}

/** A stretch of the logarithmic axis that shows all values but the outermost hundredths: at least two decades. */
export function commonStretch(histograms: readonly LogHistogram[]): { fromMs: number; toMs: number } {
  const counted = histograms.filter(({ count }) => count >= MIN_DISTRIBUTION);
  const low = Math.min(...counted.map((one) => one.quantile(0.01)!));
  const high = Math.max(...counted.map((one) => one.quantile(0.99)!));
  if (counted.length === 0) return { fromMs: 10, toMs: 10_000 };
  const from = Math.max(0, binOf(low / 1.5));
  const bins = Math.max(2 * BINS_PER_DECADE, binOf(high * 1.5) - from + 1);
  const whole = Math.ceil(bins / SHAPE_BINS) * SHAPE_BINS;
  return { fromMs: edgeOf(Math.min(from, BINS - whole)), toMs: edgeOf(Math.min(from, BINS - whole) + whole) };
}

function binOf(ms: number): number {
  // The small addend keeps the edge of a bin, when it is computed back from the bin's number, inside that bin.
  const bin = Math.floor(Math.log10(ms / MIN_MS) * BINS_PER_DECADE + 1e-6);
  return Number.isNaN(bin) ? 0 : Math.min(BINS - 1, Math.max(0, bin));
}

const edgeOf = (bin: number): number => MIN_MS * 10 ** (bin / BINS_PER_DECADE);

const rounded = (ms: number): number => Number(ms.toPrecision(4));

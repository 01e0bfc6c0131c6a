// Does a series grow? Memory moves up and down by itself, so a growth counts as one only if it is beyond chance and matters.
//
// Beyond chance: the trend test of Mann and Kendall, on one side. It compares each pair of values, knows nothing of how they
// scatter, and one odd value moves it little. How much: the median of the slopes of all pairs (Theil and Sen) times the
// length of the series, or the difference of the medians at both ends. The first half is left out: caches fill.

/** What of a series is warm-up. */
export const WARM_UP_SHARE = 0.5;
/** Fewer values than this prove nothing, whichever way. */
export const MIN_VALUES = 12;
/** One-sided, at 0.1 %: a campaign looks at many series. */
const SIGNIFICANT_Z = 3.09;

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/**
 * @param {readonly number[]} series Equally spaced in time, warm-up included.
 * @returns {{ from: number, to: number, growth: number, z: number, isBeyondChance: boolean, isLongEnough: boolean }}
 *   Medians of the first and last quarter behind the warm-up, the growth by Theil and Sen over that time, and its significance.
 */
export function trendOf(series) {
  const values = series.slice(Math.floor(series.length * WARM_UP_SHARE));
  const count = values.length;
  const quarter = Math.max(1, Math.floor(count / 4));
  const slopes = [];
  let score = 0;
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      const difference = values[j] - values[i];
      score += Math.sign(difference);
      slopes.push(difference / (j - i));
    }
  }
  // Equal values add nothing to the variance of the score.
  const ties = new Map();
  for (const value of values) ties.set(value, (ties.get(value) ?? 0) + 1);
  const term = (n) => n * (n - 1) * (2 * n + 5);
  const variance = (term(count) - [...ties.values()].reduce((sum, n) => sum + term(n), 0)) / 18;
  const z = variance === 0 ? 0 : (score - Math.sign(score)) / Math.sqrt(variance);
  return {
    from: median(values.slice(0, quarter)),
    to: median(values.slice(-quarter)),
    growth: slopes.length === 0 ? 0 : median(slopes) * (count - 1),
    z,
    isBeyondChance: z > SIGNIFICANT_Z,
    isLongEnough: count >= MIN_VALUES,
  };
}

/**
 * Whether a series counts as grown.
 * @param {readonly number[]} series
 * @param {{ share: number, atLeast: number }} allowed What it may grow by: a share of what it was, or so much if that is more.
 */
export function grows(series, { share, atLeast }) {
  const trend = trendOf(series);
  const growth = Math.max(trend.growth, trend.to - trend.from);
  return trend.isLongEnough && trend.isBeyondChance && growth > Math.max(trend.from * share, atLeast);
}

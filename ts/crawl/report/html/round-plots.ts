// The lines over rounds.

import { whole } from '../format.ts';
import type { RoundPoint } from '../tally/summary.ts';
import { linePath } from './marks.ts';

/** Fewest rounds for which a line is drawn. */
export const MIN_ROUND_LINE = 2;

/** A scale with round numbers at its grid lines. */
export interface Scale {
  readonly min: number;
  readonly max: number;
  readonly ticks: readonly number[];
}

/** A scale around some values: whole steps of 1, 2 or 5 times a power of ten. */
export function scaleOf(values: readonly number[]): Scale {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const rough = Math.max(1, (high - low) / 3);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(
    1,
    [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!,
  );
  const min = Math.floor(low / step) * step;
  const max = Math.max(min + step, Math.ceil(high / step) * step);
  const ticks = Array.from({ length: Math.round((max - min) / step) + 1 }, (_, at) => min + at * step);
  return { min, max, ticks };
}

/** Reachable nodes of all networks. */
export function roundsPlot(rounds: readonly RoundPoint[]): string {
  const values = rounds.map(({ reachable }) => reachable);
  const { min, max, ticks } = scaleOf(values);
  const lines = ticks.map((tick) => {
    const y = (150 - ((tick - min) / (max - min)) * 150).toFixed(1);
    return `<line class="gridline" x1="0" x2="1000" y1="${y}" y2="${y}"/>`;
  });
  const label = `Reachable nodes over ${whole(rounds.length)} rounds, from ${whole(Math.min(...values))} to ${whole(Math.max(...values))}, now ${whole(values.at(-1))}`;
  return `<svg viewBox="0 0 1000 150" preserveAspectRatio="none" role="img" aria-label="${label}">${lines.join('')}<path class="ln all" d="${linePath(values, { width: 1_000, top: 0, bottom: 150, min, max })}"/></svg>`;
}

/** Reachable nodes of one network, on a scale of its own. */
export function roundPanelPlot(title: string, values: readonly number[]): string {
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const lines = [4.4, 59.6].map((y) => `<line class="gridline" x1="0" x2="100" y1="${y}" y2="${y}"/>`);
  const label = `${title}: ${whole(values.at(-1))} reachable, between ${whole(min)} and ${whole(max)} over ${whole(values.length)} rounds`;
  return `<svg viewBox="0 0 100 64" preserveAspectRatio="none" role="img" aria-label="${label}">${lines.join('')}<path class="ln" d="${linePath(values, { width: 100, top: 4.4, bottom: 59.6, min, max })}"/></svg>`;
}

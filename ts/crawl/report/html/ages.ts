// The age of the addresses that nodes tell.

import { marked, percent, plain, span, whole } from '../format.ts';
import { MIN_DISTRIBUTION } from '../tally/log-histogram.ts';
import { AGE_EDGES_SECONDS, REPORT_NETWORKS } from '../tally/summary.ts';
import type { AgesSummary, Summary } from '../tally/summary.ts';
import { legend, section, sentence } from './marks.ts';

const LABELS = ['&lt; 1 h', '1–3 h', '3–12 h', '12–24 h', '1–2 d', '2–3 d', '3–5 d', '5–7 d', '7–10 d', '&gt; 10 d'];

export function agesSection({ ages }: Summary): string {
  const note = 'Peers pass on addresses with the time they were last seen alive. Old ones are mostly gone.';
  if (ages.nodes < MIN_DISTRIBUTION)
    return section(
      'ages',
      'Address age',
      note,
      sentence(`No distribution: ${whole(ages.nodes)} nodes told addresses, ${MIN_DISTRIBUTION} make one.`),
    );
  const totals = binTotals(ages);
  const labels = LABELS.map(
    (label, at) => `<span><i>${label}</i><i>${plain(percent(totals[at]!, ages.nodes))}</i></span>`,
  );
  const body = `<div class="hist">${agesPlot(ages)}<div class="x" aria-hidden="true">${labels.join('')}</div></div><p class="note">Each of ${whole(ages.nodes)} nodes by the median age of the addresses it told; the median of these is <b>${marked(span(ages.medianSeconds))}</b>.</p>${legend()}`;
  return section('ages', 'Address age', note, body);
}

const binTotals = ({ networks }: AgesSummary): number[] =>
  [...AGE_EDGES_SECONDS, 0].map((_, at) => REPORT_NETWORKS.reduce((sum, name) => sum + networks[name][at]!, 0));

/** Nodes by age, with the networks stacked. */
export function agesPlot(ages: AgesSummary): string {
  const tallest = Math.max(1, ...binTotals(ages));
  const bars = LABELS.flatMap((_, bin) => {
    let top = 100;
    return REPORT_NETWORKS.map((name) => {
      const height = (ages.networks[name][bin]! / tallest) * 100;
      top -= height;
      return height === 0
        ? ''
        : `<rect class="${name}" x="${bin * 10 + 0.5}" width="9" y="${top.toFixed(2)}" height="${height.toFixed(2)}"/>`;
    });
  });
  return `<svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label="Nodes by the median age of the addresses they told">${bars.join('')}<line class="axis" x1="0" x2="100" y1="100" y2="100"/></svg>`;
}

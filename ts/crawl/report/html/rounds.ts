// Reachable nodes over rounds: one line for all, a small panel for each network.

import { MIN_ROUND_LINE, roundPanelPlot, roundsPlot, scaleOf } from './round-plots.ts';
import { clock, date, signed, whole } from '../format.ts';
import { REPORT_NETWORKS } from '../tally/summary.ts';
import type { ReportNetwork, RoundPoint, Summary } from '../tally/summary.ts';
import { NETWORK_TITLES, networkLabel, section, sentence } from './marks.ts';

/** Labels below the line. */
const TIME_LABELS = 5;
const DAY_MS = 86_400_000;

export function roundsSection({ rounds }: Summary): string {
  if (rounds.length < MIN_ROUND_LINE)
    return section(
      'rounds',
      'Rounds',
      'How the counts change from round to round.',
      sentence('This is the first round. A line appears with the second.'),
    );
  const body = `<figure class="plot"><div>${roundsPlot(rounds)}${timeLabels(rounds)}</div>${valueLabels(rounds)}</figure><div class="mults">${REPORT_NETWORKS.map((name) => panel(name, rounds)).join('')}</div>`;
  return section(
    'rounds',
    'Rounds',
    `${cadence(rounds)} Each small panel has its own scale, so that its shape shows; its lines mark the lowest and the highest round.`,
    body,
  );
}

function cadence(rounds: readonly RoundPoint[]): string {
  const spanMs = rounds.at(-1)!.endedAt - rounds[0]!.endedAt;
  const eachMin = spanMs / (rounds.length - 1) / 60_000;
  const each = eachMin < 1.5 ? 'about every minute or more often' : `about every ${whole(eachMin)} minutes`;
  return `${whole(rounds.length)} rounds, ${each}.`;
}

function timeLabels(rounds: readonly RoundPoint[]): string {
  const count = Math.min(TIME_LABELS, rounds.length);
  const points = Array.from(
    { length: count },
    (_, at) => rounds[Math.round((at * (rounds.length - 1)) / (count - 1))]!,
  );
  const isLong = rounds.at(-1)!.endedAt - rounds[0]!.endedAt > DAY_MS / 2;
  const labels = points.map(({ endedAt }, at) => {
    const time = isLong ? clock(endedAt).slice(0, 5) : clock(endedAt);
    const isNewDay = at === 0 || date(endedAt) !== date(points[at - 1]!.endedAt);
    const day = date(endedAt)
      .split(' ', 2)
      .map((word) => word.slice(0, 3))
      .join(' ');
    return `<span>${isNewDay ? `${day}, ` : ''}${time}${at === count - 1 ? ' UTC' : ''}</span>`;
  });
  return `<div class="x">${labels.join('')}</div>`;
}

function valueLabels(rounds: readonly RoundPoint[]): string {
  const { ticks, min, max } = scaleOf(rounds.map(({ reachable }) => reachable));
  const labels = ticks.map((tick) => {
    const y = 150 - ((tick - min) / (max - min)) * 150;
    return `<text x="0" y="${y.toFixed(1)}" dy="4">${whole(tick)}</text>`;
  });
  return `<svg class="ylab" width="64" height="150" aria-hidden="true">${labels.join('')}</svg>`;
}

function panel(name: ReportNetwork, rounds: readonly RoundPoint[]): string {
  const values = rounds.map(({ networks }) => networks[name]);
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const now = values.at(-1)!;
  const tip = `lowest ${whole(min)} in round ${whole(rounds[values.indexOf(min)]!.round)}, highest ${whole(max)} in round ${whole(rounds[values.indexOf(max)]!.round)}`;
  return `<figure class="mult ${name}" tabindex="0"><figcaption><span>${networkLabel(name)}</span><b>${whole(now)}</b></figcaption>${roundPanelPlot(NETWORK_TITLES[name], values)}<p><span>${whole(min)}–${whole(max)}</span><span>${signed(now - values[0]!)}</span></p><span class="tip">${tip}</span></figure>`;
}

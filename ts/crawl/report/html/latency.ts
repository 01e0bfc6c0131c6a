// The time that connecting, the handshake and a ping take, by network.

import { duration, marked, plain, whole } from '../format.ts';
import { MIN_DISTRIBUTION } from '../tally/log-histogram.ts';
import type { Shape } from '../tally/log-histogram.ts';
import { REPORT_NETWORKS } from '../tally/summary.ts';
import type { LatencyName, ReportNetwork, Summary } from '../tally/summary.ts';
import { NETWORK_TITLES, networkLabel, section, sentence } from './marks.ts';

const PANELS = [
  ['connectMs', 'Connect'],
  ['handshakeMs', 'Handshake'],
  ['pingMs', 'Ping'],
] as const satisfies readonly (readonly [LatencyName, string])[];

/** Width of a panel's box; each bin takes a twenty-sixth of it. */
const WIDTH = 260;

export function latencySection(summary: Summary): string {
  const note = 'From one place. Onion and I2P times include the proxy’s own circuits.';
  const shown = REPORT_NETWORKS.filter((name) => summary.latency[name] !== undefined);
  const few = fewNodes(summary);
  if (shown.length === 0)
    return section(
      'latency',
      'Latency',
      note,
      sentence(`No distribution: fewer than ${MIN_DISTRIBUTION} nodes on every network. ${few}`),
    );
  const rows = shown.map((name) => row(name, summary)).join('');
  const axis = axisLabels(summary.latency[shown[0]!]!.connectMs);
  const body = `<div class="latgrid"><div></div>${PANELS.map(([, title]) => `<h3>${title}</h3>`).join('')}${rows}<div></div>${axis.repeat(3)}</div><p class="note"><span class="kline"></span>median <span class="kline dash"></span>90\u202f%. Each panel has its own height; the time axis is shared and logarithmic. ${few}</p>`;
  return section('latency', 'Latency', note, body);
}

function row(name: ReportNetwork, summary: Summary): string {
  const panels = PANELS.map(([of, title]) => {
    const { median, p90 } = summary.networks[name][of];
    const [half, most] = [duration(median), duration(p90)];
    const label = `${NETWORK_TITLES[name]} ${title.toLowerCase()}: median ${plain(half)}, 90 percent ${plain(most)}`;
    const plot = latencyPlot(name, summary.latency[name]![of], median, p90);
    return `<div class="lat" tabindex="0" role="img" aria-label="${label}">${plot}<p><b>${marked(half)}</b> · ${marked(most)}</p></div>`;
  });
  return `<div class="rowh">${networkLabel(name)}</div>${panels.join('')}`;
}

/** One panel: a histogram over the logarithmic axis, with its median and nine tenths marked. */
export function latencyPlot(name: ReportNetwork, shape: Shape, median?: number, p90?: number): string {
  const tallest = Math.max(1, ...shape.counts);
  const width = WIDTH / shape.counts.length;
  const grid = decades(shape).map((ms) => vertical('gridline', place(ms, shape), 0));
  const bars = shape.counts.map((count, at) => {
    if (count === 0) return '';
    const height = (count / tallest) * 100;
    return `<rect class="${name}" x="${(at * width + 0.6).toFixed(1)}" width="${(width - 1.2).toFixed(1)}" y="${(100 - height).toFixed(1)}" height="${height.toFixed(1)}"/>`;
  });
  const marks = [
    median === undefined ? '' : vertical('mark', place(median, shape), -6),
    p90 === undefined ? '' : vertical('mark dash', place(p90, shape), -6),
  ];
  return `<svg viewBox="0 0 ${WIDTH} 100" preserveAspectRatio="none" aria-hidden="true">${grid.join('')}${bars.join('')}<line class="axis" x1="0" x2="${WIDTH}" y1="100" y2="100"/>${marks.join('')}</svg>`;
}

const vertical = (name: string, x: number, top: number): string =>
  `<line class="${name}" x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${top}" y2="100"/>`;

/** Horizontal position of a duration in a panel. */
function place(ms: number, { fromMs, toMs }: Shape): number {
  return Math.min(1, Math.max(0, Math.log(ms / fromMs) / Math.log(toMs / fromMs))) * WIDTH;
}

/** The powers of ten on the axis. */
function decades({ fromMs, toMs }: Shape): number[] {
  const first = Math.ceil(Math.log10(fromMs));
  const last = Math.floor(Math.log10(toMs));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => 10 ** (first + at));
}

function axisLabels(shape: Shape): string {
  const labels = decades(shape).map((ms) => {
    const { figure, unit } =
      ms >= 1_000 ? { figure: whole(ms / 1_000), unit: 's' } : { figure: ms >= 1 ? whole(ms) : String(ms), unit: 'ms' };
    return `<text x="${((place(ms, shape) / WIDTH) * 100).toFixed(1)}%" y="13" text-anchor="middle">${figure} ${unit}</text>`;
  });
  return `<svg class="xt" height="16" width="100%" aria-hidden="true">${labels.join('')}</svg>`;
}

/** Sentences about networks with too few nodes. */
function fewNodes({ networks }: Summary): string {
  return REPORT_NETWORKS.filter((name) => networks[name].reachable < MIN_DISTRIBUTION && networks[name].reachable > 0)
    .map((name) => {
      const { reachable, connectMs } = networks[name];
      return `${NETWORK_TITLES[name]}: ${whole(reachable)} ${reachable === 1 ? 'node' : 'nodes'}, too few for a distribution; median connect ${plain(duration(connectMs.median))}.`;
    })
    .join(' ');
}

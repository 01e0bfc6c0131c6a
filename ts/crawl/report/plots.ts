// The plots of the report as separate SVG files, each with the style it needs: for papers and other pages.

import { agesPlot } from './html/ages.ts';
import { latencyPlot } from './html/latency.ts';
import { roundPanelPlot, roundsPlot, MIN_ROUND_LINE } from './html/round-plots.ts';
import { NETWORK_TITLES } from './html/marks.ts';
import { concentrationPlot } from './html/where.ts';
import { MIN_DISTRIBUTION } from './tally/log-histogram.ts';
import { LATENCY_NAMES } from './tally/network-tally.ts';
import { REPORT_NETWORKS } from './tally/summary.ts';
import type { Summary } from './tally/summary.ts';

/** The file name of a plot, without the folder, and its content. */
export interface Plot {
  readonly name: string;
  readonly svg: string;
}

/** Size at which a viewer shows a plot first, in pixels. The plots scale to any size. */
const WIDTH = 960;
const HEIGHT = 320;
/** Margin around the plot, in pixels: marks may extend over its edge. */
const MARGIN = 12;

const STYLE = `:root{color-scheme:light dark;--bg:#fcfcfb;--line:#e4e4e0;--line-2:#c4c6c4;--text:#1a1c1f;--ipv4:#2f5dbc;--ipv6:#179cc0;--onion:#a00b74;--i2p:#a08b2a;--cjdns:#004b28;--in:#2d3a49}
@media(prefers-color-scheme:dark){:root{--bg:#101214;--line:#262a2f;--line-2:#434950;--text:#e8e9ea;--ipv4:#347be8;--ipv6:#b3e4fb;--onion:#cc4592;--i2p:#dea211;--cjdns:#56c4aa;--in:#c9d2dc}}
.ipv4{--c:var(--ipv4)}.ipv6{--c:var(--ipv6)}.onion{--c:var(--onion)}.i2p{--c:var(--i2p)}.cjdns{--c:var(--cjdns)}.all{--c:var(--in)}
svg{overflow:visible}rect{fill:var(--c)}.bg{fill:var(--bg)}.gridline{stroke:var(--line)}.axis{stroke:var(--line-2)}.mark{stroke:var(--text)}.dash{stroke-dasharray:2 2}.ln{fill:none;stroke:var(--c);stroke-width:1.5;stroke-linejoin:round}
line,path{vector-effect:non-scaling-stroke}`;

/** Every plot of the page that has something to show. */
export function plotsOf(summary: Summary): Plot[] {
  const { rounds, systems, ages, latency, networks } = summary;
  const plots: Plot[] = [];
  const add = (name: string, svg: string, network: string = ''): number =>
    plots.push({ name: `${name}.svg`, svg: standalone(svg, network) });
  if (rounds.length >= MIN_ROUND_LINE) {
    add('rounds', roundsPlot(rounds));
    for (const name of REPORT_NETWORKS)
      add(
        `rounds-${name}`,
        roundPanelPlot(
          NETWORK_TITLES[name],
          rounds.map((point) => point.networks[name]),
        ),
        name,
      );
  }
  if (systems !== undefined) add('concentration', concentrationPlot(systems));
  for (const name of REPORT_NETWORKS)
    for (const of of LATENCY_NAMES) {
      const shape = latency[name]?.[of];
      const { median, p90 } = networks[name][of];
      if (shape !== undefined) add(`latency-${of.replace('Ms', '')}-${name}`, latencyPlot(name, shape, median, p90));
    }
  if (ages.nodes >= MIN_DISTRIBUTION) add('address-age', agesPlot(ages));
  return plots;
}

function standalone(plot: string, network: string): string {
  const placed = plot.replace(
    '<svg ',
    `<svg x="${MARGIN}" y="${MARGIN}" width="${WIDTH - 2 * MARGIN}" height="${HEIGHT - 2 * MARGIN}" class="${network}" `,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}"><style>${STYLE}</style><rect class="bg" width="100%" height="100%"/>${placed}</svg>\n`;
}

// Clearnet nodes by autonomous system, how concentrated they are, and the ports of all nodes.

import { marked, percent, whole } from '../format.ts';
import type { Summary, SystemsSummary } from '../tally/summary.ts';
import { bar, legend, section, sentence } from './marks.ts';
import { topBars } from './software.ts';

export function whereSection({ all: { reachable }, systems, ports }: Summary): string {
  const portBars = reachable === 0 ? sentence('No node answered.') : topBars(ports, reachable);
  const left = systems === undefined ? notAvailable : systemBars(systems);
  const right = systems === undefined ? '' : concentration(systems);
  return section(
    'where',
    'Where',
    'Autonomous systems are for clearnet only: onion and I2P hide their place.',
    `<div class="two"><div>${left}</div><div>${right}<h3>Port</h3>${portBars}</div></div>`,
  );
}

const notAvailable = `<h3>Autonomous systems</h3>${sentence('Not available: the crawl had no AS map (<span class="mono">--asmap FILE</span>), or no node of a known system answered.')}`;

function systemBars({ nodes, systems, top }: SystemsSummary): string {
  const most = Math.max(1, ...top.map(({ ipv4, ipv6 }) => ipv4 + ipv6));
  const rows = top.map(({ asn, ipv4, ipv6 }) => {
    const parts = [
      { class: 'ipv4', share: ipv4 / most },
      { class: 'ipv6', share: ipv6 / most },
    ];
    return `<li><span class="l"><span class="as">AS${asn}</span></span>${bar(parts)}<span class="num">${whole(ipv4 + ipv6)}</span><span class="num p">${marked(percent(ipv4 + ipv6, nodes))}</span></li>`;
  });
  const shown = top.reduce((sum, { ipv4, ipv6 }) => sum + ipv4 + ipv6, 0);
  const others =
    systems === top.length
      ? ''
      : `<p class="note">and ${whole(nodes - shown)} nodes in ${whole(systems - top.length)} other systems</p>`;
  return `<h3>Autonomous systems, ${whole(nodes)} clearnet nodes</h3><ol class="bars">${rows.join('')}</ol>${others}${legend(['ipv4', 'ipv6'])}`;
}

function concentration(summary: SystemsSummary): string {
  const { systems, halfIn } = summary;
  return `<h3>Concentration</h3><div class="hist">${concentrationPlot(summary)}${rankLabels(systems)}</div><p class="note">Half of the clearnet nodes lie in <b>${whole(halfIn)}</b> of ${whole(systems)} systems. Across: systems, largest first, logarithmic. Up: share of nodes, lines at 50 and 100\u202f%.</p>`;
}

/** Share of nodes in the largest systems. */
export function concentrationPlot({ systems, halfIn, curve }: SystemsSummary): string {
  const x = (rank: number): string => rankPlace(rank, systems).toFixed(2);
  const path = curve
    .map(([rank, share], at) => `${at === 0 ? 'M' : 'L'}${x(rank)},${(60 - share * 60).toFixed(2)}`)
    .join('');
  return `<svg viewBox="0 0 100 60" preserveAspectRatio="none" role="img" aria-label="Half of the clearnet nodes lie in ${whole(halfIn)} autonomous systems"><line class="gridline" x1="0" x2="100" y1="30" y2="30"/><line class="gridline" x1="0" x2="100" y1="0" y2="0"/><line class="mark" x1="${x(halfIn)}" x2="${x(halfIn)}" y1="30" y2="60"/><path class="ln all" d="${path}"/><line class="axis" x1="0" x2="100" y1="60" y2="60"/></svg>`;
}

/** Position of a rank on the axis, in hundredths of its length. */
const rankPlace = (rank: number, systems: number): number =>
  systems < 2 ? 100 : (Math.log(rank) / Math.log(systems)) * 100;

function rankLabels(systems: number): string {
  const ranks = [1, 10, 100, 1_000, 10_000].filter((rank) => rank === 1 || rankPlace(rank, systems) < 92);
  const labels = ranks.map((rank, at) => {
    const place = systems < 2 ? 0 : rankPlace(rank, systems);
    return `<text x="${place.toFixed(1)}%" y="13" text-anchor="${at === 0 ? 'start' : 'middle'}">${whole(rank)}</text>`;
  });
  return `<svg class="xt" height="16" width="100%" aria-hidden="true">${labels.join('')}</svg>`;
}

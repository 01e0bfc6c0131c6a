// The head of the report: the number of nodes, as a sentence and as a strip.

import { marked, percent, period, whole, duration, escapeHtml } from '../format.ts';
import { REPORT_NETWORKS } from '../tally/summary.ts';
import type { ReportNetwork, Summary } from '../tally/summary.ts';
import { bar, networkLabel } from './marks.ts';

/** Names of networks in a sentence. */
const IN_WORDS: Readonly<Record<ReportNetwork, string>> = {
  ipv4: 'are on IPv4',
  ipv6: 'are on IPv6',
  onion: 'are onion services',
  i2p: 'are on I2P',
  cjdns: 'are on CJDNS',
};

export function lead(summary: Summary): string {
  const { all, networks, isComplete, visitedShare } = summary;
  const strip = REPORT_NETWORKS.map((name) => ({
    class: name,
    share: networks[name].reachable / Math.max(1, all.reachable),
  }));
  const figures = REPORT_NETWORKS.map((name) => {
    const { reachable } = networks[name];
    return `<div><dt>${networkLabel(name)}</dt><dd>${whole(reachable)} <span class="u">${marked(percent(reachable, all.reachable))}</span></dd></div>`;
  });
  const unfinished = isComplete
    ? ''
    : `<p class="date unfinished">This round is unfinished: ${marked(percent(visitedShare, 1, 0))} of the frontier visited. The numbers will grow.</p>`;
  return `<header class="lead"><p class="date">Round ${whole(summary.round)} · ${period(summary)} · ${escapeHtml(summary.chain)}</p>${unfinished}
<h1><b>${whole(all.reachable)}</b> Bitcoin ${all.reachable === 1 ? 'node accepts' : 'nodes accept'} connections.</h1>
<p class="sum">${sentences(summary).join(' ')}</p>
<div class="strip">${bar(strip)}<dl>${figures.join('')}</dl></div></header>`;
}

function sentences({ all, networks, propagation }: Summary): string[] {
  if (all.known === 0)
    return ['No address was known, so none was visited. Give the crawler seeds, and the next round has numbers.'];
  const said = [
    `Of ${whole(all.known)} known ${all.known === 1 ? 'address' : 'addresses'} ${marked(percent(all.reachable, all.known))} answered our handshake.`,
  ];
  if (all.reachable === 0) return said;
  const largest = [...REPORT_NETWORKS].sort((a, b) => networks[b].reachable - networks[a].reachable)[0]!;
  const share = networks[largest].reachable / all.reachable;
  const most =
    share === 1
      ? 'All nodes'
      : share > 0.5
        ? 'More than half of the nodes'
        : `The most nodes, ${marked(percent(share, 1, 0))},`;
  said.push(
    `${most} ${IN_WORDS[largest]}; ${marked(percent(all.v2, all.reachable, 0))} speak the encrypted transport.`,
  );
  const { p50, p90 } = propagation?.blocks.all ?? {};
  if (p50 !== undefined && p90 !== undefined)
    said.push(
      `A block reaches half of the network in ${marked(duration(p50))} and 90<span class="u">\u202f%</span> of it in ${marked(duration(p90))}.`,
    );
  return said;
}

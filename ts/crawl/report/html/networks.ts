// Counts by network, and where visits ended.

import type { Outcome } from '../../record/outcome.ts';
import { duration, marked, percent, whole } from '../format.ts';
import { REPORT_NETWORKS } from '../tally/summary.ts';
import type { NetworkSummary, Summary } from '../tally/summary.ts';
import { bar, fill, networkLabel, numberCell, section, wideTable } from './marks.ts';

/** Outcomes with a column of their own; the others share one. */
const COLUMNS = ['reachable', 'full', 'refused', 'timeout', 'unreachable'] as const satisfies readonly Outcome[];
const OTHERS = [
  'silent',
  'protocol-error',
  'wrong-network',
  'not-bitcoin',
  'disconnected',
  'self',
] as const satisfies readonly Outcome[];

export function networksSection({ all, networks }: Summary): string {
  const most = Math.max(1, ...REPORT_NETWORKS.map((name) => networks[name].reachable));
  const heads = ['Reachable', '', 'Known', 'Answered', 'V2', 'Connect, median', 'Ping, median'];
  const rows = REPORT_NETWORKS.map((name) => {
    const network = networks[name];
    const cell = `<td class="cell">${fill(name, network.reachable / most)}</td>`;
    return `<tr><th scope="row">${networkLabel(name)}</th>${counts(network, cell)}</tr>`;
  });
  const table = `<table class="t"><thead><tr><th scope="col">Network</th>${heads
    .map((head) => (head === '' ? '<th></th>' : `<th scope="col" class="num">${head}</th>`))
    .join(
      '',
    )}</tr></thead><tbody>${rows.join('')}</tbody><tfoot><tr><th scope="row">All</th>${counts(all, '<td></td>')}</tr></tfoot></table>`;
  return section(
    'networks',
    'Networks',
    'A node is reachable when it completed the version handshake in this round. Answered is its share of the known addresses.',
    wideTable('Counts by network', table),
  );
}

function counts({ reachable, known, v2, connectMs, pingMs }: NetworkSummary, cell: string): string {
  return [
    numberCell(whole(reachable), 'b'),
    cell,
    numberCell(whole(known)),
    numberCell(marked(percent(reachable, known))),
    numberCell(marked(percent(v2, reachable, 0))),
    numberCell(marked(duration(connectMs.median))),
    numberCell(marked(duration(pingMs.median))),
  ].join('');
}

export function outcomesSection(summary: Summary): string {
  const { networks } = summary;
  const heads = COLUMNS.map((outcome, at) => (at === 0 ? outcome : `<span class="key o${at}"></span>${outcome}`));
  heads.push('<span class="key o5"></span>other');
  const rows = REPORT_NETWORKS.map((name) => {
    const values = [...COLUMNS.map((outcome) => networks[name].outcomes[outcome]), otherOutcomes(networks[name])];
    const visits = values.reduce((total, value) => total + value, 0);
    const parts = values.map((value, at) => ({
      class: at === 0 ? name : `o${at}`,
      share: value / Math.max(1, visits),
    }));
    return `<tr><th scope="row">${networkLabel(name)}</th><td class="cell wide-cell">${bar(parts)}</td>${values.map((value) => numberCell(whole(value))).join('')}</tr>`;
  });
  const table = `<table class="t"><thead><tr><th scope="col">Network</th><th scope="col">Share of visits</th>${heads
    .map((head) => `<th scope="col" class="num">${head}</th>`)
    .join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
  return section(
    'outcomes',
    'Outcomes',
    'Where every visit ended. Full means accepted, then closed before a byte arrived.',
    wideTable('Outcomes by network', table) + othersNote(summary),
  );
}

const otherOutcomes = ({ outcomes }: NetworkSummary): number =>
  [...OTHERS, 'proxy-failed' as const].reduce((total, outcome) => total + outcomes[outcome], 0);

function othersNote({ all: { outcomes }, notBitcoin }: Summary): string {
  const classes = notBitcoin
    .map(({ name, nodes }) => `${name.length > 4 ? 'else' : name.toUpperCase()} ${whole(nodes)}`)
    .join(', ');
  const others = OTHERS.map((outcome) => {
    const words = outcome.replace('-', ' ').replace('bitcoin', 'Bitcoin');
    const detail = outcome === 'not-bitcoin' && classes !== '' ? ` (${classes})` : '';
    return `${words} ${whole(outcomes[outcome])}${detail}`;
  });
  const proxies = outcomes['proxy-failed'] === 0 ? 'none' : whole(outcomes['proxy-failed']);
  return `<p class="note">Reachable in the network’s colour, the rest in greys. Other: ${others.join(', ')}. Proxy failed: ${proxies}.</p>`;
}

// What nodes say about themselves: user agents, protocol versions and services.

import { escapeHtml, marked, percent, whole } from '../format.ts';
import type { Summary } from '../tally/summary.ts';
import type { TextCount, TopTexts } from '../tally/text-counts.ts';
import { fill, section, sentence } from './marks.ts';

export function softwareSection({ all: { reachable }, userAgents, protocolVersions, services }: Summary): string {
  const note = 'As the nodes say themselves; a user agent is free text and proves nothing. Services overlap.';
  if (reachable === 0)
    return section('software', 'Software', note, sentence('No node answered, so there is nothing to count.'));
  const most = userAgents.top[0]?.nodes ?? 1;
  const agents = userAgents.top.map((agent) =>
    row(
      `<span class="l mono"><bdi>${agent.name === '' ? '(empty)' : escapeHtml(agent.name)}</bdi></span>`,
      agent.nodes,
      agent.nodes / most,
      reachable,
    ),
  );
  const { names, nodes } = userAgents.others;
  const others =
    names === 0
      ? ''
      : `<p class="note">and ${whole(nodes)} ${nodes === 1 ? 'node' : 'nodes'} with ${whole(names)} other user ${names === 1 ? 'agent' : 'agents'}</p>`;
  return section(
    'software',
    'Software',
    note,
    `<div class="two"><div><h3>User agent</h3><ol class="bars long">${agents.join('')}</ol>${others}</div><div><h3>Protocol version</h3>${topBars(protocolVersions, reachable)}<h3>Services</h3>${serviceBars(services, reachable)}</div></div>`,
  );
}

function serviceBars(services: readonly TextCount[], reachable: number): string {
  return `<ol class="bars">${services.map(({ name, nodes }) => row(label(name), nodes, nodes / reachable, reachable)).join('')}</ol>`;
}

/** The most frequent texts and the rest, as bars. */
export function topBars({ top, others }: TopTexts, reachable: number): string {
  const most = Math.max(1, top[0]?.nodes ?? 0, others.nodes);
  const rows = top.map(({ name, nodes }) => row(label(name), nodes, nodes / most, reachable));
  if (others.names > 0)
    rows.push(row(label(`others (${whole(others.names)})`), others.nodes, others.nodes / most, reachable));
  return `<ol class="bars">${rows.join('')}</ol>`;
}

const label = (name: string): string => `<span class="l">${escapeHtml(name)}</span>`;

const row = (title: string, nodes: number, share: number, of: number): string =>
  `<li>${title}${fill('ink', share)}<span class="num">${whole(nodes)}</span><span class="num p">${marked(percent(nodes, of))}</span></li>`;

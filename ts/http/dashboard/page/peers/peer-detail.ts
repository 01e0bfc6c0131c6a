// The details of an open row: bytes by message type both ways, and facts of the peer. Fetched while the row is open.

import type { PeerDetail } from '../../wire.ts';
import { bar, el, quantityNodes } from '../dom.ts';
import * as format from '../format.ts';

/** Message types with a bar of their own; the rest share one. */
const SHOWN_TYPES = 5;

/** Asks the node. Undefined if the peer is gone, or the node does not answer. */
export async function fetchDetail(id: number): Promise<PeerDetail | undefined> {
  try {
    const answer = await fetch(`${location.origin}/dashboard/peer?id=${id}`, { cache: 'no-store' });
    return answer.ok ? ((await answer.json()) as PeerDetail) : undefined;
  } catch {
    return undefined;
  }
}

/** The content of the open row. @param detail - Undefined while it is loading. */
export function detailElement(id: number, detail: PeerDetail | undefined): HTMLElement {
  if (detail === undefined)
    return el('div', { class: 'detail' }, el('p', { class: 't2' }, `Asking the node for peer ${id}…`));
  return el(
    'div',
    { class: 'detail' },
    messages('Received by message type', 'in', detail.received),
    messages('Sent by message type', 'out', detail.sent),
    el('div', {}, el('h3', {}, `Peer ${id}`), el('dl', {}, ...factsOf(detail).flatMap(fact))),
  );
}

function messages(title: string, direction: 'in' | 'out', all: PeerDetail['received']): HTMLElement {
  const listed = all.filter(([type]) => type !== 'other');
  const rest = [...listed.slice(SHOWN_TYPES), ...all.filter(([type]) => type === 'other')];
  const shown = listed.slice(0, SHOWN_TYPES);
  const left = rest.reduce((sum, [, bytes]) => sum + bytes, 0);
  if (left > 0) shown.push(['other', left]);
  const most = Math.max(1, ...shown.map(([, bytes]) => bytes));
  const items = shown.map(([type, bytes]) =>
    el(
      'li',
      {},
      el('span', { class: 'mono' }, type),
      bar([[direction, (bytes * 100) / most]]),
      el('span', { class: 'num' }, ...quantityNodes(format.bytes(bytes))),
    ),
  );
  const list = items.length > 0 ? el('ul', {}, ...items) : el('p', { class: 't3' }, 'Nothing yet');
  return el('div', {}, el('h3', {}, title), list);
}

type Fact = readonly [name: string, value: string, classes?: string];

function factsOf(detail: PeerDetail): Fact[] {
  const { address, agent, services, version, ours, timeOffset, minFeeRate } = detail;
  const sign = (timeOffset ?? 0) < 0 ? '−' : '';
  const facts: (Fact | undefined)[] = [
    ['address', address, 'mono wrap'],
    ['user agent', agent, 'wrap'],
    ['services', services.map(wordOf).join(', ') || 'none', 'wrap'],
    version === 0 ? undefined : ['protocol', String(version)],
    ours === '' ? undefined : ['sees us as', ours, 'mono wrap'],
    timeOffset === null ? undefined : ['time offset', `${sign}${Math.abs(timeOffset)}\u202fs`],
    minFeeRate === null ? undefined : ['min fee rate', `${(minFeeRate / 1_000).toFixed(2)}\u202fsat/vB`],
  ];
  return facts.filter((one) => one !== undefined);
}

function fact([name, value, classes]: Fact): HTMLElement[] {
  return [el('dt', {}, name), el('dd', { class: classes, title: value }, value)];
}

/** `NETWORK_LIMITED` as readable words. */
function wordOf(service: string): string {
  return service.toLowerCase().replaceAll('_', ' ');
}

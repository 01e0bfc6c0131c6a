// The peers by network and direction, by type and by autonomous system; and the fill of the address book.

import type { PeerRow, TableFill } from '../../wire.ts';
import { bar, byId, el, setText } from '../dom.ts';
import * as format from '../format.ts';
import { LOCAL, NETWORKS, TYPES, networkWord } from '../networks.ts';
import type { NodeState } from '../node-state.ts';

/** Systems listed by number; the rest share one entry. */
const MAX_SYSTEMS = 5;

export function showShares(state: NodeState): void {
  const rows = [...state.peers.values()];
  showMatrix(rows, state);
  showTypes(rows);
  showSystems(rows);
  showAddressBook(state);
}

function showMatrix(rows: readonly PeerRow[], { hello }: NodeState): void {
  const counts = new Map<string, [number, number]>();
  for (const { network, inbound } of rows) {
    const pair = counts.get(networkWord(network)) ?? [0, 0];
    pair[inbound ? 0 : 1]++;
    counts.set(networkWord(network), pair);
  }
  const shown = counts.has(LOCAL) ? [...NETWORKS, { id: LOCAL, name: 'Local' }] : NETWORKS;
  const most = Math.max(10, ...Array.from(counts.values(), ([a, b]) => a + b)) / 0.9;
  byId('matrix').replaceChildren(
    ...shown.map(({ id, name }) => {
      const [inbound, outbound] = counts.get(id) ?? [0, 0];
      const number = (value: number): HTMLElement =>
        el('td', { class: value === 0 ? 'num zero' : 'num' }, format.count(value));
      const lengths = bar(
        [
          [id, (inbound * 100) / most],
          [`${id} half`, (outbound * 100) / most],
        ],
        0.6,
      );
      const title = el('th', { scope: 'row' }, el('span', { class: `dot ${id}` }), name);
      return el('tr', {}, title, number(inbound), number(outbound), el('td', { class: 'b' }, lengths));
    }),
  );
  const inbound = rows.filter((row) => row.inbound).length;
  setText(byId('all-in'), format.count(inbound));
  setText(byId('all-out'), format.count(rows.length - inbound));
  setText(byId('all-slots'), `of ${format.count(hello?.slots.all ?? 0)} slots`);
}

function showTypes(rows: readonly PeerRow[]): void {
  const counts = TYPES.map(([type, word]) => [word, rows.filter((row) => row.type === type).length] as const);
  const most = Math.max(1, ...counts.map(([, count]) => count));
  byId('types').replaceChildren(
    ...counts
      // The rarest of all has a line only when there is one.
      .filter(([word, count]) => count > 0 || word !== 'private broadcast')
      .map(([word, count]) => listItem(word, count, [[word === 'inbound' ? 'in' : 'out', (count * 100) / most]])),
  );
}

function showSystems(rows: readonly PeerRow[]): void {
  const clearnet = rows.filter(({ network }) => network === 'ipv4' || network === 'ipv6');
  const counts = new Map<number, number>();
  for (const row of clearnet) if (row.as !== 0) counts.set(row.as, (counts.get(row.as) ?? 0) + 1);
  const isMapped = counts.size > 0;
  byId('systems').hidden = !isMapped;
  byId('no-systems').hidden = isMapped;
  setText(byId('clearnet'), clearnet.length === 0 ? 'no clearnet peers' : `${format.count(clearnet.length)} clearnet`);
  setText(
    byId('no-systems'),
    clearnet.length === 0
      ? 'Peers that come over the internet itself are counted here.'
      : 'Not available: the node has no map of autonomous systems (--asmap).',
  );
  if (!isMapped) return;
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const first = sorted.slice(0, MAX_SYSTEMS);
  const most = first[0]![1];
  const items = first.map(([as, count]) => {
    const tip = `${count} of ${clearnet.length} peers · ${format.percent(count, clearnet.length)}\u202f%`;
    return listItem(`AS${as}`, count, [['as', (count * 100) / most]], tip);
  });
  const others = sorted.slice(MAX_SYSTEMS);
  const rest = others.reduce((sum, [, count]) => sum + count, 0);
  const left =
    rest === 0 ? [] : [listItem(`${others.length} others`, rest, [['as', Math.min(100, (rest * 100) / most)]])];
  replaceKeepingFocus(byId('systems'), [...items, ...left]);
}

function listItem(
  word: string,
  count: number,
  parts: readonly (readonly [string, number])[],
  tip?: string,
): HTMLElement {
  const number = el('span', { class: 'n' }, format.count(count));
  const item = el(
    'li',
    { tabindex: tip === undefined ? undefined : 0 },
    el('span', { class: 'l' }, word),
    number,
    bar(parts),
  );
  if (tip !== undefined) item.append(el('span', { class: 'tip' }, tip));
  return item;
}

/** Replaces a list's items; the item at the focused place gets the focus again. */
function replaceKeepingFocus(list: Element, items: readonly HTMLElement[]): void {
  const at = [...list.children].indexOf(document.activeElement as Element);
  list.replaceChildren(...items);
  if (at !== -1) items[at]?.focus({ preventScroll: true });
}

function showAddressBook({ addrman, totals }: NodeState): void {
  if (totals === undefined) return;
  byId('book').hidden = addrman === null;
  byId('no-book').hidden = addrman !== null;
  if (addrman === null) return;
  showFill('new', addrman.new);
  showFill('tried', addrman.tried);
  const { processed = 0, limited = 0 } = totals?.addresses ?? {};
  const words =
    processed + limited === 0
      ? 'Nothing told yet'
      : `Since start: ${format.count(processed)} taken, ${format.count(limited)} over the rate limit`;
  setText(byId('book-note'), words);
}

function showFill(name: 'new' | 'tried', { count, slots, networks }: TableFill): void {
  const share = count === 0 ? '' : ` · ${format.percent(count, slots)}\u202f%`;
  byId(`${name}-count`).replaceChildren(el('b', {}, format.count(count)), ` of ${format.count(slots)} slots${share}`);
  const parts = networks.map((part, at) => [NETWORKS[at]!.id, (part * 100) / slots] as const);
  byId(`${name}-bar`).replaceChildren(bar(parts, 0.4));
}

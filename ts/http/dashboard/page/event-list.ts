// The last events, and the bans.

import type { Bans, LogEntry } from '../wire.ts';
import { byId, el, quantityNodes, setText } from './dom.ts';
import * as format from './format.ts';
import { shortened } from './header.ts';
import { networkWord } from './networks.ts';
import type { NodeState } from './node-state.ts';

/** Entries shown at first; a button shows the rest. */
const SHOWN_ENTRIES = 20;

/** Longest address in a row, in characters. */
const MAX_ADDRESS_CHARS = 24;

let showsAll = false;
let lastLog: readonly LogEntry[] = [];
let lastBans = '';

/** Draws changes. */
export function showEvents({ log, bans, nowSeconds }: NodeState): void {
  if (log.length !== lastLog.length || log[0] !== lastLog[0]) drawLog(log);
  const key = `${JSON.stringify(bans)}${Math.floor(nowSeconds / 60)}`;
  if (key === lastBans) return;
  lastBans = key;
  drawBans(bans, nowSeconds);
}

function drawLog(log: readonly LogEntry[]): void {
  lastLog = [...log];
  const shown = showsAll ? log : log.slice(0, SHOWN_ENTRIES);
  byId('events').replaceChildren(...shown.map(rowOf));
  byId('no-events').hidden = log.length > 0;
  const more = byId('more-events');
  more.hidden = log.length <= SHOWN_ENTRIES;
  setText(more, showsAll ? 'Show fewer' : `Show all ${log.length}`);
  more.onclick = () => {
    showsAll = !showsAll;
    drawLog(log);
  };
}

function rowOf({ time, kind, inbound, network, address, id, detail }: LogEntry): HTMLElement {
  const isBad = kind === 'banned' || kind === 'discouraged';
  const word = networkWord(network);
  const direction =
    inbound === null ? [] : [el('span', { class: inbound ? 'sq in' : 'sq out' }), inbound ? 'in' : 'out'];
  return el(
    'tr',
    {},
    el('td', { class: 'time' }, format.clockTime(time)),
    el('td', { class: isBad ? 'bad' : kind === 'connected' ? '' : 't2' }, kind),
    el('td', { class: 't2' }, ...direction),
    el('td', { class: 't2 e-net' }, ...(word === '' ? [] : [el('span', { class: `dot ${word}` }), word])),
    el('td', { class: 'mono e-addr', title: address }, shortened(address, MAX_ADDRESS_CHARS)),
    el('td', { class: 'e-id num' }, id === null ? '–' : String(id)),
    el('td', { class: 't2', title: detail }, detail),
  );
}

function drawBans(bans: Bans | null, nowSeconds: number): void {
  const list = bans?.list ?? [];
  byId('bans').replaceChildren(
    ...list.map(([subnet, until]) =>
      el(
        'tr',
        {},
        el('td', { class: 'mono', title: subnet }, shortened(subnet, MAX_ADDRESS_CHARS)),
        el('td', { class: 't2' }, 'setban'),
        el('td', { class: 'num' }, ...quantityNodes(format.duration(until - nowSeconds))),
      ),
    ),
  );
  byId('bans-table').hidden = list.length === 0;
  const words = bans === null ? 'not available: the node keeps no list' : bansText(bans);
  setText(byId('bans-head'), words);
}

function bansText({ count, discouraged }: Bans): string {
  const banned = count === 0 ? 'none' : `${format.count(count)} banned`;
  return discouraged === 0 ? banned : `${banned}, ${format.count(discouraged)} discouraged until restart`;
}

// The Stratum V2 server: its figures, and a table of its clients. Hidden if there is none.

import type { Sv2Row, Sv2Totals } from '../wire.ts';
import { byId, el, quantityNodes, setParts, setText } from './dom.ts';
import { FigureList } from './charts/figure-list.ts';
import * as format from './format.ts';
import { shortened } from './header.ts';
import type { NodeState } from './node-state.ts';

const TITLES = {
  'sv2-clients': ['Clients'],
  'sv2-handshakes': ['Handshakes'],
  'sv2-templates': ['Templates sent'],
  'sv2-solutions': ['Solutions'],
  'sv2-messages': ['Messages'],
} as const;

/** Longest address in a row, in characters. */
const MAX_ADDRESS_CHARS = 24;

export class Sv2Section {
  readonly #list = new FigureList('sv2-figures', TITLES);
  #shown = '';

  show({ hello, totals, sv2, nowSeconds }: NodeState): void {
    byId('sv2').hidden = sv2 === null;
    document.documentElement.dataset['shows'] = hello?.shows.node === false ? 'sv2' : 'node';
    if (sv2 === null || totals === undefined) return;
    this.#list.add(showFigures(sv2), totals.time);
    // Ages change even if nothing else does.
    const key = `${JSON.stringify(sv2.list)}${Math.floor(nowSeconds / 10)}`;
    if (key === this.#shown) return;
    this.#shown = key;
    showClients(sv2, nowSeconds);
  }
}

/** Clients in any state. */
export function clientCountOf({ clients }: Sv2Totals): number {
  return clients.handshake + clients.setup + clients.ready;
}

function showFigures(sv2: Sv2Totals): Record<keyof typeof TITLES, number> {
  const { clients, handshakes, received, sent } = sv2;
  const values = {
    'sv2-clients': clientCountOf(sv2),
    'sv2-handshakes': handshakes.ok,
    'sv2-templates': countOf(sent, 'NewTemplate'),
    'sv2-solutions': countOf(received, 'SubmitSolution'),
    'sv2-messages': sumOf(received) + sumOf(sent),
  };
  for (const [name, value] of Object.entries(values)) setText(byId(`f-${name}`), format.count(value));
  const waiting = clients.handshake + clients.setup;
  setParts(byId('s-sv2-clients'), [[format.count(clients.ready)], ' ready · ', [format.count(waiting)], ' on the way']);
  setParts(byId('s-sv2-handshakes'), [[format.count(handshakes.failed)], ' failed']);
  setParts(byId('s-sv2-templates'), [[format.count(countOf(sent, 'SetNewPrevHash'))], ' new blocks told']);
  setText(byId('s-sv2-solutions'), 'handed in by clients');
  setParts(byId('s-sv2-messages'), [[format.count(sumOf(received))], ' in · ', [format.count(sumOf(sent))], ' out']);
  return values;
}

function showClients(sv2: Sv2Totals, nowSeconds: number): void {
  const { list } = sv2;
  const all = clientCountOf(sv2);
  byId('sv2-table').hidden = list.length === 0;
  byId('no-clients').hidden = list.length > 0;
  setText(byId('sv2-count'), list.length === 0 ? '' : `${format.count(list.length)} of ${format.count(all)} shown`);
  byId('sv2-rows').replaceChildren(...list.map((row) => rowOf(row, nowSeconds)));
}

function rowOf(row: Sv2Row, nowSeconds: number): HTMLElement {
  const { id, address, state, agent, templates, solutions, lastSolution } = row;
  const last =
    lastSolution === null ? '–' : `${format.text(format.duration(Math.max(0, nowSeconds - lastSolution)))} ago`;
  const number = (value: number): HTMLElement => el('td', { class: 'num' }, format.count(value));
  const size = (bytes: number): HTMLElement => el('td', { class: 'num wide' }, ...quantityNodes(format.bytes(bytes)));
  return el(
    'tr',
    {},
    el('td', { class: 'num e-id' }, String(id)),
    el('td', { class: 'mono', title: address }, shortened(address, MAX_ADDRESS_CHARS)),
    el('td', { class: state === 'ready' ? '' : 't2' }, state),
    el('td', { class: 't2 wide', title: agent }, agent),
    el('td', { class: 'num wide' }, ...quantityNodes(format.duration(nowSeconds - row.since))),
    size(row.received),
    size(row.sent),
    number(templates),
    el('td', { class: row.dropped > 0 ? 'num wide bad' : 'num wide' }, format.count(row.dropped)),
    number(solutions),
    el('td', { class: 'num wide' }, last),
  );
}

function countOf(messages: Sv2Totals['sent'], type: string): number {
  return messages.find(([name]) => name === type)?.[1] ?? 0;
}

function sumOf(messages: Sv2Totals['sent']): number {
  return messages.reduce((sum, [, count]) => sum + count, 0);
}

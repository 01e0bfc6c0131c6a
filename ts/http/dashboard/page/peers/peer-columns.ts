// The columns of the peer table: their content, and their sort keys.

import type { PeerRow } from '../../wire.ts';
import { el, quantityNodes } from '../dom.ts';
import * as format from '../format.ts';
import { shortened } from '../header.ts';
import { networkWord, typeWord } from '../networks.ts';

/** What a cell shows of a row. */
export interface Column {
  readonly key: string;
  readonly title: string;
  /** The full name, where the title is short. */
  readonly hint?: string;
  /** Width of the `col`, and classes of the cells. */
  readonly width: string;
  readonly classes: string;
  /** The sort key; numbers sort descending first, texts ascending. */
  readonly sortBy: (row: PeerRow) => number | string;
  /** The text by which a changed cell is recognized. */
  readonly text: (row: PeerRow, now: number) => string;
  /** Default: the text. */
  readonly nodes?: (row: PeerRow, now: number) => readonly (Node | string)[];
  /** The tooltip. */
  readonly tip?: (row: PeerRow) => string;
}

const SERVICE_LETTERS = [...'nbwcl2'];

const unknown = (): HTMLElement => el('span', { class: 'off' }, '–');

/** A column of values with units; an unknown value is a dash. */
function measured(
  column: Pick<Column, 'key' | 'title' | 'width' | 'classes'> & { hint?: string },
  value: (row: PeerRow, now: number) => number | null,
  quantity: (value: number) => format.Quantity,
): Column {
  return {
    ...column,
    // Unknown values come last, in either direction.
    sortBy: (row) => value(row, 0) ?? -Infinity,
    text: (row, now) => {
      const known = value(row, now);
      return known === null ? '' : format.text(quantity(known));
    },
    nodes: (row, now) => {
      const known = value(row, now);
      return known === null ? [unknown()] : quantityNodes(quantity(known));
    },
  };
}

const since = (seconds: number, now: number): number | null => (seconds === 0 ? null : Math.max(0, now - seconds));

/** All of them, from left to right. */
export const COLUMNS: readonly Column[] = [
  { key: 'id', title: 'Id', width: 'c-id', classes: 'num t3', sortBy: ({ id }) => id, text: ({ id }) => String(id) },
  {
    key: 'direction',
    title: 'Dir',
    hint: 'Direction',
    width: 'c-dir',
    classes: 'd-dir t2',
    sortBy: ({ inbound }) => (inbound ? 'in' : 'out'),
    text: ({ inbound }) => (inbound ? 'in' : 'out'),
    nodes: ({ inbound }) => {
      const word = inbound ? 'in' : 'out';
      return [el('span', { class: `sq ${word}` }), word];
    },
  },
  {
    key: 'type',
    title: 'Type',
    width: 'c-type',
    classes: 't2',
    sortBy: ({ type }) => typeWord(type),
    text: ({ type }) => typeWord(type),
  },
  {
    key: 'network',
    title: 'Network',
    width: 'c-net',
    classes: 'd-net t2',
    sortBy: ({ network }) => networkWord(network),
    text: ({ network }) => networkWord(network),
    nodes: ({ network }) => [el('span', { class: `dot ${networkWord(network)}` }), networkWord(network)],
  },
  {
    key: 'address',
    title: 'Address',
    width: 'c-addr',
    classes: 'd-addr mono',
    sortBy: ({ address }) => address,
    text: ({ address }) => shortened(address, 25),
    tip: ({ address }) => address,
  },
  {
    key: 'transport',
    title: 'V',
    hint: 'Transport version',
    width: 'c-v',
    classes: 't2',
    sortBy: ({ transport }) => transport,
    text: ({ transport }) => (transport === 'detecting' ? '…' : transport),
  },
  {
    key: 'services',
    title: 'Services',
    hint: 'n network, b bloom, w witness, c compact filters, l limited, 2 v2 transport',
    width: 'c-srv',
    classes: 'mono t2',
    sortBy: ({ services }) => services,
    text: ({ services }) => services || ' ',
    nodes: ({ services }) =>
      SERVICE_LETTERS.map((letter) => (services.includes(letter) ? letter : el('span', { class: 'off' }, '·'))),
  },
  {
    key: 'agent',
    title: 'User agent',
    width: '',
    classes: 'd-ua t2',
    sortBy: ({ agent }) => agent,
    text: ({ agent }) => agent,
    tip: ({ agent }) => agent,
  },
  measured(
    { key: 'age', title: 'Age', hint: 'Connected for', width: 'c-age', classes: 'd-age num t2' },
    (row, now) => since(row.since, now),
    format.duration,
  ),
  measured(
    { key: 'lastReceive', title: 'Recv', hint: 'Last received', width: 'c-ago', classes: 'num t2' },
    (row, now) => since(row.lastReceive, now),
    format.duration,
  ),
  measured(
    { key: 'lastSend', title: 'Send', hint: 'Last sent', width: 'c-ago', classes: 'num t2' },
    (row, now) => since(row.lastSend, now),
    format.duration,
  ),
  measured(
    { key: 'ping', title: 'Ping', hint: 'Last ping', width: 'c-ping', classes: 'd-ping num' },
    (row) => row.ping,
    format.milliseconds,
  ),
  measured(
    { key: 'minPing', title: 'Min', hint: 'Lowest ping', width: 'c-ping', classes: 'num t2' },
    (row) => row.minPing,
    format.milliseconds,
  ),
  measured(
    { key: 'received', title: 'Received', width: 'c-by', classes: 'num' },
    (row) => row.received,
    (value) => format.bytes(value),
  ),
  measured(
    { key: 'sent', title: 'Sent', width: 'c-by', classes: 'num' },
    (row) => row.sent,
    (value) => format.bytes(value),
  ),
  {
    ...measured(
      { key: 'queue', title: 'Queue', hint: 'What waits, both ways', width: 'c-q', classes: 'num' },
      (row) => row.queue,
      (value) => format.bytes(value),
    ),
    nodes: ({ queue }) => (queue === 0 ? [el('span', { class: 'z' }, '0\u202fB')] : quantityNodes(format.bytes(queue))),
  },
  {
    key: 'permissions',
    title: 'Permissions',
    width: 'c-perm',
    classes: 't2',
    sortBy: ({ permissions }) => permissions,
    text: ({ permissions }) => permissions || ' ',
    nodes: ({ permissions }) => [permissions === '' ? unknown() : permissions],
    tip: ({ permissions }) => permissions,
  },
];

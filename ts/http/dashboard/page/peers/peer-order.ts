// Which peers the table shows, and in what order.

import type { PeerRow } from '../../wire.ts';
import { COLUMNS } from './peer-columns.ts';

/** What the table is sorted by. */
export interface Sorting {
  readonly key: string;
  readonly isAscending: boolean;
}

/** What the table is narrowed to. */
export interface Filtering {
  /** `all`, `in`, `out`, or a network. */
  readonly kind: string;
  /** Part of an address or a user agent, in lower case. */
  readonly words: string;
}

/** The rows that pass the filter, in order; equal ones by id. */
export function ordered(rows: Iterable<PeerRow>, sorting: Sorting, filtering: Filtering): PeerRow[] {
  const { sortBy } = COLUMNS.find(({ key }) => key === sorting.key)!;
  const sign = sorting.isAscending ? 1 : -1;
  return [...rows]
    .filter((row) => passes(row, filtering))
    .map((row) => ({ row, value: sortBy(row) }))
    .sort((a, b) => (a.value === b.value ? a.row.id - b.row.id : a.value < b.value ? -sign : sign))
    .map(({ row }) => row);
}

/**
 * The sorting after a click on a heading: times and texts ascending first, amounts descending; a second click reverses it.
 */
export function nextSorting(before: Sorting, key: string): Sorting {
  if (before.key === key) return { key, isAscending: !before.isAscending };
  return { key, isAscending: !['received', 'sent', 'queue', 'ping', 'minPing', 'age'].includes(key) };
}

function passes({ inbound, network, address, agent }: PeerRow, { kind, words }: Filtering): boolean {
  const isKind = kind === 'all' || kind === network || kind === (inbound ? 'in' : 'out');
  return isKind && (words === '' || address.toLowerCase().includes(words) || agent.toLowerCase().includes(words));
}

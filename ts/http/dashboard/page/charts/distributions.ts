// Histograms, with growing bins, of the peers' pings and of how long they have been connected.

import type { PeerRow } from '../../wire.ts';
import { byId, el, setParts, setText, svg } from '../dom.ts';
import * as format from '../format.ts';
import { LOCAL, NETWORKS, networkWord } from '../networks.ts';
import type { NodeState } from '../node-state.ts';

/** Bin edges of pings, in milliseconds, and labels for some of them. */
const PING_EDGES = [10, 25, 50, 100, 250, 500, 1_000, 2_500];
const PING_WORDS = ['', '10', '', '50', '', '250', '', '1 s', '', ''];

/** Bin edges of ages, in seconds. */
const AGE_EDGES = [60, 600, 3_600, 21_600, 86_400, 259_200];
const AGE_WORDS = ['', '1 m', '10 m', '1 h', '6 h', '1 d', '3 d', ''];

const NETWORK_CLASSES = [...NETWORKS.map(({ id }) => id as string), LOCAL];
const DIRECTION_CLASSES = ['in', 'out'];

export function showDistributions(state: NodeState): void {
  const rows = [...state.peers.values()];
  showPings(rows);
  showAges(rows, state);
}

function showPings(rows: readonly PeerRow[]): void {
  const known = rows.filter(({ ping }) => ping !== null);
  const values = known.map(({ ping, network }) => ({ value: ping!, kind: networkWord(network) }));
  const tallest = draw('pings', PING_EDGES, PING_WORDS, NETWORK_CLASSES, values);
  setText(byId('pings-head'), known.length === 0 ? 'ms' : `ms · tallest ${peersOf(tallest)}`);
  const note = byId('pings-note');
  const middle = medianOf(known);
  if (middle === undefined) return setText(note, rows.length === 0 ? 'No peers yet' : 'No answer to a ping yet');
  const clearnet = medianOf(known.filter(({ network }) => network === 'ipv4' || network === 'ipv6'));
  const onion = medianOf(known.filter(({ network }) => network === 'onion'));
  setParts(note, [
    'Median ',
    [middle],
    ...(clearnet === undefined ? [] : ['; clearnet ', [clearnet] as const]),
    ...(onion === undefined ? [] : [', onion ', [onion] as const]),
  ]);
  byId('pings').firstElementChild?.setAttribute('aria-label', `Ping of ${peersOf(known.length)}, median ${middle}`);
}

function showAges(rows: readonly PeerRow[], { nowSeconds, totals }: NodeState): void {
  const ages = rows.map(({ since, inbound }) => ({
    value: Math.max(0, nowSeconds - since),
    kind: inbound ? 'in' : 'out',
  }));
  const tallest = draw('ages', AGE_EDGES, AGE_WORDS, DIRECTION_CLASSES, ages);
  setText(byId('ages-head'), rows.length === 0 ? '' : `tallest ${peersOf(tallest)}`);
  const middle = format.median(ages.map(({ value }) => value));
  const note = byId('ages-note');
  const ended: (string | readonly [string])[] = ['; since start ', [format.count(totals?.ended ?? 0)], ' ended'];
  if (middle === undefined) setText(note, 'No peers yet');
  else setParts(note, ['Median ', [format.text(format.duration(middle))], ...ended]);
  const label = `Ages of ${peersOf(rows.length)}${middle === undefined ? '' : `, median ${format.text(format.duration(middle))}`}`;
  byId('ages').firstElementChild?.setAttribute('aria-label', label);
}

/** Draws a stacked histogram. @returns The count of the tallest bin. */
function draw(
  id: string,
  edges: readonly number[],
  words: readonly string[],
  kinds: readonly string[],
  values: readonly { readonly value: number; readonly kind: string }[],
): number {
  const binCount = edges.length + 1;
  const bins = Array.from({ length: binCount }, () => kinds.map(() => 0));
  for (const { value, kind } of values) {
    const at = edges.findIndex((edge) => value < edge);
    bins[at === -1 ? binCount - 1 : at]![kinds.indexOf(kind)]!++;
  }
  const tallest = Math.max(1, ...bins.map((bin) => bin.reduce((sum, part) => sum + part, 0)));
  const marks = bins.flatMap((bin, at) => {
    let y = 100;
    return bin.flatMap((part, kind) => {
      const height = (part * 100) / tallest;
      y -= height;
      const place = { x: at * 10 + 0.5, width: 9, y: y.toFixed(2), height: height.toFixed(2) };
      return part === 0 ? [] : [svg('rect', { class: kinds[kind], ...place })];
    });
  });
  const width = binCount * 10;
  const axis = svg('line', { class: 'axis', x1: 0, x2: width, y1: 100, y2: 100 });
  const view = { viewBox: `0 0 ${width} 100`, preserveAspectRatio: 'none', role: 'img', 'aria-label': 'No peers yet' };
  const labels = el('div', { class: 'x', 'aria-hidden': true }, ...words.map((word) => el('span', {}, word)));
  byId(id).replaceChildren(svg('svg', view, ...marks, axis), labels);
  return values.length === 0 ? 0 : tallest;
}

function medianOf(rows: readonly PeerRow[]): string | undefined {
  const middle = format.median(rows.flatMap(({ ping }) => (ping === null ? [] : [ping])));
  return middle === undefined ? undefined : format.text(format.milliseconds(middle));
}

function peersOf(count: number): string {
  return count === 1 ? '1 peer' : `${format.count(count)} peers`;
}

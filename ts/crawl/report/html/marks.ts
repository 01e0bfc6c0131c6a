// The elements of the page: bars, lines, tables. Every attribute is a number or one of our own names.

import { REPORT_NETWORKS } from '../tally/summary.ts';
import type { ReportNetwork } from '../tally/summary.ts';

/** Names of the networks as the page shows them. */
export const NETWORK_TITLES: Readonly<Record<ReportNetwork, string>> = {
  ipv4: 'IPv4',
  ipv6: 'IPv6',
  onion: 'Onion',
  i2p: 'I2P',
  cjdns: 'CJDNS',
};

/** Gap between the parts of a bar, in hundredths of its width: neighbours can be told apart without colour. */
const GAP = 0.25;

/** A part of a bar: its class, which sets the colour, and its share of the whole, 0 to 1. */
export interface Part {
  readonly class: string;
  readonly share: number;
}

/** A flat bar of parts, one after the other. The same figures stand beside it as numbers. */
export function bar(parts: readonly Part[]): string {
  let at = 0;
  const marks = parts
    .filter(({ share }) => share > 0)
    .map(({ class: name, share }) => {
      const x = at;
      at += share * 100;
      const width = Math.max(0.1, Math.min(100, at) - x - (at < 99.9 ? GAP : 0));
      return `<rect class="${name}" x="${x.toFixed(2)}" width="${width.toFixed(2)}" height="10"/>`;
    });
  return `<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="10"/>${marks.join('')}</svg>`;
}

/** A bar of one part. */
export const fill = (name: string, share: number): string => bar([{ class: name, share: Math.min(1, share) }]);

/** The path of a line through values, from edge to edge of a box, with the lowest value at the bottom. */
export function linePath(
  values: readonly number[],
  { width, top, bottom, min, max }: { width: number; top: number; bottom: number; min: number; max: number },
): string {
  const step = values.length < 2 ? 0 : width / (values.length - 1);
  const y = (value: number): number =>
    max === min ? (top + bottom) / 2 : bottom - ((value - min) / (max - min)) * (bottom - top);
  return values.map((value, at) => `${at === 0 ? 'M' : 'L'}${(at * step).toFixed(1)},${y(value).toFixed(1)}`).join('');
}

/** A dot in the colour of a network, and the network's name. */
export const networkLabel = (network: ReportNetwork): string =>
  `<span class="dot ${network}"></span>${NETWORK_TITLES[network]}`;

/** Legend of the network colours. */
export const legend = (networks: readonly ReportNetwork[] = REPORT_NETWORKS): string =>
  `<p class="legend">${networks.map((network) => `<span>${networkLabel(network)}</span>`).join('')}</p>`;

/** A section: heading and note in the margin, content beside them. */
export const section = (id: string, title: string, note: string, body: string): string =>
  `<section id="${id}"><header><h2>${title}</h2><p>${note}</p></header><div class="body">${body}</div></section>`;

/** A table that scrolls sideways where it is wider than the page. */
export const wideTable = (label: string, table: string): string =>
  `<div class="wide" tabindex="0" role="region" aria-label="${label}">${table}</div>`;

export const numberCell = (content: string, name: string = ''): string =>
  `<td class="num${name === '' ? '' : ` ${name}`}">${content}</td>`;

/** A sentence in place of a figure that cannot be shown. */
export const sentence = (text: string): string => `<p class="note">${text}</p>`;

// How full the buckets of an address book are, as an SVG that follows the reader's light or dark theme.
//
// Each bucket is a column of 64 slots, filled from below, with a colour for each network. An entry's position in its bucket
// is left out: it comes from a keyed hash, and would look like noise. The picture shows whether buckets fill evenly. A
// source that sends a flood reaches 64 of the 1,024 new buckets, and they stand out.

import { ANY_NETWORK } from '../../addrman/tables/bucket-table.ts';
import type { BucketTable } from '../../addrman/tables/bucket-table.ts';
import { BUCKET_SLOTS } from '../../addrman/limits.ts';
import { NETWORK_NUMBERS } from '../../netaddr/networks/network.ts';
import type { NetworkClass } from '../../netaddr/networks/network.ts';
import { fillOf, grouped, networksIn } from '../addrman/report.ts';
import type { InspectedPeers } from '../addrman/report.ts';

/** Buckets side by side: a quarter of the new table, and the whole tried one, at one scale. */
const BAND_BUCKETS = 256;

// Lengths in pixels.
const BUCKET_WIDTH = 4;
const SLOT_HEIGHT = 1.25;
const BAND_WIDTH = BAND_BUCKETS * BUCKET_WIDTH;
const BAND_HEIGHT = BUCKET_SLOTS * SLOT_HEIGHT;
const BAND_GAP = 30;
const LEFT = 44;
const RIGHT = 24;
const HEAD_HEIGHT = 104;
const TABLE_HEAD_HEIGHT = 34;
const FOOT_HEIGHT = 26;
const LABELLED_BUCKETS = 64;

/** Clearnet is blue; the networks on top of it have colours that differ from blue. */
const COLOURS: Readonly<Record<NetworkClass, string>> = {
  ipv4: '#1864ab',
  ipv6: '#4dabf7',
  onion: '#9c36b5',
  i2p: '#f08c00',
  cjdns: '#37b24d',
  internal: '#868e96',
  not_publicly_routable: '#868e96',
};

const NAMES: Readonly<Record<NetworkClass, string>> = {
  ipv4: 'IPv4',
  ipv6: 'IPv6',
  onion: 'Tor',
  i2p: 'I2P',
  cjdns: 'CJDNS',
  internal: 'internal',
  not_publicly_routable: 'not routable',
};

const STYLE = `
svg { background: #fff; font: 12px system-ui, sans-serif } text { fill: #212529 }
.title { font-size: 18px; font-weight: 600 } .heading { font-weight: 600 } .faint { fill: #868e96; font-size: 11px }
.empty { fill: #f1f3f5 } .half { stroke: #868e96; stroke-width: 0.5; stroke-dasharray: 2 3 }
@media (prefers-color-scheme: dark) { svg { background: #16181b } text { fill: #e9ecef } .faint { fill: #adb5bd }
  .empty { fill: #25282c } }
`;

/** Draws both tables. @returns An SVG document, some 30 kB for a full address book. */
export function drawBuckets(peers: InspectedPeers): string {
  const { addrMan, chainName, header } = peers;
  const { newTable, triedTable } = addrMan.tables;
  const networks = networksIn(addrMan);
  const newTop = HEAD_HEIGHT;
  const triedTop = newTop + tableHeight(newTable) + TABLE_HEAD_HEIGHT / 2;
  const width = LEFT + BAND_WIDTH + RIGHT;
  const height = triedTop + tableHeight(triedTable) + FOOT_HEIGHT;
  const title = `Address book of ${chainName}`;
  const counts = `${grouped(addrMan.size(undefined, true))} new addresses, ${grouped(addrMan.size(undefined, false))} tried`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title}: ${counts}">`,
    `<style>${STYLE}</style>`,
    label(LEFT, 32, title, 'title'),
    label(LEFT, 54, `${counts}; peers.dat of format ${header.format}`),
    ...drawLegend(networks.map((network) => [network, addrMan.size(network)])),
    ...drawTable('New: heard of', newTable, networks, newTop),
    ...drawTable('Tried: connected to', triedTable, networks, triedTop),
    label(LEFT, height - 10, 'Each column is a bucket of 64 slots, filled from below. Dashed: half full.', 'faint'),
    '</svg>',
    '',
  ].join('\n');
}

function drawLegend(counts: readonly (readonly [NetworkClass, number])[]): string[] {
  let x = LEFT;
  return counts.flatMap(([network, count]) => {
    const text = `${NAMES[network]} ${grouped(count)}`;
    const parts = [
      `<rect x="${x}" y="68" width="11" height="11" fill="${COLOURS[network]}"/>`,
      label(x + 17, 78, text),
    ];
    x += 44 + text.length * 6.6;
    return parts;
  });
}

function tableHeight(table: BucketTable): number {
  return TABLE_HEAD_HEIGHT + bandStarts(table).length * (BAND_HEIGHT + BAND_GAP);
}

/** The first bucket of each band. */
function bandStarts(table: BucketTable): number[] {
  return Array.from({ length: table.bucketCount / BAND_BUCKETS }, (_, band) => band * BAND_BUCKETS);
}

function drawTable(heading: string, table: BucketTable, networks: readonly NetworkClass[], top: number): string[] {
  const counts = Array.from({ length: table.bucketCount }, (_, bucket) => table.entryCount(bucket, ANY_NETWORK));
  const range = `${Math.min(...counts)} to ${Math.max(...counts)} in a bucket`;
  return [
    label(LEFT, top + 18, `<tspan class="heading">${heading}</tspan><tspan dx="10">${fillOf(table)}, ${range}</tspan>`),
    ...bandStarts(table).flatMap((start, band) =>
      drawBand(table, start, networks, top + TABLE_HEAD_HEIGHT + band * (BAND_HEIGHT + BAND_GAP)),
    ),
  ];
}

function drawBand(table: BucketTable, start: number, networks: readonly NetworkClass[], top: number): string[] {
  const bottom = top + BAND_HEIGHT;
  const middle = top + BAND_HEIGHT / 2;
  const labelled = Array.from({ length: BAND_BUCKETS / LABELLED_BUCKETS }, (_, at) => at * LABELLED_BUCKETS);
  return [
    `<rect class="empty" x="${LEFT}" y="${top}" width="${BAND_WIDTH}" height="${BAND_HEIGHT}"/>`,
    `<g transform="translate(${LEFT} ${top}) scale(${BUCKET_WIDTH} ${SLOT_HEIGHT})" shape-rendering="crispEdges">`,
    ...skylines(table, start, networks),
    '</g>',
    `<path class="half" d="M${LEFT} ${middle}h${BAND_WIDTH}"/>`,
    label(LEFT - 6, top + 8, String(BUCKET_SLOTS), 'faint', 'end'),
    label(LEFT - 6, bottom, '0', 'faint', 'end'),
    ...labelled.map((at) => label(LEFT + at * BUCKET_WIDTH, bottom + 14, `bucket ${start + at}`, 'faint')),
  ];
}

/** An area for each network, drawn behind those before it, which cover its lower part. */
function skylines(table: BucketTable, start: number, networks: readonly NetworkClass[]): string[] {
  const heights = new Uint8Array(BAND_BUCKETS);
  const areas = networks.map((network) => {
    for (let at = 0; at < BAND_BUCKETS; at++) heights[at]! += table.entryCount(start + at, NETWORK_NUMBERS[network]);
    return `<path fill="${COLOURS[network]}" d="${skyline(heights)}"/>`;
  });
  return areas.reverse();
}

/** The outline of columns of these heights, in units of slots and buckets. */
function skyline(heights: Uint8Array): string {
  const steps: string[] = [];
  for (let at = 0; at < heights.length;) {
    const start = at;
    while (at < heights.length && heights[at] === heights[start]) at++;
    steps.push(`V${BUCKET_SLOTS - heights[start]!}h${at - start}`);
  }
  return `M0 ${BUCKET_SLOTS}${steps.join('')}V${BUCKET_SLOTS}z`;
}

function label(x: number, y: number, text: string, className?: string, anchor?: 'end'): string {
  const attributes = [
    className === undefined ? '' : ` class="${className}"`,
    anchor === undefined ? '' : ` text-anchor="${anchor}"`,
  ];
  return `<text x="${x}" y="${y}"${attributes.join('')}>${text}</text>`;
}

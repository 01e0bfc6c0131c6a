// The output of `sockman addrman`: a summary, counts by network, and the entries as a table or as JSON.

import type { AddrMan } from '../../addrman/addr-man.ts';
import { ANY_NETWORK } from '../../addrman/tables/bucket-table.ts';
import type { BucketTable } from '../../addrman/tables/bucket-table.ts';
import { KEY_BYTES } from '../../addrman/limits.ts';
import type { NetGroups } from '../../addrman/net-groups.ts';
import { NETWORK_BY_NUMBER } from '../../addrman/tables/network-numbers.ts';
import type { PeersHeader } from '../../addrman/file/peers-reader.ts';
import type { TableEntry } from '../../addrman/records.ts';
import { servicesHex } from '../../connman/statistics.ts';
import { NETWORK_NUMBERS } from '../../netaddr/networks/network.ts';
import type { NetworkClass } from '../../netaddr/networks/network.ts';
import { hashToHex } from '../../p2p/hash.ts';
import { serviceNames } from '../../p2p/protocol.ts';
import { layOut } from '../terminal/table.ts';
import type { Column } from '../terminal/table.ts';

/** A `peers.dat` that was read. */
export interface InspectedPeers {
  readonly path: string;
  readonly chainName: string;
  readonly byteCount: number;
  readonly addrMan: AddrMan;
  readonly header: PeersHeader;
}

/** The key of Bitcoin Core's own tests: a one, and zeros. */
const TEST_KEY = Uint8Array.from({ length: KEY_BYTES }, (_, index) => (index === 0 ? 1 : 0));

const COUNT_COLUMNS: readonly Column[] = [
  { heading: 'network', align: 'left' },
  { heading: 'new', align: 'right' },
  { heading: 'in slots', align: 'right' },
  { heading: 'tried', align: 'right' },
  { heading: 'all', align: 'right' },
];

const ENTRY_COLUMNS: readonly Column[] = [
  { heading: 'table', align: 'left' },
  { heading: 'bucket', align: 'right' },
  { heading: 'position', align: 'right' },
  { heading: 'refs', align: 'right' },
  { heading: 'seen', align: 'left' },
  { heading: 'last success', align: 'left' },
  { heading: 'failures', align: 'right' },
  { heading: 'services', align: 'right' },
  { heading: 'address', align: 'left' },
  { heading: 'source', align: 'left' },
];

/** Characters of a shown time: to the second. */
const TIME_CHARS = '2009-01-03T18:15:05'.length;

/** The networks that have an entry, by number. */
export function networksIn(addrMan: AddrMan): NetworkClass[] {
  return NETWORK_BY_NUMBER.filter((network) => addrMan.size(network) > 0);
}

/** Slots of a table that hold an entry of a network, or of any. */
function slotCount(table: BucketTable, network?: NetworkClass): number {
  const number = network === undefined ? ANY_NETWORK : NETWORK_NUMBERS[network];
  let count = 0;
  for (let bucket = 0; bucket < table.bucketCount; bucket++) count += table.entryCount(bucket, number);
  return count;
}

/** A number with separators: `65,536`. */
export function grouped(count: number): string {
  return count.toLocaleString('en');
}

/** `64,000 of 65,536 slots (98 %)`. */
export function fillOf(table: BucketTable): string {
  const [taken, all] = [slotCount(table), table.entries.length];
  return `${grouped(taken)} of ${grouped(all)} slots (${Math.round((100 * taken) / all)} %)`;
}

/** The kind of file, and how full its tables are. */
export function summaryLines(peers: InspectedPeers): string[] {
  const { addrMan, byteCount, chainName, header, path } = peers;
  const { newTable, triedTable } = addrMan.tables;
  return [
    `${path}: address book of ${chainName}, ${grouped(byteCount)} bytes`,
    `format    ${header.format}, for readers of format ${header.lowestCompatible} and newer`,
    `key       ${describeKey(addrMan.tables.key)}`,
    `AS map    ${describeMap(peers)}`,
    `new       ${fillOf(newTable)}, ${describeBuckets(newTable)}${describeDropped(header.newCount, addrMan, true)}`,
    `tried     ${fillOf(triedTable)}, ${describeBuckets(triedTable)}${describeDropped(header.triedCount, addrMan, false)}`,
  ];
}

/** The key keeps positions secret, and is never shown. */
function describeKey(key: Uint8Array): string {
  const isTestKey = key.every((byte, index) => byte === TEST_KEY[index]);
  return isTestKey ? 'that of Bitcoin Core’s tests: anybody can tell the places' : 'secret';
}

function describeMap({ addrMan, header }: InspectedPeers): string {
  const hasVersion = header.mapVersion.some((byte) => byte !== 0);
  const version = hasVersion ? `version ${hashToHex(header.mapVersion)}` : 'none';
  if (header.isRestored) return version;
  const reader = addrMan.groups.asMap === undefined ? 'no map' : 'the map given';
  return `${version}; the new buckets shown are not those of the file, but what a node with ${reader} makes of it`;
}

function describeBuckets(table: BucketTable): string {
  const used = table.occupiedBucketCount(ANY_NETWORK);
  return `in ${grouped(used)} of ${grouped(table.bucketCount)} buckets`;
}

/** Entries of the file that are missing in the tables: invalid addresses, and those that found no slot. */
function describeDropped(announced: number, addrMan: AddrMan, isNew: boolean): string {
  const dropped = announced - addrMan.size(undefined, isNew);
  return dropped === 0 ? '' : `; dropped: ${grouped(dropped)}`;
}

/** Counts by network: entries of both tables, and slots of the new one, of which an entry can have eight. */
export function countLines(addrMan: AddrMan): string[] {
  const { newTable } = addrMan.tables;
  const row = (name: string, network?: NetworkClass): string[] => [
    name,
    grouped(addrMan.size(network, true)),
    grouped(slotCount(newTable, network)),
    grouped(addrMan.size(network, false)),
    grouped(addrMan.size(network)),
  ];
  return layOut(COUNT_COLUMNS, [...networksIn(addrMan).map((network) => row(network, network)), row('all')], 0);
}

/** Every occupied slot as a line. @param maxColumns - Width of the screen; 0 for no limit. */
export function entryLines(addrMan: AddrMan, maxColumns: number): string[] {
  const slots = [false, true].flatMap((isTried) => addrMan.getEntries(isTried));
  return layOut(ENTRY_COLUMNS, slots.map(entryCells), maxColumns);
}

function entryCells({ entry, position }: TableEntry): string[] {
  return [
    tableName(position.isTried),
    String(position.bucket),
    String(position.position),
    String(position.multiplicity),
    timeText(entry.timeSeconds),
    timeText(entry.lastSuccessSeconds),
    String(entry.attempts),
    entry.services.toString(16),
    String(entry.service),
    String(entry.source),
  ];
}

/** One occupied slot as JSON, without line breaks. */
export function entryJson({ entry, position }: TableEntry, groups: NetGroups): string {
  const { service, source } = entry;
  return JSON.stringify({
    table: tableName(position.isTried),
    bucket: position.bucket,
    position: position.position,
    refs: position.multiplicity,
    address: String(service.address),
    port: service.port,
    network: service.address.getNetwork(),
    mapped_as: groups.asNumber(service.address) || undefined,
    services: servicesHex(entry.services),
    servicesnames: serviceNames(entry.services),
    time: entry.timeSeconds,
    last_success: entry.lastSuccessSeconds,
    last_try: null,
    attempts: entry.attempts,
    source: String(source),
    source_network: source.getNetwork(),
    source_mapped_as: groups.asNumber(source) || undefined,
  });
}

function tableName(isTried: boolean): string {
  return isTried ? 'tried' : 'new';
}

/** A time in UTC; a dash for never. Files can contain times that no calendar has. */
function timeText(seconds: number): string {
  if (seconds === 0) return '-';
  const date = new Date(seconds * 1_000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().slice(0, TIME_CHARS).replace('T', ' ');
}

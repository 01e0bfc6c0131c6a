// Reads `peers.dat` of every format (peers-format.ts).
//
// The file may be damaged, of another network, from a newer release or forged: no count is trusted before its bytes are
// there, and any fault gives a reason, never half an address book. (Bitcoin Core src/addrman.cpp, AddrManImpl::Unserialize)

import { readAddressV1, readAddressV2 } from '../../netaddr/encoding.ts';
import { LANES } from '../../p2p/hash-lanes.ts';
import { doubleSha256 } from '../../p2p/hash.ts';
import { ByteReader } from '../../util/bytes/bytes.ts';
import { equalBytes } from '../../util/bytes/compare-bytes.ts';
import { DecodeError } from '../../util/errors/errors.ts';
import { createSecureRandom } from '../../util/random.ts';
import { AddrMan } from '../addr-man.ts';
import type { AddrManOptions } from '../addr-man.ts';
import { readDiskAddress } from '../../storage/disk-address.ts';
import { AddressTables } from '../tables/address-tables.ts';
import { NO_MAP_VERSION } from '../asmap/as-map.ts';
import { NO_ENTRY } from '../tables/bucket-table.ts';
import { findContradiction } from '../tables/consistency.ts';
import { KEY_BYTES, NEW_BUCKET_COUNT, NEW_SLOTS, TRIED_SLOTS } from '../limits.ts';
import { NetGroups } from '../net-groups.ts';
import * as format from './peers-format.ts';
import { BucketRestorer } from './peers-restore.ts';

/** The head of a file: all but its entries. */
export interface PeersHeader {
  readonly format: number;
  /** The lowest format whose readers can read the file. */
  readonly lowestCompatible: number;
  /** Entries announced, including those that were dropped. */
  readonly newCount: number;
  readonly triedCount: number;
  /** The version of the AS map that the buckets were made with, 32 bytes; zeros for none. */
  readonly mapVersion: Uint8Array;
  /** Whether entries are in the file's new buckets; if not, in those of their first source. */
  readonly isRestored: boolean;
}

/** The outcome of reading a file. */
export type PeersOutcome =
  | { readonly kind: 'loaded'; readonly addrMan: AddrMan; readonly header: PeersHeader }
  | { readonly kind: 'corrupt'; readonly reason: string }
  | { readonly kind: 'newerFormat'; readonly lowestCompatible: number };

/** Bytes of an IPv4 entry with few services: no kept entry is shorter. */
const MIN_ENTRY_BYTES = 35;

/** Why a file is refused although its bytes could be read. */
class Refused extends Error {}

/**
 * Reads a whole `peers.dat`.
 *
 * New entries that no bucket refers to, tried entries whose slot is taken, and addresses that are not valid are
 * dropped. Buckets are kept as they are if the AS map is the one the file was written with, else made anew.
 *
 * @param magic - The four bytes that name the network.
 * @param options - As for a new address manager; the key is the file's.
 */
export function parsePeers(bytes: Uint8Array, magic: Uint8Array, options: AddrManOptions = {}): PeersOutcome {
  try {
    return parse(bytes, magic, options);
  } catch (error) {
    if (error instanceof DecodeError || error instanceof Refused) return { kind: 'corrupt', reason: error.message };
    throw error;
  }
}

function parse(bytes: Uint8Array, magic: Uint8Array, options: AddrManOptions): PeersOutcome {
  const reader = new ByteReader(bytes);
  if (!equalBytes(reader.bytes(format.MAGIC_BYTES), magic)) throw new Refused('of another network (wrong magic)');
  const fileFormat = reader.uint8();
  const lowestCompatible = reader.uint8() - format.COMPATIBLE_BASE;
  if (lowestCompatible < 0) throw new Refused(`no such format (${fileFormat}, compatible with ${lowestCompatible})`);
  if (lowestCompatible > format.FORMAT) return { kind: 'newerFormat', lowestCompatible };

  const key = reader.bytesCopy(KEY_BYTES);
  const newCount = readCount(reader, 'new', NEW_SLOTS);
  const triedCount = readCount(reader, 'tried', TRIED_SLOTS);
  const bucketCount = reader.int32LE() ^ (fileFormat >= format.FIRST_MASKED_FORMAT ? format.BUCKET_COUNT_MASK : 0);

  const tables = new AddressTables(key, options.groups ?? new NetGroups(), options.random ?? createSecureRandom());
  // As many as announced, if the rest of the file is long enough for them.
  tables.reserve(Math.min(newCount + triedCount, Math.floor(bytes.length / MIN_ENTRY_BYTES)));
  const newIds = readNewEntries(reader, fileFormat, tables, newCount);
  readTriedEntries(reader, fileFormat, tables, triedCount);
  const bucketsStart = reader.offset;
  forEachReference(reader, bucketCount, undefined);
  const hasMapVersion = fileFormat >= format.FIRST_MAP_VERSION_FORMAT;
  const mapVersion = hasMapVersion ? reader.bytesCopy(format.MAP_VERSION_BYTES) : NO_MAP_VERSION;

  // Only now it is known whether the buckets are usable; hence the second pass over them.
  const isRestored = bucketCount === NEW_BUCKET_COUNT && isMapInUse(tables.groups, mapVersion);
  const restorer = new BucketRestorer(tables, newIds, isRestored);
  forEachReference(new ByteReader(bytes.subarray(bucketsStart)), bucketCount, restorer);
  restorer.finish();

  const code = findContradiction(tables, true);
  if (code !== 0) throw new Refused(`inconsistent (code ${code})`);
  const checksum = doubleSha256(bytes.subarray(0, reader.offset));
  if (!equalBytes(reader.bytes(format.CHECKSUM_BYTES), checksum)) throw new Refused('checksum mismatch');
  const header = { format: fileFormat, lowestCompatible, newCount, triedCount, mapVersion, isRestored };
  return { kind: 'loaded', addrMan: new AddrMan(options, tables), header };
}

function readCount(reader: ByteReader, table: string, max: number): number {
  const count = reader.int32LE();
  if (count < 0 || count > max) throw new Refused(`${count} ${table} entries announced`);
  return count;
}

function isMapInUse({ asMap }: NetGroups, version: Uint8Array): boolean {
  return asMap === undefined ? equalBytes(version, NO_MAP_VERSION) : asMap.hasVersion(version);
}

/** Reads the new entries; returns their ids in the order of the file, `NO_ENTRY` for addresses that are not valid. */
function readNewEntries(reader: ByteReader, fileFormat: number, tables: AddressTables, count: number): number[] {
  const ids: number[] = [];
  while (ids.length < count) {
    const entry = readEntry(reader, fileFormat);
    ids.push(entry.record.service.address.isValid() ? createEntry(tables, entry) : NO_ENTRY);
  }
  return ids;
}

/** Reads the tried entries. An invalid one, or one whose slot is taken, is dropped. */
function readTriedEntries(reader: ByteReader, fileFormat: number, tables: AddressTables, count: number): void {
  for (let left = count; left > 0; left -= LANES) {
    const entries = Array.from({ length: Math.min(left, LANES) }, () => readEntry(reader, fileFormat));
    const valid = entries.filter(({ record }) => record.service.address.isValid());
    const slots = tables.triedSlots(valid.map(({ record }) => record.service));
    for (const [index, entry] of valid.entries()) {
      const slot = slots[index]!;
      if (tables.triedTable.entries[slot] === NO_ENTRY) tables.putTried(createEntry(tables, entry), slot);
    }
  }
}

type FileEntry = ReturnType<typeof readEntry>;

function readEntry(reader: ByteReader, fileFormat: number) {
  const isBip155 = fileFormat >= format.FIRST_BIP155_FORMAT;
  const record = readDiskAddress(reader, isBip155);
  // The source follows the file, even where the address before it is in the old encoding.
  const source = isBip155 ? readAddressV2(reader) : readAddressV1(reader);
  return { record, source, lastSuccess: readInt64(reader), attempts: reader.int32LE() };
}

/** A 64-bit time as a number: beyond 2^53 all are equally absurd. */
function readInt64(reader: ByteReader): number {
  const low = reader.uint32LE();
  const value = reader.int32LE() * 2 ** 32 + low;
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(value, Number.MAX_SAFE_INTEGER));
}

function createEntry(tables: AddressTables, { record, source, lastSuccess, attempts }: FileEntry): number {
  const id = tables.create(record.service, source, record.timeSeconds, record.services);
  tables.store.lastSuccess[id] = lastSuccess;
  tables.store.attempts[id] = Math.max(0, attempts);
  return id;
}

/** Walks the bucket lists; negative counts are 0. Without a visitor it only moves past them. */
function forEachReference(reader: ByteReader, bucketCount: number, restorer: BucketRestorer | undefined): void {
  for (let bucket = 0; bucket < bucketCount; bucket++) {
    const count = Math.max(0, reader.int32LE());
    if (restorer === undefined) {
      reader.skip(count * 4);
      continue;
    }
    for (let index = 0; index < count; index++) restorer.restore(bucket, reader.int32LE());
  }
}

// Writes the address manager as `peers.dat` has it (peers-format.ts).

import { doubleSha256 } from '../../p2p/hash.ts';
import { ByteWriter } from '../../util/bytes/bytes.ts';
import type { AddrMan } from '../addr-man.ts';
import { writeTimeAndServices } from '../../storage/disk-address.ts';
import type { AddressTables } from '../tables/address-tables.ts';
import { NO_MAP_VERSION } from '../asmap/as-map.ts';
import { ANY_NETWORK, NO_ENTRY } from '../tables/bucket-table.ts';
import type { BucketTable } from '../tables/bucket-table.ts';
import { BUCKET_SLOTS, NEW_BUCKET_COUNT } from '../limits.ts';
import { BUCKET_COUNT_MASK, COMPATIBLE_BASE, FORMAT } from './peers-format.ts';

/** Bytes of an IPv4 entry from an IPv4 source, for the first guess at the size; longer ones let the buffer grow. */
const TYPICAL_ENTRY_BYTES = 40;

/**
 * Serializes a snapshot, in one step: some twenty milliseconds for a full address book. In slices it would not be a
 * snapshot, except of a copy of everything.
 *
 * Equal states give equal bytes, and a file that was just read is written as it was, if it is of format 4 and nothing
 * in it had to be dropped.
 *
 * @param magic - The four bytes that name the network.
 */
export function serializePeers({ tables }: AddrMan, magic: Uint8Array): Uint8Array {
  const { groups, key, newCount, newTable, store, triedCount } = tables;
  const writer = new ByteWriter(NEW_BUCKET_COUNT * BUCKET_SLOTS * 4 + (newCount + triedCount) * TYPICAL_ENTRY_BYTES);
  writer
    .bytes(magic)
    .uint8(FORMAT)
    .uint8(COMPATIBLE_BASE + FORMAT)
    .bytes(key);
  writer
    .int32LE(newCount)
    .int32LE(triedCount)
    .int32LE(NEW_BUCKET_COUNT ^ BUCKET_COUNT_MASK);

  // In order of ids, which is that of the file for what was loaded. A free id has neither a reference nor the mark.
  const indices = new Int32Array(store.end);
  let nextIndex = 0;
  for (let id = 0; id < store.end; id++) {
    if (store.referenceCount[id] === 0) continue;
    indices[id] = nextIndex++;
    writeEntry(writer, tables, id);
  }
  for (let id = 0; id < store.end; id++) if (store.isInTried[id] === 1) writeEntry(writer, tables, id);
  writeBuckets(writer, newTable, indices);
  writer.bytes(groups.asMap?.version ?? NO_MAP_VERSION);
  return writer.bytes(doubleSha256(writer.written())).finish();
}

/** From the columns: creating two addresses for each of eighty thousand entries would take half of the time. */
function writeEntry(writer: ByteWriter, { store }: AddressTables, id: number): void {
  // Without bigints, too: few services exceed 32 bits, and a time in two halves is as good.
  const services = store.servicesHigh[id] === 0 ? store.servicesLow[id]! : store.services(id);
  writeTimeAndServices(writer, store.time[id]!, services);
  store.writeAddress(writer, id);
  writer.uint16BE(store.port[id]!);
  store.writeSource(writer, id);
  const lastSuccess = store.lastSuccess[id]!;
  writer.uint32LE(lastSuccess % 2 ** 32).uint32LE(Math.floor(lastSuccess / 2 ** 32));
  writer.int32LE(store.attempts[id]!);
}

function writeBuckets(writer: ByteWriter, table: BucketTable, indices: Int32Array): void {
  for (let bucket = 0; bucket < table.bucketCount; bucket++) {
    const first = bucket * BUCKET_SLOTS;
    writer.int32LE(table.entryCount(bucket, ANY_NETWORK));
    for (let slot = first; slot < first + BUCKET_SLOTS; slot++) {
      const id = table.entries[slot]!;
      if (id !== NO_ENTRY) writer.int32LE(indices[id]!);
    }
  }
}

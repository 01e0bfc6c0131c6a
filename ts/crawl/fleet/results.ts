// The content of a message of results: records, one line of JSON each.
//
// A worker that died or was cut off may have stored records of addresses that another worker then visited again. The record that
// was stored first counts, for every reader: `readFleetRecords` gives that one.

import { parseRecord } from '../record/check-record.ts';
import type { CrawlRecord } from '../record/record.ts';
import { endpointOf } from '../report/files/node-lists.ts';
import type { FleetBus } from './bus/fleet-bus.ts';

/** Records as one message. @param lines - Each as `formatRecord` makes it. */
export function encodeResults(lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.join('\n'), 'utf8');
}

/** The records of a message. Other lines are skipped. */
export function decodeResults(bytes: Uint8Array): CrawlRecord[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  return text
    .split('\n')
    .map(parseRecord)
    .filter((record) => typeof record !== 'string');
}

/**
 * Reads the records of a round that are stored now: one for each address.
 *
 * @param shard - Undefined for all.
 */
export async function readFleetRecords(
  bus: FleetBus,
  round: number,
  shard: number | undefined,
  onRecord: (record: CrawlRecord) => void,
): Promise<void> {
  const known = new Set<string>();
  await bus.readResults(round, shard, (bytes) => {
    for (const record of decodeResults(bytes)) {
      const endpoint = endpointOf(record);
      if (record.round !== round || known.has(endpoint)) continue;
      known.add(endpoint);
      onRecord(record);
    }
  });
}

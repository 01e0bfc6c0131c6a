// What a message of results says: records, a line of JSON each.
//
// A worker that died, or was cut off, may have stored records that another one's visits made again. The first that was stored
// counts, for everybody: that is what `readRecords` of a fleet gives.

import { parseRecord } from '../record/check-record.ts';
import type { CrawlRecord } from '../record/record.ts';
import { endpointOf } from '../report/files/node-lists.ts';
import type { FleetBus } from './bus.ts';

/** Records as one message. @param lines - Each as `formatRecord` makes it. */
export function encodeResults(lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.join('\n'), 'utf8');
}

/** The records of a message; what is none is passed over. */
export function decodeResults(bytes: Uint8Array): CrawlRecord[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  return text
    .split('\n')
    .map(parseRecord)
    .filter((record) => typeof record !== 'string');
}

/**
 * Reads the records of a round that are there now: one for each address.
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

// The records of a round that the fleet has stored.
//
// A worker that died or was cut off may have stored records of addresses that another worker then visited again. The record that
// was stored first counts, for every reader: `readFleetRecords` gives that one.

import type { CrawlRecord } from '../record/record.ts';
import { endpointOf } from '../report/files/node-lists.ts';
import type { FleetBus } from './bus/fleet-bus.ts';
import { decodeResults } from './results-message.ts';

/**
 * Reads the records of a round that are stored now: one for each address.
 *
 * @param shard - Undefined for all.
 * @returns How many messages and records were left out, since they are something else.
 */
export async function readFleetRecords(
  bus: FleetBus,
  round: number,
  shard: number | undefined,
  onRecord: (record: CrawlRecord) => void,
): Promise<number> {
  const known = new Set<string>();
  let faultCount = 0;
  const onFault = (): void => void faultCount++;
  await bus.readResults(round, shard, (bytes) => {
    for (const record of decodeResults(bytes, onFault)) {
      const endpoint = endpointOf(record);
      if (record.round !== round) onFault();
      if (record.round !== round || known.has(endpoint)) continue;
      known.add(endpoint);
      onRecord(record);
    }
  });
  return faultCount;
}

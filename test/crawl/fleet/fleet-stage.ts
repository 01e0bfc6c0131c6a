// A village and workers that visit it together.

import type { FleetBus } from '../../../ts/crawl/fleet/bus.ts';
import { FleetWorker } from '../../../ts/crawl/fleet/fleet-worker.ts';
import type { CrawlOptions } from '../../../ts/crawl/crawl-options.ts';
import type { CrawlRecord } from '../../../ts/crawl/record/record.ts';
import { endpointOf } from '../../../ts/crawl/report/files/node-lists.ts';
import { Village } from '../../../ts/crawl/village/village.ts';
import { DEFAULT_MIX } from '../../../ts/crawl/village/population.ts';
import type { VillageOptions } from '../../../ts/crawl/village/village.ts';

/** Limits that suit a village: silent villagers are given up soon. */
const LIMITS = { connectTimeoutMs: 2_000, deadlineMs: 4_000, quietMs: 200 };

/** How workers crawl a village. */
export function villageCrawl(village: Village): CrawlOptions {
  return {
    chain: 'regtest',
    followsLocal: true,
    seeds: village.seeds.map((service) => ({ service, source: 'given' as const })),
    clear: LIMITS,
    retryDelayMs: 100,
    attempts: 2,
    groupRate: 1_000,
    groupConcurrency: 1_000,
  };
}

/** Starts a village; stop it. */
export function startVillage(options: VillageOptions = {}): Village {
  // One that resets at once is full or unreachable, by chance: whether the dial noticed.
  const mix = { ...DEFAULT_MIX, 'full-reset': 0 };
  const village = new Village({ count: 500, seed: 7, groups: 40, mix, ...options });
  village.start();
  return village;
}

/** The fields of a record that do not depend on the visitor: the outcome, and what the node says of itself. */
export function factsOf(record: CrawlRecord): string {
  const { outcome, transport, services, userAgent, protocolVersion, startHeight, addressCount, features } = record;
  return `${endpointOf(record)} ${JSON.stringify({ outcome, transport, services, userAgent, protocolVersion, startHeight, addressCount, features })}`;
}

/** Runs workers, a bus for each, until their round is over. @returns The records of each. */
export async function runWorkers(
  village: Village,
  buses: readonly FleetBus[],
  signal: AbortSignal,
  extra: CrawlOptions = {},
): Promise<CrawlRecord[][]> {
  return Promise.all(
    buses.map(async (bus, index) => {
      const records: CrawlRecord[] = [];
      const crawl = { ...villageCrawl(village), ...extra };
      const worker = new FleetWorker(
        { bus, name: `worker-${index}`, crawl },
        { record: (record) => records.push(record) },
      );
      await worker.run(signal);
      return records;
    }),
  );
}

/** The results of a round, as a bus has them. */
export async function resultsOf(bus: FleetBus, round: number): Promise<CrawlRecord[]> {
  const records: CrawlRecord[] = [];
  await bus.readResults(round, undefined, (bytes) =>
    records.push(JSON.parse(Buffer.from(bytes).toString()) as CrawlRecord),
  );
  return records;
}

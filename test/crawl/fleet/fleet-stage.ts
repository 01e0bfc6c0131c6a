// A village and workers that visit it together, in this process or in their own.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FleetBus, FleetTimes } from '../../../ts/crawl/fleet/bus/fleet-bus.ts';
import { ROUND_KEY, parseRoundState } from '../../../ts/crawl/fleet/round-state.ts';
import { readFleetRecords } from '../../../ts/crawl/fleet/results.ts';
import { FleetWorker } from '../../../ts/crawl/fleet/fleet-worker.ts';
import type { CrawlOptions } from '../../../ts/crawl/crawl-options.ts';
import { parseRecord } from '../../../ts/crawl/record/check-record.ts';
import type { CrawlRecord } from '../../../ts/crawl/record/record.ts';
import { endpointOf } from '../../../ts/crawl/report/files/node-lists.ts';
import { Village } from '../../../ts/crawl/village/village.ts';
import { DEFAULT_MIX } from '../../../ts/crawl/village/population.ts';
import type { VillageOptions } from '../../../ts/crawl/village/village.ts';

/** Limits that suit a village. */
const LIMITS = { connectTimeoutMs: 5_000, deadlineMs: 10_000, quietMs: 200 };

/** A fleet that talks often, and notices soon that a worker is gone. */
export const QUICK_TIMES: FleetTimes = { gatherMs: 100, leaseTtlMs: 2_000, workTtlMs: 3_000 };

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
  // Those that take a deadline to find out only take time here: other villages have them.
  const mix = { ...DEFAULT_MIX, 'full-reset': 0, silent: 0, tarpit: 0 };
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

/** The records of a round, one for each address. */
export async function resultsOf(bus: FleetBus, round: number): Promise<CrawlRecord[]> {
  const records: CrawlRecord[] = [];
  await readFleetRecords(bus, round, undefined, (record) => records.push(record));
  return records;
}

/** What the file of a worker's undelivered records holds; nothing where there is none. */
export function keptRecords(path: string): CrawlRecord[] {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  return lines.map(parseRecord).filter((record) => typeof record !== 'string');
}

/** Whether the round is over; false while the server is away. */
export async function isRoundClosed(bus: FleetBus): Promise<boolean> {
  const state = await bus.settings.get(ROUND_KEY).catch(() => undefined);
  return state !== undefined && parseRoundState(state.text)?.phase === 'closed';
}

const WORKER = fileURLToPath(new URL('worker-child.mjs', import.meta.url));

/** A worker in a process of its own. */
export interface WorkerChildOptions {
  /** URL of the server. */
  readonly server: string;
  readonly name: string;
  readonly folder: string;
  readonly village: Village;
  /** Dials a second in a group. */
  readonly rate: number;
}

/** Starts a worker with `QUICK_TIMES`; kill it. */
export function startWorker({ server, name, folder, village, rate }: WorkerChildOptions): ChildProcess {
  const { leaseTtlMs, workTtlMs } = QUICK_TIMES;
  const args = [server, name, folder, String(village.seeds[0]), ...[rate, leaseTtlMs, workTtlMs].map(String)];
  return spawn(process.execPath, [WORKER, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}

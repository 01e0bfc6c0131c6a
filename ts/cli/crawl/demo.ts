// `sockman crawl --demo`: a village to crawl on a machine without a network. It runs in a thread, on loopback.

import { createRequire } from 'node:module';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import type { CrawlOptions } from '../../crawl/crawl-options.ts';
import { DEFAULT_MIX } from '../../crawl/village/population.ts';
import { Service } from '../../netaddr/service.ts';

/** Villagers of the demo. */
const DEMO_VILLAGERS = 2_000;

/** Shares of the networks in it. */
const NETWORKS = { ipv4: 70, ipv6: 12, onion: 12, i2p: 3, cjdns: 3 };

/** Its kinds of nodes: few of those that only a deadline finds out. */
const MIX = { ...DEFAULT_MIX, silent: 1, tarpit: 1 };

/** The thread's message once it is ready. */
interface VillageAddresses {
  readonly seed: string;
  readonly socksProxy: string;
  readonly samBridge: string;
}

/** The program of the thread. It imports the package like any program. */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const { Village } = require(workerData.testing);
const village = new Village(workerData.options);
village.start();
parentPort.postMessage({
  seed: String(village.seeds[0]), socksProxy: String(village.socksProxy), samBridge: String(village.samBridge),
});
parentPort.once('message', () => void village.stop().then(() => process.exit()));
`;

/** A running village, and how to crawl it. */
export interface Demo {
  readonly options: CrawlOptions;
  stop(): Promise<void>;
}

/** Starts the village. @param seed - Of its random numbers. */
export async function startDemo(seed: number): Promise<Demo> {
  const testing = createRequire(import.meta.url).resolve('sockman/testing');
  const options = { count: DEMO_VILLAGERS, seed, networks: NETWORKS, mix: MIX };
  const worker = new Worker(PROGRAM, { eval: true, workerData: { testing, options } });
  const [addresses] = (await once(worker, 'message')) as [VillageAddresses];
  const proxy = { endpoint: addresses.socksProxy };
  return {
    options: {
      chain: 'regtest',
      followsLocal: true,
      seeds: [{ service: Service.parse(addresses.seed), source: 'given' }],
      routes: {
        ipv4: 'direct',
        ipv6: proxy,
        onion: proxy,
        cjdns: proxy,
        i2p: { endpoint: addresses.samBridge },
      },
      // The whole village is one network group.
      groupRate: 1_000,
      groupConcurrency: 1_000,
      overlayConcurrency: 1_000,
      // Few enough visits that even a busy machine answers before the deadline.
      concurrency: 200,
      retryDelayMs: 500,
      clear: { deadlineMs: 5_000, quietMs: 100 },
      overlay: { deadlineMs: 5_000, quietMs: 100 },
    },
    stop: async () => {
      const isOver = once(worker, 'exit');
      worker.postMessage('stop');
      await isOver;
    },
  };
}

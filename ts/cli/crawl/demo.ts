// `sockman crawl --demo`: a village to crawl on a machine without a network. It runs in a thread, on loopback.

import { createRequire } from 'node:module';
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { makeFolder } from '../../storage/make-folder.ts';
import type { CrawlOptions } from '../../crawl/crawl-options.ts';
import { DEFAULT_MIX } from '../../crawl/village/population.ts';
import { Service } from '../../netaddr/service.ts';
import { DataFile } from '../../storage/data-file.ts';
import { systemFileError } from '../../storage/file-error.ts';

/** Villagers of the demo. */
const DEMO_VILLAGERS = 2_000;

/** Shares of the networks in it. */
const NETWORKS = { ipv4: 70, ipv6: 12, onion: 12, i2p: 3, cjdns: 3 };

/** Its kinds of nodes: few of those that only a deadline finds out. */
const MIX = { ...DEFAULT_MIX, silent: 1, tarpit: 1 };

/** File of the folder of a crawl with the ports of its village: a crawl that goes on finds the same addresses. */
const PORTS_FILE = 'village.json';

/** Size limit of it, in bytes. */
const MAX_PORTS_BYTES = 1_024;

interface VillagePorts {
  readonly port: number;
  readonly deadPort: number;
}

/** The thread's message once it is ready. */
interface VillageAddresses extends VillagePorts {
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
  seed: String(village.seeds[0]), socksProxy: String(village.socksProxy),
  samBridge: String(village.samBridge), port: village.seeds[0].port, deadPort: village.deadPort,
});
parentPort.once('message', () => void village.stop().then(() => process.exit()));
`;

/** A running village, and how to crawl it. */
export interface Demo {
  readonly options: CrawlOptions;
  stop(): Promise<void>;
}

/**
 * Starts the village.
 *
 * @param seed - Of its random numbers.
 * @param folder - Of the crawl: the village has the addresses that it had when the folder was begun.
 * @throws {FileError} The folder cannot be used. {Error} A port of the village is in use: the crawl may be running already.
 */
export async function startDemo(seed: number, folder: string | undefined): Promise<Demo> {
  const testing = createRequire(import.meta.url).resolve('sockman/testing');
  const ports = folder === undefined ? undefined : await readPorts(folder);
  const options = { count: DEMO_VILLAGERS, seed, networks: NETWORKS, mix: MIX, ...ports };
  const worker = new Worker(PROGRAM, { eval: true, workerData: { testing, options } });
  const [addresses] = (await once(worker, 'message').catch((error: Error) => {
    if (ports === undefined) throw error;
    throw new Error(`the village of ${folder} needs its ports again: ${error.message}`, { cause: error });
  })) as [VillageAddresses];
  const { port, deadPort } = addresses;
  const stop = async (): Promise<void> => {
    const isOver = once(worker, 'exit');
    worker.postMessage('stop');
    await isOver;
  };
  if (folder !== undefined && ports === undefined)
    await writePorts(folder, { port, deadPort }).catch(async (error: unknown) => {
      await stop();
      throw error;
    });
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
    stop,
  };
}

async function readPorts(folder: string): Promise<VillagePorts | undefined> {
  const bytes = await new DataFile(join(folder, PORTS_FILE)).read(MAX_PORTS_BYTES);
  if (bytes === undefined) return undefined;
  try {
    const { port, deadPort } = JSON.parse(Buffer.from(bytes).toString('utf8')) as VillagePorts;
    if (isPort(port) && isPort(deadPort)) return { port, deadPort };
  } catch {
    // As below.
  }
  // Damaged: the village gets new ports, and the folder a new file.
  return undefined;
}

const isPort = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536;

async function writePorts(folder: string, ports: VillagePorts): Promise<void> {
  try {
    makeFolder(folder);
  } catch (error) {
    throw systemFileError(folder, 'made', error);
  }
  await new DataFile(join(folder, PORTS_FILE)).write(() => Buffer.from(`${JSON.stringify(ports)}\n`, 'utf8'));
}

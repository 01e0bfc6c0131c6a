// A crawl of a village in a `MemoryNetwork`: everything happens in virtual time, and the same way each time.

import { Crawler } from '../../../ts/crawl/crawler.ts';
import type { CrawlListener, RoundEnding } from '../../../ts/crawl/crawler.ts';
import type { CrawlOptions } from '../../../ts/crawl/crawl-options.ts';
import type { CrawlRecord } from '../../../ts/crawl/record/record.ts';
import type { Routes } from '../../../ts/crawl/visit/routes.ts';
import { Village } from '../../../ts/crawl/village/village.ts';
import type { VillageOptions } from '../../../ts/crawl/village/village.ts';
import { MemoryNetwork } from '../../../ts/testing.ts';
import type { MemoryNetworkOptions } from '../../../ts/testing.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';

/** Between two looks at whether a crawl is over, in milliseconds of virtual time. */
const STEP_MS = 250;

/** A village and the network that it is in. */
export class VirtualVillage {
  readonly net: MemoryNetwork;
  readonly village: Village;

  constructor(options: VillageOptions = {}, netOptions: MemoryNetworkOptions = {}) {
    this.net = new MemoryNetwork({ seed: options.seed ?? 1, latencyMs: 5, ...netOptions });
    const { clock } = this.net;
    this.village = new Village({
      randomBytes: seededBytes(7),
      ...options,
      clock,
      sockets: { backend: this.net.createBackend },
    });
    this.village.start();
  }

  /** The ways to all five networks. */
  get routes(): Routes {
    return routesTo(this.village);
  }

  /** Options of a crawl in this network. */
  options(options: CrawlOptions = {}): CrawlOptions {
    return {
      chain: 'regtest',
      followsLocal: true,
      routes: this.routes,
      seeds: this.village.seeds.map((service) => ({ service, source: 'given' })),
      clock: this.net.clock,
      random: seededUint32(5),
      randomBytes: seededBytes(9),
      sockets: { backend: this.net.createBackend },
      ...options,
    };
  }

  /** Lets a promise come about, with as much virtual time as it takes. */
  async until<Value>(promise: Promise<Value>): Promise<Value> {
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    promise.then(settled, settled);
    for (;;) {
      await this.net.clock.settle();
      if (isSettled) return promise;
      this.net.clock.advance(STEP_MS);
    }
  }

  async stop(): Promise<void> {
    await this.until(this.village.stop());
  }
}

/** What a crawl came to. */
export interface CrawlOutcome {
  readonly records: CrawlRecord[];
  readonly endings: RoundEnding[];
}

/** Crawls the village to the end. */
export async function crawlVillage(
  virtual: VirtualVillage,
  options: CrawlOptions = {},
  listener: CrawlListener = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<CrawlOutcome> {
  const records: CrawlRecord[] = [];
  const endings: RoundEnding[] = [];
  const crawler = new Crawler(virtual.options(options), {
    ...listener,
    record: (record) => {
      records.push(record);
      listener.record?.(record);
    },
    roundEnded: (ending) => {
      endings.push(ending);
      return listener.roundEnded?.(ending);
    },
  });
  await virtual.until(crawler.run(signal));
  return { records, endings };
}

/** The ways to the five networks of a village. */
export function routesTo(village: Village): Routes {
  const proxy = { endpoint: village.socksProxy };
  return { ipv4: 'direct', ipv6: proxy, onion: proxy, cjdns: proxy, i2p: { endpoint: village.samBridge } };
}

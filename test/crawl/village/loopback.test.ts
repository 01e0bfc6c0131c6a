// A crawl of a village over the kernel's loopback, of a thread of its own: 20,000 nodes of all kinds.

import { createRequire } from 'node:module';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';

import { Crawler } from '../../../ts/crawl/crawler.ts';
import type { CrawlRecord } from '../../../ts/crawl/record/record.ts';
import { DEFAULT_MIX, Village } from '../../../ts/testing.ts';
import type { VillageOptions } from '../../../ts/testing.ts';
import { noBuild } from '../../harness/child.ts';
import { expectGroundTruth } from './ground-truth.ts';

/** The village of a thread, whose ports are its own; everything else is what the same options make here. */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
const { Village } = require(workerData.testing);
const village = new Village(workerData.options);
village.start();
const services = village.villagers.map(({ service }) => [String(service.address), service.port]);
parentPort.postMessage({ services });
parentPort.once('message', () => void village.stop().then(() => process.exit()));
`;

describe.skipIf(noBuild !== undefined)('a crawl of a village on loopback', () => {
  it('finds 20,000 nodes of all kinds as they are', async () => {
    const { silent: _silent, tarpit: _tarpit, ...mix } = DEFAULT_MIX;
    // Those that take a deadline to find out are few.
    const options: VillageOptions = { count: 20_000, seed: 11, tells: 200, mix: { ...mix, silent: 0.5, tarpit: 0.5 } };
    const testing = createRequire(import.meta.url).resolve('sockman/testing');
    const worker = new Worker(PROGRAM, { eval: true, workerData: { testing, options } });
    const [{ services }] = (await once(worker, 'message')) as [{ services: [string, number][] }];
    const truth = new Village(options);
    const byAddress = new Map(services);
    const records: CrawlRecord[] = [];
    const seed = truth.villagers[0]!.service;
    const { Service } = await import('../../../ts/netaddr/service.ts');
    const crawler = new Crawler(
      {
        chain: 'regtest',
        followsLocal: true,
        groupRate: 1_000,
        groupConcurrency: 1_000,
        concurrency: 1_000,
        retryDelayMs: 1_000,
        clear: { quietMs: 250, deadlineMs: 30_000 },
        seeds: [{ service: new Service(seed.address, byAddress.get(String(seed.address))!), source: 'given' }],
      },
      { record: (record) => records.push(record) },
    );
    await crawler.run(new AbortController().signal);
    // The ports of the two villages differ: those of the one that was crawled count.
    const found = records.map((record) => {
      expect(record.port).toBe(byAddress.get(record.address));
      return record;
    });
    const portOf = new Map(truth.villagers.map(({ service }) => [String(service.address), service.port]));
    expectGroundTruth(
      truth,
      found.map((record) => ({ ...record, port: portOf.get(record.address) ?? record.port })),
    );
    const isOver = once(worker, 'exit');
    worker.postMessage('stop');
    await isOver;
    await truth.stop();
  }, 240_000);

  it('has the same addresses again with the same ports', async () => {
    const addresses = ({ villagers }: Village): string[] => villagers.map(({ service }) => String(service));
    const first = new Village({ count: 50, seed: 4 });
    const { deadPort } = first;
    const { port } = first.seeds[0]!;
    const before = addresses(first);
    await first.stop();
    const second = new Village({ count: 50, seed: 4, port, deadPort });
    expect(addresses(second)).toEqual(before);
    expect(() => new Village({ port })).toThrow(/cannot listen/);
    await second.stop();
    expect(() => new Village({ port: 65_536 })).toThrow(/port/);
  });
});

// Crawls a village in memory into a folder on a disk that is nearly full. Once it is stuck for some seconds, a file that took most of
// the room goes. Prints what happened, and how the records compare.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Crawler, parseRecord } from '../../../../esm/crawl.js';
import { MemoryNetwork, Village } from '../../../../esm/testing.js';

const [, , disk, ballastBytes] = process.argv;
/** Of virtual time, in milliseconds: several tries. */
const STUCK_MS = 5_000;

const net = new MemoryNetwork({ seed: 1, latencyMs: 5 });
const { clock } = net;
const sockets = { backend: net.createBackend };
const village = new Village({ count: 400, seed: 2, mix: { v1: 1, both: 1 }, tells: 100, clock, sockets });
village.start();
const ballast = join(disk, 'ballast');
writeFileSync(ballast, new Uint8Array(Number(ballastBytes)));

const folder = join(disk, 'crawl');
const events = [];
let visited = 0;
let visitedWhenStuck;
const crawler = new Crawler(
  {
    chain: 'regtest',
    followsLocal: true,
    folder,
    groupRate: 1_000,
    concurrency: 50,
    clear: { quietMs: 500 },
    seeds: village.seeds.map((service) => ({ service, source: 'given' })),
    clock,
    sockets,
  },
  {
    record: () => visited++,
    stuck: ({ code }) => {
      events.push(`stuck ${code}`);
      // Those in flight still end; nobody else is dialed.
      clock.after(STUCK_MS, () => (visitedWhenStuck = visited));
      clock.after(4 * STUCK_MS, () => {
        events.push(visited === visitedWhenStuck ? 'paused' : 'went on');
        rmSync(ballast);
      });
    },
    recovered: () => events.push('recovered'),
    roundEnded: ({ isComplete }) => events.push(isComplete ? 'complete' : 'stopped'),
  },
);
let isOver = false;
const crawl = crawler.run(new AbortController().signal).finally(() => (isOver = true));
while (!isOver) {
  await clock.settle();
  clock.advance(250);
}
await crawl;
const lines = readFileSync(join(folder, 'records.ndjson'), 'utf8').trimEnd().split('\n');
const records = lines.map(parseRecord);
console.log(
  JSON.stringify({
    events,
    villagers: village.villagers.length,
    lines: lines.length,
    damaged: records.filter((record) => typeof record === 'string').length,
    distinct: new Set(records.map(({ address, port }) => `${address} ${port}`)).size,
  }),
);

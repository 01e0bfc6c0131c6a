// Crawls a village in memory, ROUNDS times over into FOLDER, and prints what the process holds after some rounds and after all.

import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Crawler } from '../../../../esm/crawl.js';
import { MemoryNetwork, Village } from '../../../../esm/testing.js';

const [, , folder, roundsText] = process.argv;
const ROUNDS = Number(roundsText);
/** By then every path has been taken, and compiled. */
const WARM_ROUNDS = Math.floor(ROUNDS / 2);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
function holdings() {
  for (let count = 0; count < 4; count++) collectGarbage();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { bytes: heapUsed + external + arrayBuffers, descriptors: readdirSync('/proc/self/fd').length };
}

const net = new MemoryNetwork({ seed: 1, latencyMs: 5 });
const { clock } = net;
const sockets = { backend: net.createBackend };
// Without hosts that are away: they are left alone for a day after three rounds.
const village = new Village({ count: 60, seed: 2, mix: { v1: 4, both: 4, refusing: 1, http: 1 }, clock, sockets });
village.start();
const found = [];
let warm;
const crawler = new Crawler(
  {
    chain: 'regtest',
    followsLocal: true,
    folder,
    pack: 'gzip',
    everyMs: 600_000,
    rounds: ROUNDS,
    attempts: 1,
    groupRate: 1_000,
    seeds: village.seeds.map((service) => ({ service, source: 'given' })),
    clock,
    sockets,
  },
  {
    roundEnded: ({ round, distinct }) => {
      found.push(distinct);
      if (round === WARM_ROUNDS) warm = holdings();
    },
  },
);
let isOver = false;
const crawl = crawler.run(new AbortController().signal).then(() => (isOver = true));
while (!isOver) {
  await clock.settle();
  clock.advance(1_000);
}
await crawl;
console.log(JSON.stringify({ found, warm, end: holdings() }));

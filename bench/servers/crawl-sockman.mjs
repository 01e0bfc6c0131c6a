// Our crawl for the crawl bench, without a folder.
//
//   node bench/servers/crawl-sockman.mjs SEED CONCURRENCY QUIET_MS auto|never

import { Crawler } from '../../esm/crawl.js';
import { Service } from '../../esm/index.js';

const [, , seed, concurrency, quietMs, v2] = process.argv;
let reachable = 0;
let known = 0;
let peakInFlight = 0;
const crawler = new Crawler(
  {
    chain: 'regtest',
    followsLocal: true,
    v2,
    groupRate: 100_000,
    groupConcurrency: 100_000,
    concurrency: Number(concurrency),
    clear: { quietMs: Number(quietMs) },
    seeds: [{ service: Service.parse(seed), source: 'given' }],
  },
  {
    record: ({ outcome }) => {
      if (outcome === 'reachable') reachable++;
      peakInFlight = Math.max(peakInFlight, crawler.progress.inFlight);
    },
    roundEnded: ({ distinct }) => {
      known = distinct;
    },
  },
);
const startedMs = performance.now();
await crawler.run(new AbortController().signal);
process.send({
  reachable,
  known,
  peakInFlight,
  ms: performance.now() - startedMs,
  cpu: process.cpuUsage(),
  rss: process.resourceUsage().maxRSS,
});
process.disconnect();

// Crawls a village of another process into a folder, for tests that kill it: SEED FOLDER.

import { Crawler } from '../../../../esm/crawl.js';
import { Service } from '../../../../esm/index.js';

const [, , seed, folder] = process.argv;
const crawler = new Crawler(
  {
    chain: 'regtest',
    folder,
    followsLocal: true,
    v2: 'never',
    groupRate: 6,
    retryDelayMs: 200,
    attempts: 2,
    concurrency: 40,
    // A visit takes no longer than its answer: one that is killed every second must get somewhere.
    clear: { quietMs: 0, deadlineMs: 20_000 },
    seeds: [{ service: Service.parse(seed), source: 'given' }],
  },
  {
    roundBegan: ({ isResumed }) => console.log(isResumed ? 'resumed' : 'began'),
    roundEnded: ({ isComplete }) => console.log(isComplete ? 'complete' : 'stopped'),
  },
);
const stop = new AbortController();
process.on('SIGINT', () => stop.abort());
await crawler.run(stop.signal).catch((error) => {
  console.log(error.code);
  process.exitCode = 1;
});

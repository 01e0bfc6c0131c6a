// A monitor for the bench `monitor`: holds the nodes of a village, and reports its cost on request.
//
//   node --expose-gc bench/servers/crawl-monitor.mjs SEED HELD

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Monitor } from '../../esm/crawl.js';
import { Service } from '../../esm/index.js';

const [, , seed, held] = process.argv;
const monitor = new Monitor({
  crawl: {
    chain: 'regtest',
    followsLocal: true,
    groupRate: 100_000,
    groupConcurrency: 100_000,
    perSource: 1_000_000,
    concurrency: 500,
    seeds: [{ service: Service.parse(seed), source: 'given' }],
  },
  maxHeld: Number(held),
});

/** Anonymous memory of this process, in bytes: without the kernel's memory for sockets. */
function anonymousBytes() {
  for (let count = 0; count < 4; count++) globalThis.gc();
  const [, kilobytes] = /^Anonymous:\s+(\d+) kB/m.exec(readFileSync('/proc/self/smaps_rollup', 'latin1'));
  return Number(kilobytes) * 1_024;
}

const picture = () => {
  const { user, system } = process.cpuUsage();
  return { ...monitor.picture, cpuMs: (user + system) / 1_000 };
};

process.on('message', async (wish) => {
  if (wish === 'hold') {
    monitor.start();
    while (monitor.picture.held < Number(held)) await sleep(50);
    process.send(picture());
  } else if (wish === 'memory') process.send({ bytes: anonymousBytes() });
  else if (wish === 'picture') process.send(picture());
  else if (wish === 'stop') await monitor.stop().then(() => process.exit());
});

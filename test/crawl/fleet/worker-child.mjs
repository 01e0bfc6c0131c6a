// A worker of a fleet in a process of its own, to be killed: servers, name, folder, seed, dials a second in a group, milliseconds
// of a lease and of work.

import { setTimeout as sleep } from 'node:timers/promises';
import { FleetWorker, connectToNats } from '../../../esm/crawl.js';
import { Service } from '../../../esm/index.js';

const [servers, name, folder, seed, groupRate, leaseTtlMs, workTtlMs] = process.argv.slice(2);
const end = new AbortController();
process.on('SIGTERM', () => end.abort());

const times = { gatherMs: 100, leaseTtlMs: Number(leaseTtlMs), workTtlMs: Number(workTtlMs) };
let bus;
// A server that is down does not say when it is up.
while (bus === undefined) bus = await connectToNats({ servers, name, times }).catch(() => sleep(200));
const crawl = {
  chain: 'regtest',
  folder,
  followsLocal: true,
  v2: 'never',
  seeds: [{ service: Service.parse(seed), source: 'given' }],
  clear: { connectTimeoutMs: 2_000, deadlineMs: 4_000, quietMs: 200 },
  retryDelayMs: 100,
  attempts: 1,
  groupRate: Number(groupRate),
};
const worker = new FleetWorker(
  { bus, name, crawl },
  { round: ({ number, phase }) => console.log(`round ${number} ${phase}`) },
);
await worker.run(end.signal);

// Runs in a network namespace of its own (`unshare -rn`): a village, a server and two workers, one of which reaches the server
// by an address that is taken away in the middle of the round and given back later. Prints what came of it as JSON.

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connectToNats, parseRecord } from '../../../esm/crawl.js';
import { Village } from '../../../esm/testing.js';

const [folder, leaseTtlMs, workTtlMs] = process.argv.slice(2);
const RATE = 10;
const PORT = 4222;
const ADDRESS = '10.77.0.1';
const CHILD = fileURLToPath(new URL('worker-child.mjs', import.meta.url));

const ip = (...args) => execFileSync('ip', args);
ip('link', 'set', 'lo', 'up');
ip('addr', 'add', `${ADDRESS}/32`, 'dev', 'lo');

const store = join(folder, 'nats');
mkdirSync(store, { recursive: true });
const program = ['/usr/sbin/nats-server', '/usr/bin/nats-server'].find(existsSync);
const server = spawn(program, ['-js', '-a', '0.0.0.0', '-p', String(PORT), '-sd', store, '-l', join(store, 'log')]);
while (!existsSync(join(store, 'log')) || !readFileSync(join(store, 'log'), 'utf8').includes('Server is ready'))
  await sleep(20);

// A visit came in at some time between the look at the sockets before the last one and now: as in visit-log.ts.
const TICK_MS = 5;
let lastTickMs = performance.now();
let tickBeforeMs = lastTickMs;
setInterval(() => {
  tickBeforeMs = lastTickMs;
  lastTickMs = performance.now();
}, TICK_MS);
const visits = {};
const village = new Village({
  count: 300,
  seed: 7,
  groups: 10,
  onVisit({ service }) {
    const group = String(service.address).split('.', 2).join('.');
    (visits[group] ??= []).push({ earliestMs: tickBeforeMs, atMs: performance.now() });
  },
});
village.start();

const startWorker = (host, name) =>
  spawn(
    process.execPath,
    [
      CHILD,
      `nats://${host}:${PORT}`,
      name,
      join(folder, name),
      String(village.seeds[0]),
      String(RATE),
      leaseTtlMs,
      workTtlMs,
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
const workers = [startWorker('127.0.0.1', 'near'), startWorker(ADDRESS, 'far')];

const times = { gatherMs: 100, leaseTtlMs: Number(leaseTtlMs), workTtlMs: Number(workTtlMs) };
const bus = await connectToNats({ servers: `nats://127.0.0.1:${PORT}`, name: 'observer', times });
/** Records of the round by address, with all that were stored of each. */
const results = async () => {
  const all = new Map();
  await bus.readResults(1, undefined, (bytes) => {
    for (const record of recordsIn(Buffer.from(bytes).toString())) {
      const key = `${record.address} ${record.port}`;
      all.set(key, [...(all.get(key) ?? []), record]);
    }
  });
  return all;
};
const recordsIn = (text) =>
  text
    .split('\n')
    .map(parseRecord)
    .filter((record) => typeof record !== 'string');
const isClosed = async () => JSON.parse((await bus.settings.get('round'))?.text ?? '{}').phase === 'closed';
while ((await results()).size < 60) await sleep(100);
ip('addr', 'del', `${ADDRESS}/32`, 'dev', 'lo');
const undelivered = join(folder, 'far', 'undelivered-far.ndjson');
const kept = () => (existsSync(undelivered) ? recordsIn(readFileSync(undelivered, 'utf8')) : []);
while (kept().length === 0) await sleep(50);
// The other one takes over what it had.
while (!(await isClosed())) await sleep(200);
const keptRecords = kept();
ip('addr', 'add', `${ADDRESS}/32`, 'dev', 'lo');
// It delivers what it kept, though another one has been there meanwhile.
while (kept().length > 0) await sleep(100);

const all = await results();
console.log(
  JSON.stringify({
    villagers: village.villagers.length,
    distinct: all.size,
    keptByCutOff: keptRecords.length,
    delivered: keptRecords.filter((record) =>
      all.get(`${record.address} ${record.port}`)?.some(({ time }) => time === record.time),
    ).length,
    visits,
  }),
);
for (const worker of workers) worker.kill('SIGKILL');
server.kill('SIGKILL');
process.exit(0);

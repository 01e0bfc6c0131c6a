// Runs in a network namespace of its own (`unshare -rn`): a village, a server and two workers, one of which reaches the server
// by an address that is taken away in the middle of the round and given back later. Prints what came of it as JSON.

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connectToNats } from '../../../esm/crawl.js';
import { Village } from '../../../esm/testing.js';

const [folder] = process.argv.slice(2);
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

const visits = new Map();
const village = new Village({
  count: 500,
  seed: 7,
  groups: 10,
  onVisit({ service }) {
    const group = String(service.address).split('.', 2).join('.');
    visits.set(group, [...(visits.get(group) ?? []), performance.now()]);
  },
});
village.start();

const startWorker = (host, name) =>
  spawn(
    process.execPath,
    [CHILD, `nats://${host}:${PORT}`, name, join(folder, name), String(village.seeds[0]), String(RATE)],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
const workers = [startWorker('127.0.0.1', 'near'), startWorker(ADDRESS, 'far')];

const bus = await connectToNats({ servers: `nats://127.0.0.1:${PORT}`, name: 'observer' });
const results = async () => {
  const all = [];
  await bus.readResults(1, undefined, (bytes) => all.push(JSON.parse(Buffer.from(bytes).toString())));
  return all;
};
const isClosed = async () => JSON.parse((await bus.settings.get('round'))?.text ?? '{}').phase === 'closed';
while ((await results()).length < 60) await sleep(100);
ip('addr', 'del', `${ADDRESS}/32`, 'dev', 'lo');
await sleep(3_000);
const undelivered = join(folder, 'far', 'undelivered-far.ndjson');
// The other one takes over what it had.
while (!(await isClosed())) await sleep(200);
const visitedByCutOff = existsSync(undelivered) ? readFileSync(undelivered, 'utf8').split('\n').length - 1 : 0;
ip('addr', 'add', `${ADDRESS}/32`, 'dev', 'lo');
// It delivers what it kept: all of it is there already, or was missing.
const deadline = performance.now() + 40_000;
while (existsSync(undelivered) && readFileSync(undelivered).length > 0 && performance.now() < deadline)
  await sleep(200);

const all = await results();
const most = (times) => Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 2_000).length));
console.log(
  JSON.stringify({
    villagers: village.villagers.length,
    results: all.length,
    distinct: new Set(all.map(({ address, port }) => `${address} ${port}`)).size,
    visitedByCutOff,
    mostAtOnce: Math.max(...[...visits.values()].map(most)),
  }),
);
for (const worker of workers) worker.kill('SIGKILL');
server.kill('SIGKILL');
process.exit(0);

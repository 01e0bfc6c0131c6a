// How many nodes a second does a crawl visit, and at what cost?
//
//   node bench/cases/programs/crawl.mjs            some minutes; needs a built package and a quiet machine
//   node bench/cases/programs/crawl.mjs --villagers 5000
//   node bench/cases/programs/crawl.mjs --smoke    seconds: does every case still run, is every node found?
//
// A village of honest nodes in one process, a crawler in another: ours over V1 and V2, and beside it the same visit over V1 in
// plain `node:net` and in C (bench/servers/crawl-node-net.mjs, crawl-epoll.c). Each visit is a handshake, one `getaddr` answered
// with 250 addresses, and a ping. CPU is that of the crawler's process alone, from its start to its end, and of that what the
// kernel took. A quarter of the villagers is visited too: the difference is what each further visit takes, and what is left is
// taken once, whatever the number, for the start of the process and for compiling.
//
// The last cases rest ten seconds behind an answer, as a crawl outside does, so that thousands are in flight.

import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { program } from '../../lib/build.mjs';
import { greeting, ping, version } from '../../lib/visit-messages.mjs';

const { values: options } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    villagers: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
  },
});
const VILLAGERS = options.smoke ? 300 : Number(options.villagers);
const FEW = Math.floor(VILLAGERS / 4);
const ROUNDS = options.smoke ? 1 : Number(options.rounds);
/** Quiet time after an answer, in milliseconds: for cases in which the wait is not measured, and as in real crawls. */
const SHORT_QUIET_MS = 100;
const QUIET_MS = 10_000;
const MANY = 10_000;

const place = (name) => fileURLToPath(new URL(`../../servers/${name}`, import.meta.url));
const crawler =
  (name, ...rest) =>
  (seed, concurrency, quietMs) =>
    messageOf(fork(place(name), [seed, concurrency, quietMs, ...rest], { execArgv: [] }));

async function crawlerInC(seed, concurrency, quietMs) {
  const messages = [version(), greeting(), ping()].map((bytes) => bytes.toString('hex'));
  const args = [...seed.split(':'), String(concurrency), String(quietMs), ...messages];
  const child = spawn(program('crawl-epoll'), args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  return JSON.parse(line);
}

const CASES = [
  { name: 'C on epoll, V1', kind: 'v1', crawl: crawlerInC },
  { name: 'node:net, V1', kind: 'v1', crawl: crawler('crawl-node-net.mjs') },
  { name: 'sockman, V1', kind: 'v1', crawl: crawler('crawl-sockman.mjs', 'never') },
  { name: 'sockman, V2', kind: 'both', crawl: crawler('crawl-sockman.mjs', 'auto') },
  { name: 'sockman, V1, as outside', kind: 'v1', crawl: crawler('crawl-sockman.mjs', 'never'), isAsOutside: true },
  { name: 'sockman, V2, as outside', kind: 'both', crawl: crawler('crawl-sockman.mjs', 'auto'), isAsOutside: true },
].filter(({ name }) => name.includes(options.only));

function messageOf(child) {
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)));
  });
}

async function measure({ name, kind, crawl, isAsOutside = false }, villagers) {
  const village = fork(place('crawl-village.mjs'), [villagers, kind], { execArgv: [] });
  try {
    const { seed } = await messageOf(village);
    const quietMs = isAsOutside && !options.smoke ? QUIET_MS : SHORT_QUIET_MS;
    const outcome = await crawl(seed, isAsOutside ? MANY : 1_000, quietMs);
    if (outcome.reachable !== villagers || outcome.known !== villagers)
      throw new Error(`${name} found ${outcome.reachable} of ${villagers}, knows ${outcome.known}`);
    const usage = messageOf(village);
    village.send('usage');
    const { cpu } = await usage;
    return { ...outcome, villageCpu: cpu.user + cpu.system };
  } finally {
    village.send('stop');
    await once(village, 'exit');
  }
}

const cpuOf = ({ cpu: { user, system } }) => user + system;
const middle = (values) => values.sort((a, b) => a - b)[(values.length - 1) >> 1];

console.log(
  `${cpus()[0]?.model ?? 'unknown CPU'}, Node.js ${process.versions.node}, ${VILLAGERS} villagers, median of ${ROUNDS}`,
);
console.log(
  '| crawler | seconds | visits/s | CPU a visit, µs | of it the kernel | each further visit, µs | once, ms | village, µs | peak memory, MB | in flight |',
);
console.log('|---|---|---|---|---|---|---|---|---|---|');
for (const entry of CASES) {
  const outcomes = [];
  const fewer = [];
  for (let round = 0; round < (entry.isAsOutside ? 1 : ROUNDS); round++) {
    outcomes.push(await measure(entry, VILLAGERS));
    if (!entry.isAsOutside) fewer.push(await measure(entry, FEW));
  }
  const of = (read) => middle(outcomes.map(read));
  const ms = of((outcome) => outcome.ms);
  const cpu = of(cpuOf);
  const further = (cpu - middle(fewer.map(cpuOf))) / (VILLAGERS - FEW);
  const cells = [
    entry.name,
    (ms / 1_000).toFixed(1),
    Math.round((VILLAGERS * 1_000) / ms),
    Math.round(cpu / VILLAGERS),
    Math.round(of(({ cpu: { system } }) => system / VILLAGERS)),
    fewer.length === 0 ? '' : Math.round(further),
    fewer.length === 0 ? '' : Math.round((cpu - further * VILLAGERS) / 1_000),
    Math.round(of(({ villageCpu }) => villageCpu / VILLAGERS)),
    Math.round(of(({ rss }) => rss / 1_000)),
    outcomes[0].peakInFlight,
  ];
  console.log(`| ${cells.join(' | ')} |`);
}

// How many nodes a second does a crawl visit, and at what cost?
//
//   node bench/cases/programs/crawl.mjs            some minutes; needs a built package and a quiet machine
//   node bench/cases/programs/crawl.mjs --villagers 5000
//   node bench/cases/programs/crawl.mjs --smoke    seconds: does every case still run, is everybody found?
//
// A village of honest nodes on one core, a crawler on the other: ours over V1 and V2, and beside it the same visit over V1 in
// plain `node:net` (bench/servers/crawl-node-net.mjs). Each visit is a handshake, one `getaddr` answered with 250 addresses,
// and a ping. CPU is that of the crawler's process alone, from its start to its end.

import { fork } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: { smoke: { type: 'boolean', default: false }, villagers: { type: 'string', default: '20000' } },
});
const VILLAGERS = options.smoke ? 300 : Number(options.villagers);
const ROUNDS = options.smoke ? 1 : 3;
/** After an answer, in milliseconds: the wait itself is not what is measured. */
const QUIET_MS = 100;

const CASES = [
  { name: 'node:net, V1', kind: 'v1', program: 'crawl-node-net.mjs', concurrency: 1_000, rest: [] },
  { name: 'sockman, V1', kind: 'v1', program: 'crawl-sockman.mjs', concurrency: 1_000, rest: ['never'] },
  { name: 'sockman, V2', kind: 'both', program: 'crawl-sockman.mjs', concurrency: 1_000, rest: ['auto'] },
  // Ten seconds of rest, as outside: everybody is in flight at once.
  {
    name: 'sockman, V1, 10,000 in flight',
    kind: 'v1',
    program: 'crawl-sockman.mjs',
    concurrency: 10_000,
    quietMs: 10_000,
    rest: ['never'],
    rounds: 1,
  },
];

const place = (program) => fileURLToPath(new URL(`../../servers/${program}`, import.meta.url));
const messageOf = (child) =>
  new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)));
  });

async function measure({ kind, program, concurrency, rest, quietMs = QUIET_MS }) {
  const village = fork(place('crawl-village.mjs'), [VILLAGERS, kind], { execArgv: [] });
  try {
    const { seed } = await messageOf(village);
    const crawler = fork(place(program), [seed, concurrency, options.smoke ? QUIET_MS : quietMs, ...rest], {
      execArgv: [],
    });
    const outcome = await messageOf(crawler);
    if (outcome.reachable !== VILLAGERS || outcome.known !== VILLAGERS) {
      throw new Error(`${program} found ${outcome.reachable} of ${VILLAGERS}, knows ${outcome.known}`);
    }
    return outcome;
  } finally {
    village.send('stop');
  }
}

const middle = (values) => values.sort((a, b) => a - b)[(values.length - 1) >> 1];

console.log(
  `${cpus()[0]?.model ?? 'unknown CPU'}, Node.js ${process.versions.node}, ${VILLAGERS} villagers, median of ${ROUNDS}`,
);
console.log('| crawler | visits/s | CPU a visit, µs | peak memory, MB | in flight |');
console.log('|---|---|---|---|---|');
for (const entry of CASES) {
  const outcomes = [];
  for (let round = 0; round < (entry.rounds ?? ROUNDS); round++) outcomes.push(await measure(entry));
  const rate = middle(outcomes.map(({ ms }) => (VILLAGERS * 1_000) / ms));
  const cpu = middle(outcomes.map(({ cpu: { user, system } }) => (user + system) / VILLAGERS));
  const memory = middle(outcomes.map(({ rss }) => rss / 1_000));
  const inFlight = outcomes[0].peakInFlight ?? '';
  console.log(`| ${entry.name} | ${Math.round(rate)} | ${Math.round(cpu)} | ${Math.round(memory)} | ${inFlight} |`);
}

// The command `npm run bench`: measures, prints the tables, and writes bench/results/latest.json and latest.svg. A run of
// everything, and a run of a single bench on request, also write their results to RESULTS.md.
//
//   npm run bench -- [--cases echo-small,churn] [--peers c-64k,sockman] [--rounds 5] [--seconds 1] [--soak-minutes 20] [--with-bun-deno] [--before FOLDER]
//   npm run bench -- --cases addrman -- --floors    behind a second --: options of a bench that is a program of its own
//   npm run bench:smoke    one short round with little traffic: does each bench still run, does every message come back?

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureFloods } from './cases/floods/measure.mjs';
import { BENCHES } from './cases/index.mjs';
import { BENCH_DIRECTORY } from './lib/build.mjs';
import { measureHttp, measureHttpIdle, measureRpc } from './lib/http.mjs';
import { measureIdle } from './lib/idle.mjs';
import { measureImport } from './lib/import-cost.mjs';
import { findPeers } from './lib/peers.mjs';
import { measureProgram } from './lib/program.mjs';
import { isPinned, stopAllServers } from './lib/processes.mjs';
import { installRuntimes } from './lib/runtimes.mjs';
import { measureSoak } from './lib/soak.mjs';
import { measureTraffic } from './lib/traffic.mjs';
import { drawChart } from './report/chart.mjs';
import { describeMachine } from './report/machine.mjs';
import { writeSection } from './report/section.mjs';
import { textTable } from './report/table.mjs';

const MEASURES = {
  traffic: measureTraffic,
  idle: measureIdle,
  soak: measureSoak,
  import: measureImport,
  floods: measureFloods,
  http: measureHttp,
  'http-idle': measureHttpIdle,
  'http-rpc': measureRpc,
  program: measureProgram,
};

/** The section of RESULTS.md for a run of everything; a bench on request has a section of its name. */
const MAIN_SECTION = 'servers';

/** Further pages with the results of a bench, relative to this folder. */
const FURTHER_PAGES = { floods: ['../docs/floods.md'] };

/** Kinds of benches that start what they compare themselves: no servers take turns. */
const HAVE_THEIR_OWN = new Set(['program', 'floods']);

/** With fewer rounds the numbers are not published. */
const ROUNDS_TO_PUBLISH = 5;

/** A smoke run needs the yardstick, SockMan, and one peer that always runs. */
const SMOKE_PEERS = ['c-64k', 'sockman', 'node-net'];

const { values: options, positionals: programOptions } = parseArgs({
  allowPositionals: true,
  options: {
    cases: { type: 'string', default: '' },
    peers: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1' },
    smoke: { type: 'boolean', default: false },
    'soak-minutes': { type: 'string', default: '20' },
    'with-bun-deno': { type: 'boolean', default: false },
    before: { type: 'string' },
  },
});

/** @param {string} text */
const listOf = (text) => text.split(',').filter((word) => word !== '');

/** Benches named themselves or by one of their cases, with these cases only. @param {string[]} names */
function chosenBenches(names) {
  if (names.length === 0) return BENCHES.filter(({ isOnRequest }) => options.smoke || !isOnRequest);
  const known = BENCHES.flatMap(({ name, cases = [] }) => [name, ...cases.map((benchCase) => benchCase.name)]);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`No case ${unknown.join(', ')}; there are ${known.join(', ')}`);
  return BENCHES.flatMap((bench) => {
    if (names.includes(bench.name)) return [bench];
    const cases = (bench.cases ?? []).filter(({ name }) => names.includes(name));
    return cases.length > 0 ? [{ ...bench, cases }] : [];
  });
}

/** @param {import('./lib/types.mjs').Bench[]} benches @returns {Promise<import('./lib/types.mjs').Plan>} */
async function makePlan(benches) {
  const names = listOf(options.peers);
  const needsPeers = benches.some(({ kind }) => !HAVE_THEIR_OWN.has(kind));
  const { available, missing } = needsPeers
    ? await findPeers(options.smoke && names.length === 0 ? SMOKE_PEERS : names, options.before)
    : { available: [], missing: [] };
  for (const { peer, why } of missing) console.log(`Without ${peer.title} (${peer.name}): ${why}`);
  const isAskedFor = names.length > 0 || options.smoke;
  if ((needsPeers && available.length === 0) || (isAskedFor && missing.length > 0))
    throw new Error('A peer that is needed cannot run');
  const windowMs = options.smoke ? 60 : Math.round(Number(options.seconds) * 1_000);
  const warmupMs = options.smoke ? 10 : Math.max(200, windowMs * 0.3);
  const rounds = options.smoke ? 1 : Number(options.rounds);
  if (!(windowMs > 0) || !(rounds >= 1)) throw new RangeError('--seconds and --rounds are positive numbers');
  const soakMinutes = Number(options['soak-minutes']);
  if (!(soakMinutes > 0)) throw new RangeError('--soak-minutes is a positive number');
  return { isSmoke: options.smoke, rounds, windowMs, warmupMs, soakMinutes, peers: available, programOptions };
}

/** One line that is overwritten, on a terminal only. @param {string} text */
function progress(text) {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[2K${text}`);
}

/** The section of RESULTS.md that this run writes; undefined if it measured a part, or with too few rounds. */
function sectionOf(benches, { rounds }) {
  const [bench] = benches;
  if (benches.length === 1 && bench.isOnRequest && options.cases === bench.name) return bench.name;
  const isComplete =
    options.cases === '' && options.peers === '' && options.before === undefined && rounds >= ROUNDS_TO_PUBLISH;
  return isComplete ? MAIN_SECTION : undefined;
}

/**
 * @param {import('./lib/types.mjs').Bench[]} benches
 * @param {import('./lib/types.mjs').Plan} plan
 * @param {import('./lib/types.mjs').Table[]} tables
 */
function writeResults(benches, plan, tables) {
  const results = { machine: describeMachine(plan), command: process.argv.slice(2).join(' '), tables };
  const chart = drawChart(tables.filter(({ columns }) => columns !== 'text'));
  const directory = join(BENCH_DIRECTORY, 'results');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'latest.json'), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(join(directory, 'latest.svg'), chart);
  const section = sectionOf(benches, plan);
  if (section === undefined) return console.log('Written: bench/results/');
  const pages = ['RESULTS.md', ...(FURTHER_PAGES[section] ?? [])];
  for (const page of pages) writeSection(join(BENCH_DIRECTORY, page), section, results);
  if (section === MAIN_SECTION) writeFileSync(join(BENCH_DIRECTORY, 'chart.svg'), chart);
  console.log(`Written: bench/results/ and the section ${section} of ${pages.join(', ')}`);
}

async function main() {
  const benches = chosenBenches(listOf(options.cases));
  if (options['with-bun-deno']) installRuntimes();
  const plan = await makePlan(benches);
  for (const line of describeMachine(plan)) console.log(line);
  if (!isPinned) console.log('Server and load generator are not pinned to cores of their own: compare with care.');
  const tables = [];
  for (const bench of benches) {
    const began = performance.now();
    const measured = await MEASURES[bench.kind](bench, plan, progress);
    progress('');
    // The numbers of a smoke run mean nothing; their existence means that every message came back as it was sent.
    if (plan.isSmoke) console.log(`${bench.name}: ok, ${((performance.now() - began) / 1_000).toFixed(1)} s`);
    else if (bench.kind !== 'program') console.log([`\n${bench.question}`, ...measured.map(textTable)].join('\n'));
    tables.push(...measured);
  }
  if (!plan.isSmoke) writeResults(benches, plan, tables);
}

try {
  await main();
} catch (error) {
  console.error(`\n${error.message}`);
  process.exitCode = 1;
} finally {
  stopAllServers();
}

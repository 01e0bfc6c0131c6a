// How does a node develop on a network of thousands, and what can an attacker do to it?
//
//   npm run bench -- --cases network-life                          six hours of five thousand addresses, for three seeds: two minutes
//   npm run bench -- --cases network-life -- --seed 7 --seeds 5    other histories, and more of them; both need a built package
//
// Connman, PeerManager and AddrMan are the real ones; sockets are in memory, and time is a virtual clock. The same seed gives
// the same history. Every figure is the median over the seeds, with the lowest and the highest in brackets. Questions, each a
// file in network-life/:
//
//   life       a node that knows only a DNS seed: which addresses does it learn, which peers does it connect to, what do feelers
//              achieve? How does it restart, in peace and after a flood of addresses?
//   tables     N addresses in M networks, announced by their owners: what share of the dials do they get, what share of tried?
//   slots      500 connections from M networks against full inbound slots: how many do they take, which peers are evicted?
//
// A full run writes network-life.svg, which bench/METHOD.md explains.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { NEW_SLOTS } from '../../../modules/addrman/limits.js';
import { median } from '../../lib/statistics.mjs';
import { simulateLife } from './network-life/life.mjs';
import { attackSlots } from './network-life/slots.mjs';
import { attackTables, bytesBefore } from './network-life/tables.mjs';
import { drawLineChart } from '../../report/line-chart.mjs';

const { values: options } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string' },
  },
});

const FULL = {
  seeds: 3,
  life: {
    addresses: 5_000,
    groups: 400,
    minutes: 360,
    sampleMinutes: [0, 1, 2, 3, 5, ...Array.from({ length: 36 }, (_, index) => 10 * (index + 1))],
    restarts: 5,
    restartMinutes: 5,
    flood: { addresses: 20_000, groups: [1, 10, 100, 1_000] },
  },
  tables: { honest: { addresses: 20_000, groups: 1_000 }, draws: 10_000, feelers: 5_040 },
  counts: [1_000, 10_000, 50_000],
  tableGroups: [1, 10, 100, 1_000],
  slots: { honest: 114, connections: 500 },
  slotGroups: [1, 3, 10, 30, 100, 500],
};
const SMOKE = {
  seeds: 1,
  life: {
    addresses: 500,
    groups: 60,
    minutes: 6,
    sampleMinutes: [0, 3, 6],
    restarts: 2,
    restartMinutes: 1,
    flood: { addresses: 1_000, groups: [1, 100] },
  },
  tables: { honest: { addresses: 2_000, groups: 200 }, draws: 500, feelers: 100 },
  counts: [1_000],
  tableGroups: [1, 100],
  slots: { honest: 60, connections: 60 },
  slotGroups: [1, 50],
};
const PLAN = options.smoke ? SMOKE : FULL;
const FIRST_SEED = wholeNumber('seed', options.seed);
const SEED_COUNT = wholeNumber('seeds', options.seeds ?? String(PLAN.seeds));
const SEEDS = Array.from({ length: SEED_COUNT }, (_, index) => FIRST_SEED + index);

function wholeNumber(name, text) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError(`--${name} is a whole number from 1, not ${text}`);
  return value;
}

/** The runs of one experiment, one for each seed, in sequence. */
async function forEachSeed(run) {
  const results = [];
  for (const seed of SEEDS) results.push(await run(seed));
  return results;
}

// ---- Report -----------------------------------------------------------------------------------------------------------

/** Median, lowest and highest of a figure over the seeds. */
function over(results, figure) {
  const values = results.map(figure);
  return { median: median(values), low: Math.min(...values), high: Math.max(...values) };
}

/** `12 (10–13)`. */
function shown(results, figure, digits = 0) {
  const { median: middle, low, high } = over(results, figure);
  const range = low === high ? '' : ` (${low.toFixed(digits)}–${high.toFixed(digits)})`;
  return middle.toFixed(digits) + range;
}

/** @returns {import('../../report/line-chart.mjs').Point} */
function point(x, results, figure) {
  const { median: middle, low, high } = over(results, figure);
  return [x, middle, low, high];
}

function printTable(title, rows) {
  const columns = Object.keys(rows[0]);
  const cells = [columns, ...rows.map((row) => columns.map((column) => String(row[column])))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index].length)));
  console.log(`\n${title}`);
  for (const line of cells) console.log(`  ${line.map((cell, index) => cell.padStart(widths[index])).join('  ')}`);
}

// ---- Life -------------------------------------------------------------------------------------------------------------

const startedAtMs = performance.now();
const lives = {
  with: await forEachSeed((seed) => simulateLife(PLAN.life, seed, true)),
  without: await forEachSeed((seed) => simulateLife(PLAN.life, seed, false)),
};
const minutes = PLAN.life.sampleMinutes;
const shownMinutes = minutes.filter((minute) => [0, 1, 2, 5, 10, 30, 60, 120, 240, PLAN.life.minutes].includes(minute));
printTable(
  `life: ${PLAN.life.addresses} addresses in ${PLAN.life.groups} networks, half of them in 8; three in five are there at a time; seeds ${SEEDS.join(', ')}`,
  shownMinutes
    .map((minute) => minutes.indexOf(minute))
    .map((at) => ({
      minute: minutes[at],
      new: shown(lives.with, ({ samples }) => samples[at].new),
      tried: shown(lives.with, ({ samples }) => samples[at].tried),
      'without feelers': shown(lives.without, ({ samples }) => samples[at].tried),
      peers: shown(lives.with, ({ samples }) => samples[at].peers),
      networks: shown(lives.with, ({ samples }) => samples[at].networks),
      'draws that reach': `${shown(lives.with, ({ samples }) => samples[at].reach, 1)} %`,
      'without feelers ': `${shown(lives.without, ({ samples }) => samples[at].reach, 1)} %`,
    })),
);
const { flood, restarts } = PLAN.life;
printTable(
  `restart after ${PLAN.life.minutes} min, without anchors, mean of ${restarts}`,
  Object.entries(lives).map(([name, runs]) => ({
    feelers: name,
    'failed dials until 8 peers': shown(runs, ({ peace }) => peace.failures, 1),
    seconds: shown(runs, ({ peace }) => peace.seconds, 1),
  })),
);
printTable(
  `the same after a flood of ${flood.addresses} addresses, all of which answer: how many of 10 peers are hostile?`,
  flood.groups.map((groups) => ({
    networks: groups,
    'with feelers': shown(lives.with, ({ floods }) => floods.get(groups).hostile, 1),
    'without feelers': shown(lives.without, ({ floods }) => floods.get(groups).hostile, 1),
    'of 10 draws': shown(lives.with, ({ floods }) => floods.get(groups).drawn, 1),
    'without feelers ': shown(lives.without, ({ floods }) => floods.get(groups).drawn, 1),
  })),
);

// ---- Tables -----------------------------------------------------------------------------------------------------------

const before = new Map(SEEDS.map((seed) => [seed, bytesBefore(PLAN.tables, seed)]));
const tables = [];
for (const count of PLAN.counts) {
  for (const groups of PLAN.tableGroups) {
    const runs = await forEachSeed((seed) => attackTables(PLAN.tables, before.get(seed), seed, count, groups));
    tables.push({ count, groups, runs });
  }
}
const { honest } = PLAN.tables;
printTable(
  `tables: against ${honest.addresses} honest addresses in ${honest.groups} networks, a tenth of them tried; then ${PLAN.tables.feelers} feelers`,
  tables.map(({ count, groups, runs }) => ({
    addresses: count,
    networks: groups,
    'new slots': shown(runs, ({ slots }) => slots),
    'of the new table': `${shown(runs, ({ slots }) => (100 * slots) / NEW_SLOTS, 1)} %`,
    'of the dials': `${shown(runs, ({ share }) => 100 * share, 1)} %`,
    'of tried after the feelers': `${shown(runs, ({ triedShare }) => 100 * triedShare, 1)} %`,
  })),
);

// ---- Slots ------------------------------------------------------------------------------------------------------------

const slots = [];
for (const groups of PLAN.slotGroups) {
  slots.push({ groups, runs: await forEachSeed((seed) => attackSlots(PLAN.slots, seed, groups)) });
}
printTable(
  `slots: ${PLAN.slots.connections} connections against ${PLAN.slots.honest} slots, all taken`,
  slots.map(({ groups, runs }) => ({
    networks: groups,
    taken: shown(runs, ({ taken }) => taken),
    'honest left': shown(runs, ({ honestLeft }) => honestLeft),
  })),
);
console.log(`\n${((performance.now() - startedAtMs) / 1_000).toFixed(1)} s`);

// ---- Picture ----------------------------------------------------------------------------------------------------------

function lifeLine(name, runs, key) {
  const points = minutes.map((minute, at) => point(minute / 60, runs, ({ samples }) => samples[at][key]));
  return { name, points };
}

function floodLine(name, runs, key) {
  return { name, points: flood.groups.map((groups) => point(groups, runs, ({ floods }) => floods.get(groups)[key])) };
}

function tableLines(key) {
  return PLAN.counts.map((count) => ({
    name: count.toLocaleString('en'),
    points: tables
      .filter((row) => row.count === count)
      .map(({ groups, runs }) => point(groups, runs, (run) => 100 * run[key])),
  }));
}

function slotLine(name, key) {
  return { name, points: slots.map(({ groups, runs }) => point(groups, runs, (run) => run[key])) };
}

if (!options.smoke) {
  const hours = { title: 'hours since the first start', ticks: [0, 1, 2, 3, 4, 5, 6] };
  const percent = { title: '%', ticks: [0, 25, 50, 75, 100] };
  const gain = { title: '%', ticks: [0, 20, 40, 60] };
  const networks = { title: 'networks (/16) that the attacker has', ticks: PLAN.tableGroups, isLog: true };
  const panels = [
    {
      title: 'Addresses in the book',
      x: hours,
      y: { title: 'addresses', ticks: [1, 10, 100, 1_000, 10_000], isLog: true },
      lines: [
        lifeLine('new', lives.with, 'new'),
        lifeLine('tried', lives.with, 'tried'),
        lifeLine('tried, without feelers', lives.without, 'tried'),
      ],
    },
    {
      title: `Hostile ones of 10 peers after a flood and a restart`,
      x: networks,
      y: { title: 'peers', ticks: [0, 2, 4, 6, 8, 10] },
      lines: [
        floodLine('with feelers', lives.with, 'hostile'),
        floodLine('without', lives.without, 'hostile'),
        floodLine('of 10 draws', lives.with, 'drawn'),
      ],
    },
    {
      title: 'Draws that reach a node, %',
      x: hours,
      y: percent,
      lines: [lifeLine('with feelers', lives.with, 'reach'), lifeLine('without feelers', lives.without, 'reach')],
    },
    {
      title: `Inbound slots, ${PLAN.slots.connections} attacking connections`,
      x: { title: 'networks (/16) that they come from', ticks: [1, 10, 100, 500], isLog: true },
      y: { title: 'slots', ticks: [0, 20, 40, 60, 80, 100, 120] },
      lines: [slotLine('honest left', 'honestLeft'), slotLine('attacker', 'taken')],
    },
    { title: 'Dials an attacker with N addresses gets, %', x: networks, y: gain, lines: tableLines('share') },
    {
      title: 'Tried entries he gets in a week of feelers, %',
      x: networks,
      y: gain,
      lines: tableLines('triedShare'),
    },
  ];
  const path = fileURLToPath(new URL('../../network-life.svg', import.meta.url));
  const subtitle = `Medians and ranges over seeds ${SEEDS.join(', ')}; virtual clock, sockets in memory. Drawn by npm run bench -- --cases network-life.`;
  writeFileSync(path, drawLineChart('Life of a node on a simulated network', subtitle, panels));
  console.log(path);
}

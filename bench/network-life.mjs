// What becomes of a node on a network of thousands, and what can an attacker do to it?
//
//   node bench/network-life.mjs             six hours of three thousand nodes; needs a built package
//   node bench/network-life.mjs --smoke     ten minutes of three hundred: does everything still run?
//   node bench/network-life.mjs --seed 7    another history
//
// Connman, PeerManager and AddrMan are the real ones; sockets are in memory, and time is a virtual clock. The same seed gives
// the same history. Three questions:
//
//   life       a node that knows nothing but a DNS seed: what does it come to know, whom does it connect to?
//   tables     N addresses in M networks, told by their owners: what share of the dials do they get?
//   slots      500 connections from M networks against full inbound slots: how many do they take, who has to go?
//
// Writes bench/results/network-life.svg (not with --smoke).

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AddrMan } from '../esm/addrman/addr-man.js';
import { TRIED_SLOTS, NEW_SLOTS } from '../esm/addrman/limits.js';
import { Connman } from '../esm/connman/connman.js';
import { Service } from '../esm/netaddr/service.js';
import { PeerManager } from '../esm/peerman/peer-manager.js';
import { MemoryNetwork } from '../esm/testing.js';
import { VILLAGE_SERVICES, Village, addressesIn, isAttacker, toService } from './lib/village.mjs';
import { drawLineChart } from './report/line-chart.mjs';

const { values: options } = parseArgs({
  options: { smoke: { type: 'boolean', default: false }, seed: { type: 'string', default: '1' } },
});
const SEED = Number(options.seed);
const STEP_MS = 500;
const MINUTE_MS = 60_000;
const DAY_SECONDS = 86_400;

const LIFE = options.smoke
  ? { nodes: 300, deadNodes: 200, groups: 60, minutes: 10 }
  : { nodes: 3_000, deadNodes: 2_000, groups: 400, minutes: 360 };
const HONEST_BOOK = options.smoke ? { addresses: 2_000, groups: 200 } : { addresses: 20_000, groups: 1_000 };
const ATTACK_ADDRESSES = options.smoke ? [1_000] : [1_000, 10_000, 50_000];
const ATTACK_GROUPS = options.smoke ? [1, 100] : [1, 10, 100, 1_000];
const DRAWS = options.smoke ? 500 : 10_000;
const SLOT_GROUPS = options.smoke ? [1, 50] : [1, 3, 10, 30, 100, 500];
const HONEST_INBOUND = options.smoke ? 60 : 114;
const ATTACK_CONNECTIONS = options.smoke ? 60 : 500;

/** Uniform 32-bit words that are a function of the seed (mulberry32). */
function randomWords(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return (word ^ (word >>> 14)) >>> 0;
  };
}

const secondsOf = (clock) => Math.floor(clock.wallTimeMs() / 1_000);

function keyedBook(clock, random) {
  return new AddrMan({ clock, random, key: new Uint8Array(32).fill(SEED & 0xff || 1) });
}

async function pass(net, ms) {
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    net.clock.advance(STEP_MS);
    await net.clock.settle();
  }
}

async function startNode(net, addressBook, random, extra) {
  const common = { clock: net.clock, random, addressBook };
  const connman = new Connman({ network: 'regtest', backend: net.createBackend, ...common, ...extra });
  const peerManager = new PeerManager(common);
  peerManager.attach(connman);
  await connman.start(peerManager);
  return connman;
}

/** One node from its first minute on. */
async function simulateLife() {
  const net = new MemoryNetwork({ seed: SEED });
  const random = randomWords(SEED);
  const everybody = addressesIn(LIFE.nodes + LIFE.deadNodes, LIFE.groups, false);
  const isAlive = (index) => (index * LIFE.nodes) % everybody.length < LIFE.nodes;
  const village = new Village(net);
  village.settle(everybody.filter((_, index) => isAlive(index)));
  const pick = () => everybody[random() % everybody.length];
  village.gossip = () =>
    Array.from({ length: 1_000 }, () => ({
      service: toService(pick()),
      services: VILLAGE_SERVICES,
      timeSeconds: secondsOf(net.clock) - (random() % DAY_SECONDS),
    }));

  const addressBook = keyedBook(net.clock, random);
  const lookUpHost = async () => Array.from({ length: 32 }, pick);
  const connman = await startNode(net, addressBook, random, { listen: false, dnsSeed: true, lookUpHost });
  const handshakes = new Map();
  connman.on('closedConnection', ({ node }) => {
    if (node.version > 0) handshakes.set(node.connectionType, (handshakes.get(node.connectionType) ?? 0) + 1);
  });
  let dialFailures = 0;
  connman.on('failedConnection', () => dialFailures++);

  const samples = [];
  for (let minute = 0; minute <= LIFE.minutes; minute++) {
    const stable = [...connman.nodes()].filter((node) => node.isOutboundOrBlockRelay);
    const groups = new Set(stable.map(({ addr }) => addr.address.netGroup().join('.')));
    samples.push({
      minute,
      known: addressBook.size(undefined, true),
      tried: addressBook.size(undefined, false),
      peers: stable.length,
      groups: groups.size,
    });
    await pass(net, MINUTE_MS);
  }
  await connman.stop();
  await village.leave();
  return { samples, feelers: handshakes.get('feeler') ?? 0, dialFailures };
}

/** An attacker who tells his addresses, each from its own network, to a node that knows many others. */
function attackTables(addressCount, groups) {
  const { clock } = new MemoryNetwork({ seed: SEED });
  const random = randomWords(SEED + addressCount + groups);
  const book = keyedBook(clock, random);
  const timeSeconds = secondsOf(clock) - 3_600;
  const tell = (addresses, sources) => {
    for (const [index, address] of addresses.entries()) {
      book.add(
        [{ service: toService(address), services: VILLAGE_SERVICES, timeSeconds }],
        sources[index % sources.length],
      );
    }
  };
  const honest = addressesIn(HONEST_BOOK.addresses, HONEST_BOOK.groups, false);
  tell(honest, honest.slice(0, HONEST_BOOK.groups));
  // One in ten was connected to: as after some weeks.
  for (const address of honest.filter((_, index) => index % 10 === 0)) book.good(toService(address));
  const hostile = addressesIn(addressCount, groups, true);
  tell(hostile, hostile.slice(0, groups));

  const entries = book.getEntries(false).filter(({ entry }) => isAttacker(entry.service.address));
  let chosen = 0;
  for (let draw = 0; draw < DRAWS; draw++)
    if (isAttacker(book.select(false, ['ipv4']).address.service.address)) chosen++;
  return { addressCount, groups, slots: entries.length, share: chosen / DRAWS };
}

/** An attacker who opens connections to a node whose inbound slots are taken by others. */
async function attackSlots(groups) {
  const net = new MemoryNetwork({ seed: SEED });
  const random = randomWords(SEED + groups);
  const place = new Service(addressesIn(1, 1, false)[0], 18_444);
  const connman = await startNode(net, keyedBook(net.clock, random), random, {
    bind: [String(place)],
    maxConnections: HONEST_INBOUND + 11,
    fixedSeeds: false,
  });
  const village = new Village(net);
  const visit = async (address) => {
    void village.visit(address, place);
    await net.clock.settle();
  };
  // Everybody from another network, and connected for a while.
  for (const address of addressesIn(HONEST_INBOUND, HONEST_INBOUND, false)) await visit(address);
  await pass(net, 5 * MINUTE_MS);
  for (const address of addressesIn(ATTACK_CONNECTIONS, groups, true)) await visit(address);
  await pass(net, STEP_MS);
  const inbound = [...connman.nodes()].filter(({ isInbound }) => isInbound);
  const taken = inbound.filter(({ addr }) => isAttacker(addr.address)).length;
  await connman.stop();
  await village.leave();
  return { groups, taken, honestLeft: inbound.length - taken };
}

// ---- Report -----------------------------------------------------------------------------------------------------------

function printTable(title, rows) {
  const columns = Object.keys(rows[0]);
  const cells = [columns, ...rows.map((row) => columns.map((column) => String(row[column])))];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index].length)));
  console.log(`\n${title}`);
  for (const line of cells) console.log(`  ${line.map((cell, index) => cell.padStart(widths[index])).join('  ')}`);
}

const percent = (part) => `${(100 * part).toFixed(1)} %`;

const startedAtMs = performance.now();
const life = await simulateLife();
const lifeSeconds = (performance.now() - startedAtMs) / 1_000;
const wanted = new Set([1, 2, 5, 10, 30, 60, 120, 240, LIFE.minutes]);
printTable(
  `life: ${LIFE.nodes} nodes and ${LIFE.deadNodes} dead addresses in ${LIFE.groups} networks, ${LIFE.minutes} min in ${lifeSeconds.toFixed(1)} s`,
  life.samples
    .filter(({ minute }) => wanted.has(minute))
    .map(({ minute, known, tried, peers, groups }) => ({ minute, new: known, tried, peers, networks: groups })),
);
const { tried: triedAtEnd } = life.samples.at(-1);
console.log(
  `  ${life.feelers} of ${triedAtEnd} tried addresses were tested by feelers; ${life.dialFailures} dials failed`,
);

const tables = ATTACK_ADDRESSES.flatMap((count) => ATTACK_GROUPS.map((groups) => attackTables(count, groups)));
printTable(
  `tables: against ${HONEST_BOOK.addresses} honest addresses in ${HONEST_BOOK.groups} networks, a tenth of them tried`,
  tables.map(({ addressCount, groups, slots, share }) => ({
    addresses: addressCount,
    networks: groups,
    'new slots': slots,
    'of the new table': percent(slots / NEW_SLOTS),
    'of the dials': percent(share),
  })),
);

const slots = [];
for (const groups of SLOT_GROUPS) slots.push(await attackSlots(groups));
printTable(
  `slots: ${ATTACK_CONNECTIONS} connections against ${HONEST_INBOUND} slots, all taken`,
  slots.map(({ groups, taken, honestLeft }) => ({ networks: groups, taken, 'honest left': honestLeft })),
);

if (!options.smoke) {
  const series = (key) => life.samples.map((sample) => [sample.minute / 60, sample[key]]);
  const hours = [0, 1, 2, 3, 4, 5, 6];
  const path = fileURLToPath(new URL('results/network-life.svg', import.meta.url));
  const mostKnown = Math.max(...life.samples.map(({ known, tried }) => Math.max(known, tried)));
  const panels = [
    {
      title: `Addresses known (of ${NEW_SLOTS + TRIED_SLOTS} slots)`,
      xTitle: 'hours since the first start',
      xTicks: hours,
      yMax: Math.ceil(mostKnown / 1_000) * 1_000,
      lines: [
        { name: 'new', points: series('known') },
        { name: 'tried', points: series('tried') },
      ],
    },
    {
      title: 'Long-lived outbound peers',
      xTitle: 'hours since the first start',
      xTicks: hours,
      yMax: 12,
      lines: [
        { name: 'peers', points: series('peers') },
        { name: 'different networks', points: series('groups') },
      ],
    },
    {
      title: 'Dials that an attacker gets, %',
      xTitle: 'networks (/16) that he has',
      isLogX: true,
      xTicks: ATTACK_GROUPS,
      yMax: 100,
      lines: ATTACK_ADDRESSES.map((count) => ({
        name: `${count.toLocaleString('en')} addresses`,
        points: tables.filter((row) => row.addressCount === count).map(({ groups, share }) => [groups, 100 * share]),
      })),
    },
    {
      title: `Inbound slots, ${ATTACK_CONNECTIONS} attacking connections`,
      xTitle: 'networks (/16) that they come from',
      isLogX: true,
      xTicks: [1, 10, 100, 500],
      yMax: 120,
      lines: [
        { name: 'honest left', points: slots.map(({ groups, honestLeft }) => [groups, honestLeft]) },
        { name: 'attacker', points: slots.map(({ groups, taken }) => [groups, taken]) },
      ],
    },
  ];
  writeFileSync(path, drawLineChart('Life of a node on a simulated network', panels));
  console.log(`\n${path}`);
}

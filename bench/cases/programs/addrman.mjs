// How fast is the address manager, and how much memory does it take?
//
//   npm run bench -- --cases addrman             about a minute; needs a built package
//   npm run bench -- --cases addrman -- --floors    exits with 1 if a case misses the floor for a slow machine
//
// Each case has a baseline that does only the hashing which the rules demand: the rest can be saved. Targets and floors were
// set before it was written.

import * as crypto from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AsMap } from '../../../modules/addrman/asmap/as-map.js';
import { NetGroups } from '../../../modules/addrman/net-groups.js';
import { PeersFile } from '../../../modules/addrman/file/peers-file.js';
import { parsePeers } from '../../../modules/addrman/file/peers-reader.js';
import { serializePeers } from '../../../modules/addrman/file/peers-writer.js';
import { LANES, checksums32 } from '../../../modules/p2p/hash-lanes.js';
import { checksum32 } from '../../../modules/p2p/hash.js';
import { NOW, emptyBook, fullBook, messages, randomIPv4, randomIPv6 } from '../../lib/address-book.mjs';
import { makeAsMap } from '../../lib/as-map-maker.mjs';
import { median, spread } from '../../lib/statistics.mjs';

const { values: options } = parseArgs({
  options: { smoke: { type: 'boolean', default: false }, floors: { type: 'boolean', default: false } },
});
const ROUNDS = options.smoke ? 1 : 9;
const WARM_UP_ROUNDS = options.smoke ? 0 : 2;
const DRAWS = options.smoke ? 1_000 : 50_000;
const MAGIC = Uint8Array.of(0xfa, 0xbf, 0xb5, 0xda);

const KEY_AND_SERVICE = Buffer.alloc(56, 1);
const FOUR_SERVICES = Array.from({ length: LANES }, () => Buffer.alloc(56, 1));
const FOUR_GROUPS = Array.from({ length: LANES }, () => Buffer.alloc(40, 2));
const FOUR_CHOICES = Array.from({ length: LANES }, () => Buffer.alloc(44, 3));
const SUMS = new Int32Array(LANES);

/** The hashes of four new addresses: group and position of each, and the source's bucket for one. */
function hashNewEntries(index) {
  FOUR_GROUPS[0][0] = FOUR_SERVICES[0][0] = index;
  checksums32(FOUR_GROUPS, SUMS);
  checksums32(FOUR_SERVICES, SUMS);
  checksum32(FOUR_CHOICES[0]);
}

function hashTriedEntry(index) {
  KEY_AND_SERVICE[0] = FOUR_CHOICES[0][0] = index;
  checksum32(KEY_AND_SERVICE);
  checksum32(FOUR_CHOICES[0]);
  checksum32(KEY_AND_SERVICE);
}

function repeat(count, call) {
  for (let index = 0; index < count; index++) call(index);
  return count;
}

/** Adds the addresses of all messages; returns their number. */
function addAll(book, gossip) {
  for (const { source, records } of gossip) book.add(records, source);
  return gossip.reduce((sum, { records }) => sum + records.length, 0);
}

function cpuNs() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

function wallNs() {
  return Number(process.hrtime.bigint());
}

/**
 * Nanoseconds for each unit of work, over the rounds. `prepare` is not counted; `run` returns its number of units. The CPU
 * time is measured, which other load on the machine disturbs less than the wall time, unless `waits` is set.
 */
async function measure({ prepare = () => undefined, run, waits = false }) {
  const now = waits ? wallNs : cpuNs;
  const samples = [];
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const prepared = prepare();
    const began = now();
    const units = await run(prepared);
    const elapsed = (now() - began) / units;
    if (round >= 0) samples.push(elapsed);
  }
  return samples;
}

const ipv4 = messages(randomIPv4);
const ipv6 = messages(randomIPv6);
const full = fullBook(options.smoke ? 0.01 : 1);
const fileBytes = serializePeers(full, MAGIC);
/** The same book after a restart, when no address was tried a moment ago. */
const { addrMan: restarted } = parsePeers(fileBytes, MAGIC);
const mapBytes = makeAsMap(options.smoke ? 8 : 19);
const asMap = AsMap.parse(mapBytes);
const groups = new NetGroups(asMap);
const folder = mkdtempSync(join(tmpdir(), 'sockman-bench-'));
const file = new PeersFile(join(folder, 'peers.dat'), MAGIC);
const single = emptyBook();
single.add([ipv4[0].records[0]], ipv4[0].source);

function learnt() {
  const book = emptyBook();
  addAll(book, ipv4);
  return book;
}

/** Entries of the new and the tried table, for the hashing of a load. */
const [newCount, triedCount] = [full.size(undefined, true), full.size(undefined, false)];
const hashFile = () => {
  repeat(newCount / LANES, () => checksums32(FOUR_SERVICES, SUMS));
  for (const messages of [FOUR_SERVICES, FOUR_CHOICES, FOUR_SERVICES]) {
    repeat(triedCount / LANES, () => checksums32(messages, SUMS));
  }
  checksum32(fileBytes);
  return 1;
};

/** `targetNs` and `floorNs` for each unit of work; `hashing` is the baseline. */
const CASES = [
  {
    title: 'add, unknown IPv4',
    prepare: () => emptyBook(),
    run: (book) => addAll(book, ipv4),
    hashing: () => repeat(16_384 / LANES, hashNewEntries) * LANES,
    targetNs: 5_000,
    floorNs: 16_667,
  },
  {
    title: 'add, unknown IPv6',
    prepare: () => emptyBook(),
    run: (book) => addAll(book, ipv6),
    hashing: () => repeat(16_384 / LANES, hashNewEntries) * LANES,
    targetNs: 5_000,
    floorNs: 16_667,
  },
  {
    title: 'add, known, nothing new',
    prepare: () => {
      const book = learnt();
      const known = ({ service }) => book.getEntry(service) !== undefined;
      return { book, gossip: ipv4.map(({ source, records }) => ({ source, records: records.filter(known) })) };
    },
    run: ({ book, gossip }) => addAll(book, gossip),
    targetNs: 1_000,
    floorNs: 3_333,
  },
  {
    title: `add, with a map of ${(mapBytes.length / 1e6).toFixed(1)} MB`,
    prepare: () => emptyBook(groups),
    run: (book) => addAll(book, ipv4),
    hashing: () => repeat(16_384 / LANES, hashNewEntries) * LANES,
    targetNs: 10_000,
    floorNs: 33_333,
  },
  {
    title: 'good, no eviction',
    prepare: learnt,
    run: (book) => ipv4.reduce((sum, { records }) => sum + repeat(256, (at) => book.good(records[at].service, NOW)), 0),
    hashing: () => repeat(16_384, hashTriedEntry),
    targetNs: 6_667,
    floorNs: 20_000,
  },
  { title: 'select, full', run: () => repeat(DRAWS, () => restarted.select()), targetNs: 2_000, floorNs: 8_000 },
  // At first every draw of a tried entry is rejected 99 times in 100.
  { title: 'select, all just tried', run: () => repeat(DRAWS, () => full.select()), targetNs: 2_000, floorNs: 8_000 },
  { title: 'select, one entry', run: () => repeat(DRAWS, () => single.select()), targetNs: 2_000, floorNs: 8_000 },
  {
    title: 'select, the only onion',
    run: () => repeat(DRAWS, () => restarted.select(false, ['onion'])),
    targetNs: 2_000,
    floorNs: 8_000,
  },
  {
    title: 'select, two of the networks',
    run: () => repeat(DRAWS, () => restarted.select(false, ['ipv4', 'onion'])),
    targetNs: 2_000,
    floorNs: 8_000,
  },
  { title: 'getAddr(1000, 23)', run: () => repeat(20, () => full.getAddr(1000, 23)), targetNs: 1e6, floorNs: 4e6 },
  {
    title: 'serialize, full',
    run: () => repeat(1, () => serializePeers(full, MAGIC)),
    hashing: () => repeat(1, () => checksum32(fileBytes)),
    targetNs: 60e6,
    floorNs: 200e6,
  },
  {
    title: 'save to disk, full',
    run: () => file.save(full).then(() => 1),
    waits: true,
    targetNs: 150e6,
    floorNs: 500e6,
  },
  {
    title: 'load, full',
    run: () => repeat(1, () => parsePeers(fileBytes, MAGIC)),
    hashing: hashFile,
    targetNs: 200e6,
    floorNs: 800e6,
  },
];

function inUnits(nanoseconds) {
  if (nanoseconds >= 1e6) return `${(nanoseconds / 1e6).toFixed(1)} ms`;
  return `${(nanoseconds / 1e3).toFixed(2)} µs`;
}

/** Bytes retained by an object: memory with it, less memory without. */
function heldBytes(make) {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc');
  const used = () => {
    collectGarbage();
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = used();
  const held = make();
  const after = used();
  return { bytes: after - before, held };
}

console.log(`Machine: ${cpus()[0]?.model.trim()}, ${cpus().length} cores; Node.js ${process.versions.node}`);
console.log(`Rounds: ${ROUNDS} after ${WARM_UP_ROUNDS} of warm-up; medians, ± half the range`);
console.log(`Full: ${newCount} new, ${triedCount} tried, file of ${(fileBytes.length / 1e6).toFixed(2)} MB\n`);
console.log(
  `${'case'.padEnd(30)}${'each'.padStart(10)}${'±'.padStart(6)}${'per second'.padStart(13)}${'hashing'.padStart(11)}${'of that'.padStart(9)}${'target'.padStart(11)}`,
);

const missedFloors = [];
for (const benchCase of CASES) {
  const samples = await measure(benchCase);
  const each = median(samples);
  const hashing = benchCase.hashing && median(await measure({ run: benchCase.hashing }));
  const { title, targetNs, floorNs } = benchCase;
  console.log(
    [
      title.padEnd(30),
      inUnits(each).padStart(10),
      `${Math.round(spread(samples) * 100)} %`.padStart(6),
      Math.round(1e9 / each)
        .toLocaleString('en')
        .padStart(13),
      (hashing === undefined ? '' : inUnits(hashing)).padStart(11),
      (hashing === undefined ? '' : `${Math.round((hashing / each) * 100)} %`).padStart(9),
      `${inUnits(targetNs)}${each <= targetNs ? '' : ' !'}`.padStart(11),
    ].join(''),
  );
  if (each > floorNs) missedFloors.push(title);
}

const empty = heldBytes(emptyBook);
const loaded = heldBytes(() => parsePeers(fileBytes, MAGIC));
console.log(
  `\nmemory: ${(empty.bytes / 1e6).toFixed(2)} MB empty, ${(loaded.bytes / 1e6).toFixed(2)} MB full (target 1 and 16)`,
);

const HASHES = {
  createHash: (bytes) =>
    crypto.createHash('sha256').update(crypto.createHash('sha256').update(bytes).digest()).digest(),
  // Absent before Node.js 20.12.
  ...(crypto.hash && {
    'crypto.hash': (bytes) => crypto.hash('sha256', crypto.hash('sha256', bytes, 'buffer'), 'buffer'),
  }),
  'crypto.hash without Buffers (in use, for one)': checksum32,
};
const hashCosts = [];
for (const [title, hash] of Object.entries(HASHES)) {
  const samples = await measure({ run: () => repeat(DRAWS / 10, () => hash(KEY_AND_SERVICE)) });
  hashCosts.push(`${title} ${inUnits(median(samples))}`);
}
const together = await measure({ run: () => repeat(DRAWS / 40, () => checksums32(FOUR_SERVICES, SUMS)) * LANES });
hashCosts.push(`four at a time (in use) ${inUnits(median(together))}`);
console.log(`double SHA-256 of 56 bytes: ${hashCosts.join(', ')}`);

rmSync(folder, { recursive: true });
if (options.floors && missedFloors.length > 0) {
  console.error(`below the floor: ${missedFloors.join(', ')}`);
  process.exitCode = 1;
}

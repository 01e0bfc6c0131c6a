// What does a crawl's frontier cost with millions of addresses, beside a Map of strings?
//
//   node bench/cases/programs/frontier.mjs            some minutes; needs a built package and 3 GB of memory
//   node bench/cases/programs/frontier.mjs --smoke    seconds: does every part still run?
//
// Each table is filled in a process of its own: as from `addrv2`, an address at a time, then each is inserted again in
// another order. Half are IPv4, the rest IPv6, onion, I2P and CJDNS, as in the network's gossip. Making the addresses does
// not count. Memory is the growth of the process, after garbage collection.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Exclusions } from '../../../esm/crawl.js';
import { Frontier } from '../../../modules/crawl/frontier/frontier.js';

const { values: options, positionals } = parseArgs({
  options: { smoke: { type: 'boolean', default: false } },
  allowPositionals: true,
});

const NOW_SECONDS = 1_900_000_000;
const CHUNK = 1_000;
const SERVICES = 0x809;
/** Shares of the networks, cumulative, in percent: IPv4, IPv6, onion, I2P, CJDNS. */
const SHARES = [50, 65, 95, 99, 100];
const BYTES = [0, 4, 16, 32, 32, 16];

/** A word that looks random, from a number. (MurmurHash3's finalizer) */
function mixed(number) {
  let word = Math.imul(number ^ (number >>> 16), 0x85eb_ca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2_ae35);
  return (word ^ (word >>> 16)) >>> 0;
}

/** Writes the address of a number; each number has another. @returns Its network. */
function writeAddress(number, bytes, offset) {
  const network = 1 + SHARES.findIndex((share) => number % 100 < share);
  for (let at = 0; at < BYTES[network]; at += 4) {
    const word = at === 0 ? mixed(number) : mixed(number + at * 0x1000_0001);
    bytes[offset + at] = word;
    bytes[offset + at + 1] = word >>> 8;
    bytes[offset + at + 2] = word >>> 16;
    bytes[offset + at + 3] = word >>> 24;
  }
  // A range in which all addresses are routable.
  if (network === 1) bytes[offset] = 11 + (bytes[offset] % 80);
  if (network === 2) bytes.set([0x2a, 2 + (bytes[offset] & 7)], offset);
  if (network === 5) bytes[offset] = 0xfc;
  return network;
}

const TABLES = {
  frontier: () => {
    const frontier = new Frontier({
      groups: { rate: 10, concurrency: 64, overlayConcurrency: 128 },
      attempts: 3,
      retryDelayMs: 60_000,
      perSource: 2 ** 31,
      followsLocal: false,
      hasRoute: () => true,
      exclusions: Exclusions.NONE,
      leftAlone: undefined,
      asMap: undefined,
      random: () => 12_345,
      onPromoted: () => {},
    });
    return {
      tell: (network, bytes, offset, port) =>
        frontier.learn(network, bytes, offset, port, NOW_SECONDS, SERVICES, 0, NOW_SECONDS) !== -1,
    };
  },
  map: () => {
    const known = new Map();
    return {
      tell(network, bytes, offset, port) {
        const key = `${network}:${Buffer.from(bytes.buffer, offset, BYTES[network]).toString('hex')}:${port}`;
        if (known.has(key)) return false;
        known.set(key, { state: 0, attempts: 0, source: 0 });
        return true;
      },
    };
  },
};

/** CPU time of this process, in milliseconds: independent of other load. */
function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function measure(name, count) {
  const bytes = new Uint8Array(CHUNK * 32);
  const networks = new Uint8Array(CHUNK);
  const memory = () => {
    globalThis.gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = memory();
  const table = TABLES[name]();
  const pass = (numberOf) => {
    let ms = 0;
    let added = 0;
    for (let first = 0; first < count; first += CHUNK) {
      for (let index = 0; index < CHUNK; index++)
        networks[index] = writeAddress(numberOf(first + index), bytes, index * 32);
      const startedMs = cpuMs();
      for (let index = 0; index < CHUNK; index++) if (table.tell(networks[index], bytes, index * 32, 8_333)) added++;
      ms += cpuMs() - startedMs;
    }
    return { microseconds: (ms * 1_000) / count, added };
  };
  const insert = pass((number) => number);
  // A stride that shares no factor with the count visits every number once.
  const lookUp = pass((number) => (number * 7_919) % count);
  const mb = (memory() - before) / 1e6;
  return { insert: insert.microseconds, known: insert.added, lookUp: lookUp.microseconds, again: lookUp.added, mb };
}

if (positionals.length > 0) {
  const [name, count] = positionals;
  process.send(measure(name, Number(count)));
} else {
  const millions = options.smoke ? [0.02] : [2, 10];
  console.log('| table | addresses | insert, µs | look-up, µs | memory, MB | bytes each |');
  console.log('|---|---|---|---|---|---|');
  for (const [name, counts] of [
    ['frontier', millions],
    ['map', millions.slice(0, 1)],
  ])
    for (const million of counts) {
      const count = million * 1e6;
      const execArgv = ['--expose-gc', '--max-old-space-size=6000'];
      const child = fork(fileURLToPath(import.meta.url), [name, String(count)], { execArgv });
      const [{ insert, known, lookUp, again, mb }] = await once(child, 'message');
      if (again !== 0) throw new Error(`${name}: ${again} addresses were new again`);
      const title = name === 'map' ? 'Map of strings' : 'frontier';
      console.log(
        `| ${title} | ${known} | ${insert.toFixed(2)} | ${lookUp.toFixed(2)} | ${mb.toFixed(0)} | ${((mb * 1e6) / known).toFixed(0)} |`,
      );
    }
}

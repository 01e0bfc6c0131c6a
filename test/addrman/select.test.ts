import { describe, expect, it } from 'vitest';
import type { AddrMan } from '../../ts/addrman/addr-man.ts';
import { NO_ENTRY } from '../../ts/addrman/tables/bucket-table.ts';
import { BUCKET_SLOTS } from '../../ts/addrman/limits.ts';
import { selectionChance } from '../../ts/addrman/quality.ts';
import { NETWORK_NUMBERS } from '../../ts/netaddr/networks/network.ts';
import type { NetworkClass } from '../../ts/netaddr/networks/network.ts';
import { uniformBelow } from '../../ts/util/random.ts';
import type { RandomUint32 } from '../../ts/util/random.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';
import { START, address, ipv4, peer, service, testAddrMan } from './support.ts';

// All seeds are fixed: a test here cannot fail by chance, only because something changed. The significance says how
// much a sound implementation with another seed could be off.

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';

/** A mixed population: `count` IPv4 addresses, some IPv6, one onion; every third in tried. */
function populated(count: number): AddrMan {
  const { addrMan } = testAddrMan({ seed: 5 });
  const random = seededUint32(17);
  for (let i = 0; i < count; i++) {
    const source = ipv4(random());
    const text = i % 10 === 9 ? `2a0${i % 8}:${(random() & 0xffff).toString(16)}::1` : String(ipv4(random()));
    addrMan.add([peer(text)], source);
    if (i % 3 === 0) addrMan.good(service(text));
  }
  addrMan.add([peer(ONION)], ipv4(random()));
  return addrMan;
}

/** The algorithm of the specification, word by word: the oracle for the one that keeps lists. */
function literalSelect(addrMan: AddrMan, networks: readonly NetworkClass[], random: RandomUint32): number {
  const { store, newTable, triedTable } = addrMan.tables;
  const numbers = networks.map((network) => NETWORK_NUMBERS[network]);
  const count = (isNew: boolean): number =>
    numbers.length === 0
      ? addrMan.size(undefined, isNew)
      : networks.reduce((sum, network) => sum + addrMan.size(network, isNew), 0);
  const isFromTried = count(false) > 0 && (count(true) === 0 || (random() & 1) === 1);
  const table = isFromTried ? triedTable : newTable;
  for (let factor = 1; ;) {
    const bucket = uniformBelow(random, table.bucketCount);
    const start = uniformBelow(random, BUCKET_SLOTS);
    let found = NO_ENTRY;
    for (let step = 0; step < BUCKET_SLOTS && found === NO_ENTRY; step++) {
      const id = table.entries[bucket * BUCKET_SLOTS + ((start + step) % BUCKET_SLOTS)]!;
      if (id === NO_ENTRY) continue;
      if (numbers.length === 0 || numbers.includes(store.countedNetwork[id]!)) found = id;
    }
    if (found === NO_ENTRY) continue;
    if (random() >>> 2 < factor * selectionChance(store, found, START) * 2 ** 30) return found;
    factor *= 1.2;
  }
}

/** Pearson's statistic for two samples of equal size, and its degrees of freedom; rare cells are joined. */
function compareSamples(a: Map<string, number>, b: Map<string, number>): { chiSquare: number; degrees: number } {
  let chiSquare = 0;
  let degrees = -1;
  const rest = [0, 0];
  const add = (x: number, y: number): void => {
    chiSquare += (x - y) ** 2 / (x + y);
    degrees++;
  };
  for (const key of new Set([...a.keys(), ...b.keys()])) {
    const [x, y] = [a.get(key) ?? 0, b.get(key) ?? 0];
    if (x + y >= 20) add(x, y);
    else {
      rest[0]! += x;
      rest[1]! += y;
    }
  }
  if (rest[0]! + rest[1]! > 0) add(rest[0]!, rest[1]!);
  return { chiSquare, degrees };
}

/** The value that chi-square with so many degrees exceeds once in a thousand (Wilson and Hilferty's approximation). */
function chiSquareLimit(degrees: number): number {
  const spread = 2 / (9 * degrees);
  return degrees * (1 - spread + 3.09 * Math.sqrt(spread)) ** 3;
}

describe('select', () => {
  it('gives nothing where there is nothing', () => {
    const { addrMan } = testAddrMan();
    expect(addrMan.select()).toBeUndefined();
    addrMan.add([peer('250.1.1.1')], address('252.2.2.2'));
    expect(addrMan.select(false, ['ipv6', 'onion'])).toBeUndefined();
    addrMan.good(service('250.1.1.1'));
    expect(addrMan.select(true)).toBeUndefined();
    expect(addrMan.select(false)?.address.service.toString()).toBe('250.1.1.1:8333');
  });

  it('gives a single entry, with when it was tried last, however bad it is', () => {
    const { addrMan } = testAddrMan();
    addrMan.add([peer('250.1.1.1', 100_000_000)], address('252.2.2.2'));
    const target = service('250.1.1.1');
    for (let failure = 0; failure < 8; failure++) {
      addrMan.good(service('9.9.9.9'), START + failure * 2 + 1);
      addrMan.attempt(target, true, START + failure * 2 + 2);
    }
    expect(addrMan.getEntry(target)?.attempts).toBe(8);
    expect(addrMan.select()).toEqual({
      address: { service: target, services: 9n, timeSeconds: 100_000_000 },
      lastTrySeconds: START + 16,
    });
  });

  it('takes each table about half of the time', () => {
    const addrMan = populated(300);
    let triedCount = 0;
    for (let draw = 0; draw < 10_000; draw++) {
      const entry = addrMan.select()!;
      if (addrMan.findAddressEntry(entry.address.service)!.isTried) triedCount++;
    }
    // Four standard deviations of a fair coin: significance 0.00006.
    expect(Math.abs(triedCount - 5000)).toBeLessThan(200);
  });

  it('finds the one onion among thousands, every time, alone or among several networks', () => {
    const addrMan = populated(8000);
    for (let draw = 0; draw < 200; draw++) {
      expect(addrMan.select(false, ['onion'])?.address.service.address.network).toBe('onion');
      expect(addrMan.select(true, ['onion', 'i2p', 'cjdns'])?.address.service.address.network).toBe('onion');
    }
  });

  it('gives only what the filter names', () => {
    const addrMan = populated(2000);
    for (let draw = 0; draw < 500; draw++) {
      expect(['ipv6', 'onion']).toContain(addrMan.select(false, ['ipv6', 'onion'])?.address.service.address.network);
    }
  });

  it('draws an entry in eight slots about eight times as often as one in one', () => {
    const { addrMan } = testAddrMan({ seed: 3 });
    const often = service('250.1.1.1');
    let reported = START - 2 * 3600;
    for (let source = 0; addrMan.findAddressEntry(often)?.multiplicity !== 8; source++) {
      addrMan.add([{ service: often, timeSeconds: ++reported, services: 9n }], ipv4(0x03000001 + (source << 16)), 7200);
    }
    // The others are alone in their buckets, so that a draw of their bucket is a draw of them.
    for (let i = 0; addrMan.size() < 17; i++)
      addrMan.add([peer(`${60 + i}.9.1.1`)], ipv4(((100 + i) << 24) | 0x010101));
    const { newTable } = addrMan.tables;
    expect(newTable.occupiedBucketCount(7)).toBe(24);
    let hits = 0;
    for (let draw = 0; draw < 24_000; draw++) if (addrMan.select()!.address.service.equals(often)) hits++;
    // 8 of 24 buckets; four standard deviations: significance 0.00006.
    expect(Math.abs(hits - 8000)).toBeLessThan(4 * Math.sqrt((24_000 * 8 * 16) / 24 ** 2));
  });

  it.each<[string, NetworkClass[]]>([
    ['all', []],
    ['one network', ['ipv6']],
    ['several networks', ['ipv6', 'onion']],
    ['every network by its name', ['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns']],
  ])('follows the same distribution as the literal algorithm: %s', (_, networks) => {
    const addrMan = populated(4000);
    const { tables } = addrMan;
    const { store } = tables;
    // Different qualities, so that the growing factor plays its part.
    const random = seededUint32(23);
    for (const { service: target } of addrMan.getAddr(0, 0)) store.attempts[tables.find(target)] = random() % 5;

    // One cell for each table, number of failures, and one address in ten.
    const cellOf = (id: number): string => `${store.isInTried[id]} ${store.attempts[id]} ${store.serial[id]! % 10}`;
    const [ours, literal] = [new Map<string, number>(), new Map<string, number>()];
    for (let draw = 0; draw < 10_000; draw++) {
      const own = cellOf(tables.find(addrMan.select(false, networks)!.address.service));
      ours.set(own, (ours.get(own) ?? 0) + 1);
      const other = cellOf(literalSelect(addrMan, networks, random));
      literal.set(other, (literal.get(other) ?? 0) + 1);
    }
    const { chiSquare, degrees } = compareSamples(ours, literal);
    expect(degrees).toBeGreaterThan(9);
    expect(chiSquare).toBeLessThan(chiSquareLimit(degrees));
  });
});

describe('how often an address may be in new', () => {
  const target = service('250.1.1.1');

  it('never grows by a report that is not newer', () => {
    const { addrMan } = testAddrMan();
    for (let source = 0; source < 100; source++) addrMan.add([peer('250.1.1.1')], ipv4(0x03000001 + (source << 16)));
    expect(addrMan.findAddressEntry(target)?.multiplicity).toBe(1);
  });

  it('reaches eight by rising reports from many sources, and never nine', () => {
    const { addrMan } = testAddrMan();
    for (let i = 0; i < 20_000; i++) {
      addrMan.add([peer('250.1.1.1', START + i)], ipv4((0x03000001 + (i << 12)) >>> 0), 7200);
      if (i % 1000 === 0) expect(addrMan.findAddressEntry(target)!.multiplicity).toBeLessThanOrEqual(8);
    }
    expect(addrMan.findAddressEntry(target)?.multiplicity).toBe(8);
  });

  it.each([1, 2, 3, 4])('with %i slots a further report is taken one time in 2^n', (count) => {
    const { addrMan } = testAddrMan({ seed: 29 + count });
    const { store } = addrMan.tables;
    addrMan.add([peer('250.1.1.1')], ipv4(0x03000001), 7200);
    const id = addrMan.tables.find(target);
    let reported = START;
    let taken = 0;
    const trials = 4000;
    for (let trial = 0; trial < trials;) {
      const before = store.referenceCount[id]!;
      // Each source has another bucket; where the slot there is taken by this very entry, nothing is learnt.
      reported++;
      addrMan.add([peer('250.1.1.1', reported)], ipv4(0x03000001 + ((reported % 1700) << 16)), 7200);
      const after = store.referenceCount[id]!;
      if (before !== count) {
        while (store.referenceCount[id]! > count) addrMan.tables.clearNew(store.slots[id * 8]!);
        continue;
      }
      trial++;
      if (after > before) taken++;
      while (store.referenceCount[id]! > count) addrMan.tables.clearNew(store.slots[id * 8]!);
    }
    const chance = 2 ** -count;
    // A hit on one of the entry's own slots shows as not taken: at most `count` of 1,024 buckets.
    const slack = (trials * chance * count) / 1024 + 4 * Math.sqrt(trials * chance * (1 - chance));
    expect(Math.abs(taken - trials * chance)).toBeLessThan(slack);
  });
});

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { HashInput } from '../../../ts/addrman/tables/hash-input.ts';
import { BUCKET_SLOTS } from '../../../ts/addrman/limits.ts';
import { Placement } from '../../../ts/addrman/tables/placement.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import type { NetGroups } from '../../../ts/addrman/net-groups.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';
import { fromHex, readVectorJson, toHex } from '../../harness/data/vectors.ts';
import { TEST_KEY, address, groups, ipv4 } from '../support.ts';

interface Row {
  key: string;
  address: string;
  port: number;
  source: string;
  sourceIsInternalName: boolean;
  cjdns: boolean;
  asmap: boolean;
  keyBytes: string;
  group: string;
  sourceGroup: string;
  newBucket: number;
  newPosition: number;
  triedBucket: number;
  triedPosition: number;
}

interface Cardinality {
  key: string;
  table: 'new' | 'tried';
  asmap: boolean;
  distinctBuckets: number;
  sortedBuckets: number[];
  count: number;
  port: number;
  series: string;
}

interface Vectors {
  keys: Record<string, string>;
  workedExamples: Record<string, string | number>[];
  rows: Row[];
  cardinality: Cardinality[];
}

const vectors = readVectorJson<Vectors>('addrman_buckets.json');
const mapless = groups(false);
const mapped = groups(true);

function placement(key: string): Placement {
  return new Placement(fromHex(vectors.keys[key]!));
}

function newBucketOf(key: Placement, group: Uint8Array, sourceGroup: Uint8Array): number {
  return key.newBuckets([group], sourceGroup)[0]!;
}

function place(key: Placement, by: NetGroups, target: NetAddress, port: number, source: NetAddress) {
  const addrBytes = target.getAddrBytes();
  const newBucket = newBucketOf(key, by.group(target), by.group(source));
  const newSlot = key.newSlots([newBucket], (input) => input.service(addrBytes, port))[0]!;
  const triedSlot = key.triedSlots([by.group(target)], (input) => input.service(addrBytes, port))[0]!;
  return {
    newBucket,
    newPosition: newSlot - newBucket * BUCKET_SLOTS,
    triedBucket: Math.floor(triedSlot / BUCKET_SLOTS),
    triedPosition: triedSlot % BUCKET_SLOTS,
  };
}

describe('buckets and positions', () => {
  it.each(vectors.rows)('$address:$port from $source, key $key, map $asmap', (row) => {
    const by = row.asmap ? mapped : mapless;
    const target = address(row.address, row.cjdns);
    const source = row.sourceIsInternalName ? NetAddress.fromInternalName(row.source) : address(row.source, row.cjdns);
    expect(toHex(by.group(target))).toBe(row.group);
    expect(toHex(by.group(source))).toBe(row.sourceGroup);
    const { newBucket, newPosition, triedBucket, triedPosition } = row;
    const expected = { newBucket, newPosition, triedBucket, triedPosition };
    expect(place(placement(row.key), by, target, row.port, source)).toEqual(expected);
  });

  it.each([
    ['250.1.1.1', 8333, false, { triedBucket: 40 }],
    ['250.1.1.1', 8333, true, { triedBucket: 236 }],
    ['250.1.2.1', 8333, false, { newBucket: 786 }],
    ['250.1.2.1', 8333, true, { newBucket: 795 }],
  ])('gives %s:%i (map %s) the bucket that Bitcoin Core asserts', (text, port, hasMap, expected) => {
    const target = address(text);
    expect(place(placement('sha1'), hasMap ? mapped : mapless, target, port, target)).toMatchObject(expected);
  });

  it('hashes the operands of the worked examples, digest by digest', () => {
    const digest = (input: string): string => {
      const first = createHash('sha256').update(fromHex(input)).digest();
      return createHash('sha256').update(first).digest('hex');
    };
    const [newExample, triedExample] = vectors.workedExamples;
    for (const example of [newExample!, triedExample!]) {
      expect(digest(String(example['hash1Input']))).toBe(example['hash1']);
      expect(digest(String(example['hash2Input']))).toBe(example['hash2']);
      expect(digest(String(example['positionInput']))).toBe(example['positionHash']);
    }
    const source = address('250.1.2.1');
    expect(place(placement('sha1'), mapless, source, 8333, source)).toMatchObject({
      newBucket: newExample!['bucket'],
      newPosition: newExample!['position'],
    });
    const onion = address('pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion');
    expect(place(placement('one'), mapless, onion, 8333, onion)).toMatchObject({
      triedBucket: triedExample!['bucket'],
      triedPosition: triedExample!['position'],
    });
  });

  it('gives the same bucket whatever source groups were asked for before', () => {
    const target = mapless.group(address('1.2.3.4'));
    const sources = ['5.6.7.8', '5.7.7.8', '2a02::1', '5.6.9.9'].map((text) => mapless.group(address(text)));
    const fresh = sources.map((source) => newBucketOf(placement('ramp'), target, source));
    const reused = placement('ramp');
    for (const order of [0, 1, 1, 2, 0, 3, 2, 0]) {
      expect(newBucketOf(reused, target, sources[order]!)).toBe(fresh[order]);
    }
  });

  it('hashes many addresses together as it hashes each alone, whatever their networks', () => {
    const key = placement('ramp');
    const source = address('204.1.2.3');
    const sourceGroup = mapless.group(source);
    const targets = vectors.rows.map((row) => ({ target: address(row.address, row.cjdns), port: row.port }));
    expect(new Set(targets.map(({ target }) => target.network)).size).toBe(5);
    const alone = targets.map(({ target, port }) => place(key, mapless, target, port, source));
    for (const count of [0, 1, 2, 3, 4, 5, 7, 8, targets.length]) {
      const some = targets.slice(0, count);
      const groupsOfSome = some.map(({ target }) => mapless.group(target));
      const buckets = key.newBuckets(groupsOfSome, sourceGroup);
      const writeService = (input: HashInput, index: number): HashInput =>
        input.service(some[index]!.target.getAddrBytes(), some[index]!.port);
      const newSlots = key.newSlots(buckets, writeService);
      const triedSlots = key.triedSlots(groupsOfSome, writeService);
      const slots = alone.slice(0, count);
      expect(buckets).toEqual(slots.map(({ newBucket }) => newBucket));
      expect(newSlots).toEqual(slots.map(({ newBucket, newPosition }) => newBucket * BUCKET_SLOTS + newPosition));
      expect(triedSlots).toEqual(slots.map((slot) => slot.triedBucket * BUCKET_SLOTS + slot.triedPosition));
    }
  });

  it('changes with the key; and with the port, except for the new bucket', () => {
    const target = address('203.1.2.3');
    const source = address('204.1.2.3');
    const here = place(placement('ramp'), mapless, target, 8333, source);
    const otherKey = place(placement('sha2'), mapless, target, 8333, source);
    expect(otherKey.newBucket).not.toBe(here.newBucket);
    expect(otherKey.triedBucket).not.toBe(here.triedBucket);
    const ports = Array.from({ length: 50 }, (_, port) => place(placement('ramp'), mapless, target, port, source));
    expect(new Set(ports.map((port) => port.newBucket))).toEqual(new Set([here.newBucket]));
    expect(new Set(ports.map((port) => port.newPosition)).size).toBeGreaterThan(20);
    expect(new Set(ports.map((port) => port.triedBucket)).size).toBe(8);
  });
});

describe('how many buckets a series of addresses reaches', () => {
  const SERIES: Record<string, (i: number) => [address: NetAddress, source: NetAddress]> = {
    'i=0..254: address 250.1.1.<i>, source the same': (i) => same(0xfa010100 | i),
    'j=0..254: address 250.<j>.1.1, source the same': (j) => same(0xfa000101 | (j << 16)),
    'j=0..254: address 101.<j>.1.1, source the same': (j) => same(0x65000101 | (j << 16)),
    'j=0..1019: address <250+floor(j/255)>.<j mod 256>.1.1, source 251.4.1.1': (j) => [
      ipv4(((250 + Math.floor(j / 255)) << 24) | ((j & 0xff) << 16) | 0x0101),
      address('251.4.1.1'),
    ],
    'p=0..254: address 250.1.1.1, source 250.<p>.1.1': (p) => [address('250.1.1.1'), ipv4(0xfa000101 | (p << 16))],
    'p=0..254: address 250.1.1.1, source 101.<p>.1.1': (p) => [address('250.1.1.1'), ipv4(0x65000101 | (p << 16))],
  };

  function same(number: number): [NetAddress, NetAddress] {
    return [ipv4(number), ipv4(number)];
  }

  it.each(vectors.cardinality)('$distinctBuckets of $table (map $asmap) by $series', (row) => {
    const key = placement(row.key);
    const by = row.asmap ? mapped : mapless;
    const buckets = new Set<number>();
    for (let i = 0; i < row.count; i++) {
      const [target, source] = SERIES[row.series]!(i);
      const { newBucket, triedBucket } = place(key, by, target, row.port, source);
      buckets.add(row.table === 'new' ? newBucket : triedBucket);
    }
    expect(buckets.size).toBe(row.distinctBuckets);
    expect([...buckets].sort((a, b) => a - b)).toEqual(row.sortedBuckets);
  });

  it('is at most 64 for one source group, whatever it sends', () => {
    const key = new Placement(TEST_KEY);
    const random = seededUint32(3);
    const source = mapless.group(address('1.2.3.4'));
    const buckets = new Set<number>();
    for (let i = 0; i < 5000; i++) buckets.add(newBucketOf(key, mapless.group(ipv4(random())), source));
    expect(buckets.size).toBeLessThanOrEqual(64);
    expect(buckets.size).toBeGreaterThan(50);
  });
});

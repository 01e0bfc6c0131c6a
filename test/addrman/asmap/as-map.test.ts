import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AsMap, NO_MAP_VERSION } from '../../../ts/addrman/asmap/as-map.ts';
import { findFault } from '../../../ts/addrman/asmap/check.ts';
import { measureAsMapHealth } from '../../../ts/addrman/as-map-health.ts';
import { NetGroups } from '../../../ts/addrman/net-groups.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';
import { fromHex, readVectorBytes, readVectorJson, toHex } from '../../harness/data/vectors.ts';
import { START, address, groups, ipv4, peer, testAddrMan } from '../support.ts';

interface Lookup {
  address: string;
  asn: number;
  group?: string;
}

interface MapVector {
  name?: string;
  file?: string;
  hex?: string;
  version31Raw: string;
  version30Raw: string;
  version31Display?: string;
  lookups: Lookup[];
}

interface Vectors {
  files: MapVector[];
  inline: MapVector[];
  sanity: { name: string; hex: string; sane: boolean; why: string }[];
  lookups16: { name: string; ip16: string; asn: number }[];
}

const vectors = readVectorJson<Vectors>('addrman_asmap.json');
const folder = mkdtempSync(join(tmpdir(), 'sockman-asmap-'));
afterAll(() => rmSync(folder, { recursive: true }));

function bytesOf({ file, hex }: MapVector): Uint8Array {
  return file === undefined ? fromHex(hex!) : readVectorBytes(file);
}

/** Random addresses of all kinds of beginnings, so that deep paths are taken too. */
function randomAddresses(count: number, seed: number): Uint8Array[] {
  const random = seededUint32(seed);
  return Array.from({ length: count }, (_, index) => {
    const bytes = Uint8Array.from({ length: 16 }, () => random());
    if (index % 2 === 0) bytes.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
    return bytes;
  });
}

describe.each([...vectors.files, ...vectors.inline].map((map) => [map.file ?? map.name, map] as const))(
  'the map %s',
  (_, map) => {
    const asMap = AsMap.parse(bytesOf(map));

    it.each(map.lookups)('has $address in AS $asn', ({ address: text, asn, group }) => {
      const by = new NetGroups(asMap);
      expect(by.asNumber(address(text))).toBe(asn);
      if (group !== undefined) expect(toHex(by.group(address(text)))).toBe(group);
    });

    it('is known by the version of Bitcoin Core 31, and by that of the releases before', () => {
      expect(toHex(asMap.version)).toBe(map.version31Raw);
      expect(asMap.hasVersion(fromHex(map.version31Raw))).toBe(true);
      expect(asMap.hasVersion(fromHex(map.version30Raw))).toBe(true);
      expect(asMap.hasVersion(NO_MAP_VERSION)).toBe(false);
      expect(asMap.hasVersion(fromHex(map.version31Raw).reverse())).toBe(false);
      if (map.version31Display !== undefined) {
        expect(toHex(asMap.version.slice().reverse())).toBe(map.version31Display);
      }
    });

    it('is refused when cut short by any number of bytes', () => {
      const bytes = bytesOf(map);
      for (let end = 0; end < bytes.length; end++) expect(findFault(bytes.subarray(0, end)), `${end}`).toBeDefined();
    });

    it('with any one bit flipped is refused, or answers for every address', () => {
      const bytes = bytesOf(map);
      const addresses = randomAddresses(1000, 4);
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = bytes.slice();
        flipped[bit >>> 3]! ^= 1 << (bit & 7);
        if (findFault(flipped) === undefined) lookUpAll(AsMap.parse(flipped), addresses);
      }
    });
  },
);

/** A fault throws. Expected once for all: a million expectations would take longer than what they are about. */
function lookUpAll(map: AsMap, addresses: Uint8Array[]): void {
  const lowest = addresses.reduce((least, bytes) => Math.min(least, map.lookUp(bytes)), Infinity);
  expect(lowest).toBeGreaterThanOrEqual(0);
}

describe('the check of a map', () => {
  it.each(vectors.sanity)('$name: sane $sane ($why)', ({ hex, sane }) => {
    expect(findFault(fromHex(hex)) === undefined).toBe(sane);
  });

  it.each([
    ['58d000', true],
    ['fb1380c506', true],
    ['cffb797f02b0d8', true],
    ['070001000a', false],
    ['07003900280030', false],
    ['63000003', false],
    ['58d00000', false],
    ['58d080', false],
    ['ff', false],
  ])('of the program %s: %s', (hex, isSound) => {
    expect(findFault(fromHex(hex)) === undefined).toBe(isSound);
  });

  it('lets nothing pass that a lookup could fail in', () => {
    // Random bytes rarely pass; sound programs with random bytes changed more often do.
    const random = seededUint32(11);
    const base = readVectorBytes('asmap.raw');
    const addresses = randomAddresses(10, 5);
    let soundCount = 0;
    for (let round = 0; round < 20_000; round++) {
      const bytes = round % 2 === 0 ? Uint8Array.from({ length: 1 + (random() % 12) }, () => random()) : base.slice();
      if (round % 2 === 1) for (let change = 0; change < 2; change++) bytes[random() % bytes.length] = random();
      if (findFault(bytes) !== undefined) continue;
      soundCount++;
      lookUpAll(AsMap.parse(bytes), addresses);
    }
    expect(soundCount).toBeGreaterThan(50);
  });

  it('takes linear time for a megabyte of nothing but jumps or matches', () => {
    for (const filler of [0x00, 0x55, 0xaa, 0xff, 0xdb]) {
      expect(findFault(new Uint8Array(1_000_000).fill(filler))).toBeDefined();
    }
  });
});

describe('lookups', () => {
  const programs = new Map(vectors.sanity.map(({ name, hex }) => [name, hex]));
  it.each(vectors.lookups16)('$name of $ip16 is $asn', ({ name, ip16, asn }) => {
    expect(AsMap.parse(fromHex(programs.get(name)!)).lookUp(fromHex(ip16))).toBe(asn);
  });
});

describe('a map file', () => {
  it('is loaded when sound', async () => {
    const path = join(folder, 'good.map');
    writeFileSync(path, readVectorBytes('asmap.raw'));
    const map = await AsMap.load(path);
    expect(toHex(map.version)).toBe(vectors.files[0]!.version31Raw);
  });

  it('that is unsound or missing is an error that names it, not a fallback', async () => {
    const path = join(folder, 'bad.map');
    writeFileSync(path, '');
    await expect(AsMap.load(path)).rejects.toMatchObject({ code: 'ERR_SOCKMAN_FILE_CORRUPT', path });
    const missing = join(folder, 'missing.map');
    await expect(AsMap.load(missing)).rejects.toMatchObject({ code: 'ERR_SOCKMAN_SYSTEM', path: missing });
  });
});

describe('the health of a map', () => {
  it('counts entries, systems, and what is in none', async () => {
    const { addrMan } = testAddrMan({ groups: groups(true) });
    const texts = ['250.1.1.1', '250.77.1.1', '101.1.1.1', '101.2.1.1', '8.8.8.8', '2a02::1', '2002:fa01:101::2'];
    addrMan.add(
      texts.map((text) => peer(text, START)),
      address('9.9.9.9'),
    );
    expect(addrMan.size()).toBe(7);
    const rest = (): Promise<boolean> => Promise.reject(new Error('too few entries to rest'));
    const health = await measureAsMapHealth(addrMan, addrMan.groups, rest);
    expect(health).toEqual({ entryCount: 7, asCount: 3, unmappedCount: 2 });
  });

  it('is taken a thousand entries at a time, and not at all once it is given up', async () => {
    const { addrMan } = testAddrMan({ groups: groups(true) });
    for (let i = 0; i < 3_000; i++) addrMan.add([peer('250.1.1.1', START, i)], ipv4((i << 16) | 0x01000001));
    const thousands = Math.floor(addrMan.size() / 1_000);
    let rests = 0;
    const health = await measureAsMapHealth(addrMan, addrMan.groups, () => Promise.resolve(++rests > 0));
    expect([health?.entryCount, health?.asCount, rests]).toEqual([addrMan.size(), 1, thousands]);
    expect(await measureAsMapHealth(addrMan, addrMan.groups, () => Promise.resolve(false))).toBeUndefined();
  });
});

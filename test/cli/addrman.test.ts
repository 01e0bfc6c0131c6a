import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serializePeers } from '../../ts/addrman/file/peers-writer.ts';
import { CHAIN_PARAMS } from '../../ts/p2p/chain-params.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { REGTEST_MAGIC, START, ipv4, testAddrMan } from '../addrman/support.ts';
import { WELL, noBuild, runChild } from '../harness/child.ts';
import type { ChildResult } from '../harness/child.ts';
import { peersFileBytes, peersFileVector } from '../harness/data/peers-vectors.ts';
import type { PeersFileEntry } from '../harness/data/peers-vectors.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';
import { readVectorBytes } from '../harness/data/vectors.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'esm', 'cli', 'main.js');
const SLOTS = 64;
const BAND_BUCKETS = 256;

if (noBuild !== undefined) console.info('sockman addrman: skipped,', noBuild);

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockman-inspect-'));
  path = join(folder, 'peers.dat');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Puts a file of the vectors where the command is to find it. @returns Its bytes. */
function put(name: string): Buffer {
  const bytes = peersFileBytes(peersFileVector(name));
  writeFileSync(path, bytes);
  return bytes;
}

/** A file of about `count` addresses, a quarter of them tried. */
function putMany(count: number): void {
  const { addrMan } = testAddrMan();
  const random = seededUint32(3);
  for (let index = 0; index < count; index++) {
    const service = new Service(ipv4(random()), 8333);
    addrMan.add([{ service, services: 9n, timeSeconds: START }], ipv4(random()));
    if (index % 4 === 0) addrMan.good(service);
  }
  writeFileSync(path, serializePeers(addrMan, REGTEST_MAGIC));
}

function sockman(...args: string[]): Promise<ChildResult> {
  return runChild('esm/cli/main.js', ['addrman', ...args]);
}

describe.skipIf(noBuild !== undefined)('sockman addrman', () => {
  it('says what kind of file it is, how full it is, and counts by network', async () => {
    put('v4-mixed');
    const { stdout, ...rest } = await sockman(path);
    expect(rest).toEqual(WELL);
    const { entries } = peersFileVector('v4-mixed');
    const slots = (table: string): number => entries.filter((entry) => entry.table === table).length;
    const lines = stdout.split('\n');
    expect(lines[0]).toBe(`${path}: address book of regtest, ${statSync(path).size.toLocaleString('en')} bytes`);
    expect(lines[1]).toBe('format    4, for readers of format 4 and newer');
    expect(lines[2]).toMatch(/^key {7}(secret|that of Bitcoin Core’s tests: .*)$/);
    expect(lines[3]).toBe('AS map    none');
    expect(lines[4]).toMatch(
      new RegExp(`^new       ${slots('new')} of 65,536 slots \\(0 %\\), in \\d+ of 1,024 buckets$`),
    );
    expect(lines[5]).toMatch(
      new RegExp(`^tried     ${slots('tried')} of 16,384 slots \\(0 %\\), in \\d+ of 256 buckets$`),
    );
    const counts = lines.slice(7).map((line) => line.trim().split(/ {2,}/));
    const unique = (isMeant: (entry: PeersFileEntry) => boolean): string =>
      String(new Set(entries.filter(isMeant).map(({ address, port }) => `${address} ${port}`)).size);
    expect(counts[0]).toEqual(['network', 'new', 'in slots', 'tried', 'all']);
    expect(counts.find(([network]) => network === 'onion')).toEqual([
      'onion',
      unique(({ net, table }) => net === 'onion' && table === 'new'),
      String(entries.filter(({ net, table }) => net === 'onion' && table === 'new').length),
      unique(({ net, table }) => net === 'onion' && table === 'tried'),
      unique(({ net }) => net === 'onion'),
    ]);
    expect(counts.find(([network]) => network === 'all')?.at(-1)).toBe(unique(() => true));
  });

  it('never shows the key', async () => {
    const bytes = put('v4-mixed');
    const key = bytes.subarray(6, 38);
    const outputs = await Promise.all([sockman(path, '--entries'), sockman(path, '--json')]);
    const text = outputs.map(({ stdout }) => stdout).join('');
    expect(text).not.toContain(key.toString('hex'));
    expect(text).not.toContain(key.toString('base64'));
  });

  it('lists every slot as a line of a table', async () => {
    put('v4-mixed');
    const { stdout, ...rest } = await sockman(path, '--entries');
    expect(rest).toEqual(WELL);
    const lines = stdout.trimEnd().split('\n');
    const listed = lines.slice(lines.findIndex((line) => line.startsWith('table')) + 1);
    const cells = listed.map((line) => line.trim().split(/ {2,}/));
    const expected = peersFileVector('v4-mixed').entries.map((entry) => {
      const host = entry.net === 'ipv6' || entry.net === 'cjdns' ? `[${entry.address}]` : entry.address;
      return [
        entry.table,
        String(entry.bucket),
        String(entry.position),
        String(entry.multiplicity),
        entry.time === 0 ? '-' : new Date(entry.time * 1000).toISOString().slice(0, 19).replace('T', ' '),
        entry.lastSuccess === 0 ? '-' : new Date(entry.lastSuccess * 1000).toISOString().slice(0, 19).replace('T', ' '),
        String(entry.attempts),
        BigInt(entry.services).toString(16),
        `${host}:${entry.port}`,
        entry.source,
      ];
    });
    expect(cells).toEqual(expected);
  });

  it.each([
    'v0-256-buckets',
    'v1-mixed',
    'v2-mixed',
    'v3-mixed',
    'v4-mixed',
    'v5-compatible-with-4',
    'v4-ten-references',
  ])('lists every slot of %s as a line of JSON, with every field', async (name) => {
    put(name);
    const { entries } = peersFileVector(name);
    const { stdout, ...rest } = await sockman(path, '--json');
    expect(rest).toEqual(WELL);
    const lines = stdout.split('\n').slice(0, -1);
    const listed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(listed).toEqual(
      entries.map((entry) => ({
        table: entry.table,
        bucket: entry.bucket,
        position: entry.position,
        refs: entry.multiplicity,
        address: entry.address,
        port: entry.port,
        network: expect.any(String),
        services: BigInt(entry.services).toString(16).padStart(16, '0'),
        servicesnames: expect.any(Array),
        time: entry.time,
        last_success: entry.lastSuccess,
        last_try: null,
        attempts: entry.attempts,
        source: entry.source,
        source_network: expect.any(String),
      })),
    );
  });

  it('computes systems and buckets with the map it is given, and says where they are not those of the file', async () => {
    put('v4-asmap-v31-match');
    const map = join(folder, 'ip_asn.map');
    writeFileSync(map, readVectorBytes('asmap.raw'));
    const version = 'bafc9da308f45179443bd1d22325400ac9104f741522d003e3fac86700f68895';
    const [withMap, withoutMap] = await Promise.all([sockman(path, '--asmap', map), sockman(path)]);
    expect(withMap.stdout).toContain(`AS map    version ${version}\n`);
    expect(withoutMap.stdout).toContain(
      `AS map    version ${version}; the new buckets shown are not those of the file`,
    );
    const { addrMan } = testAddrMan();
    addrMan.add([{ service: Service.parse('250.1.2.3:8333'), services: 9n, timeSeconds: START }], ipv4(0x65010101));
    writeFileSync(path, serializePeers(addrMan, REGTEST_MAGIC));
    const { stdout } = await sockman(path, '--asmap', map, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ mapped_as: 1000, source: '101.1.1.1', source_mapped_as: 1 });
  });

  it('says how many entries of the file could not be kept', async () => {
    put('v4-unknown-network');
    expect((await sockman(path)).stdout).toMatch(/^new .* buckets; dropped: 1$/m);
  });

  it('draws how full each bucket is, lightly', async () => {
    putMany(12_000);
    const svg = join(folder, 'buckets.svg');
    expect(await sockman(path, '--svg', svg)).toMatchObject(WELL);
    const text = readFileSync(svg, 'utf8');
    expect(text).toMatch(/^<svg [^]*<\/svg>\n$/);
    expect(text.length).toBeLessThan(40_000);
    const { stdout } = await sockman(path, '--json');
    const expected: Record<string, number[]> = { new: Array<number>(1024).fill(0), tried: Array<number>(256).fill(0) };
    for (const line of stdout.split('\n').slice(0, -1)) {
      const { table, bucket } = JSON.parse(line) as { table: string; bucket: number };
      expected[table]![bucket]!++;
    }
    // The first area of a band is that of all networks together.
    const bands = [...text.matchAll(/<g [^>]*>\n<path fill="[^"]*" d="([^"]*)"\/>/g)].map(([, area]) =>
      heightsOf(area!),
    );
    expect(bands.slice(0, 4).flat()).toEqual(expected['new']);
    expect(bands.slice(4).flat()).toEqual(expected['tried']);
  });

  it('touches nothing: neither the file nor what lies beside it', async () => {
    for (const name of ['v4-mixed', 'v4-bad-checksum', 'v5-needs-5']) {
      const bytes = put(name);
      writeFileSync(join(folder, 'peers.beef'), 'left by a save that was killed');
      const { mtimeMs, ino } = statSync(path);
      await sockman(path);
      expect(readFileSync(path)).toEqual(bytes);
      expect([statSync(path).mtimeMs, statSync(path).ino]).toEqual([mtimeMs, ino]);
      expect(readdirSync(folder).sort()).toEqual(['peers.beef', 'peers.dat']);
    }
    rmSync(path);
    await sockman(path);
    expect(readdirSync(folder)).toEqual(['peers.beef']);
  });

  it.each([
    ['itself', () => path],
    ['a symbolic link to it', () => link(symlinkSync)],
    ['a hard link to it', () => link(linkSync)],
  ])('does not draw over the file it looks at: %s', async (_, target) => {
    const bytes = put('v4-mixed');
    const { status, stderr } = await sockman(path, '--svg', target());
    expect([status, stderr]).toEqual([2, expect.stringContaining('never written to')]);
    expect(readFileSync(path)).toEqual(bytes);
  });

  function link(make: (target: string, at: string) => void): string {
    const at = join(folder, 'link.svg');
    make(path, at);
    return at;
  }

  it('ends quietly when nobody reads on', async () => {
    putMany(3_000);
    const child = spawn(process.execPath, [MAIN, 'addrman', path, '--json'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [status] = (await once(child, 'close')) as [number];
    expect([status, complaints]).toEqual([0, '']);
  });
});

describe.skipIf(noBuild !== undefined)(
  'sockman addrman names the file and the reason, and ends with 1, for a file that',
  () => {
    it.each([
      ['is damaged', 'v4-bad-checksum', /: checksum mismatch$/],
      ['is empty', 'zero-length', /: of no network known here \(begins with ''\)$/],
      ['is inconsistent', 'v4-duplicate-new', /: inconsistent \(code -5\)$/],
      ['is of a newer format', 'v5-needs-5', /: needs a reader of format 5; the newest known here is 4$/],
    ])('%s', async (_, name, reason) => {
      put(name);
      await expectFailure([path], reason);
    });

    it('is of another network than it must be', async () => {
      put('v4-mixed');
      await expectFailure([path, '--network', 'main'], /: of regtest, not of main$/);
      expect((await sockman(path, '--network', 'regtest')).status).toBe(0);
    });

    it('is of no network we know', async () => {
      const bytes = put('v4-mixed');
      bytes.write('PK\x03\x04', 'latin1');
      writeFileSync(path, bytes);
      await expectFailure([path], /: of no network known here \(begins with '504b0304'\)$/);
      await expectFailure([path, '--network', 'main'], /: of no network known here .*, not of main$/);
    });

    it.each(Object.values(CHAIN_PARAMS).map(({ name, magic }) => [name, magic] as const))(
      'is cut short behind the magic of %s',
      async (_, magic) => {
        writeFileSync(path, magic);
        await expectFailure([path], /: .*\(at byte 4\)$/);
      },
    );

    it('is not there, or is a folder', async () => {
      await expectFailure([path], /: cannot be read: ENOENT$/);
      mkdirSync(path);
      await expectFailure([path], /: cannot be read: EISDIR$/);
    });

    it('is no AS map', async () => {
      put('v4-mixed');
      const map = join(folder, 'ip_asn.map');
      const missing = await sockman(path, '--asmap', map);
      expect([missing.status, missing.stderr]).toEqual([1, `sockman addrman: ${map}: cannot be read: ENOENT\n`]);
      writeFileSync(map, 'nonsense');
      const unsound = await sockman(path, '--asmap', map);
      expect([unsound.status, unsound.stderr]).toEqual([1, expect.stringContaining(`${map}: not an AS map: `)]);
    });

    it('cannot be drawn to', async () => {
      put('v4-mixed');
      const { status, stderr } = await sockman(path, '--svg', join(folder, 'no', 'such.svg'));
      expect([status, stderr]).toEqual([1, expect.stringMatching(/such\.svg: cannot be written: ENOENT\n$/)]);
    });

    async function expectFailure(args: string[], reason: RegExp): Promise<void> {
      const { status, stdout, stderr } = await sockman(...args);
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr.startsWith(`sockman addrman: ${path}: `)).toBe(true);
      expect(stderr.trimEnd()).toMatch(reason);
    }
  },
);

describe.skipIf(noBuild !== undefined)('sockman addrman does not understand', () => {
  it.each([
    ['no file', []],
    ['two files', ['a', 'b']],
    ['an option it has not', ['a', '--write']],
    ['a network there is not', ['a', '--network', 'moonnet']],
    ['two kinds of listing', ['a', '--json', '--entries']],
  ])('%s', async (_, args) => {
    const { status, stdout, stderr } = await sockman(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^sockman addrman: /);
  });
});

/** The heights of the columns that an area draws on the unit of slots. */
function heightsOf(area: string): number[] {
  const heights = [...area.matchAll(/V(\d+)h(\d+)/g)].flatMap(([, y, width]) =>
    Array<number>(Number(width)).fill(SLOTS - Number(y)),
  );
  expect(heights).toHaveLength(BAND_BUCKETS);
  return heights;
}

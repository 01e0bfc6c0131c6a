// Real processes that save, killed without warning or with the disk full: the old file or the new one, never neither.

import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { parsePeers } from '../../ts/addrman/file/peers-reader.ts';
import { serializePeers } from '../../ts/addrman/file/peers-writer.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';
import { transpile } from '../harness/transpiled.ts';
import { REGTEST_MAGIC, START, ipv4, testAddrMan } from './support.ts';

const modules = transpile('netaddr', 'p2p', 'storage', 'util');
const folder = mkdtempSync(join(tmpdir(), 'sockman-crash-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
  modules.remove();
});

/** Saves two files in turn, for ever; says so once it has begun. */
const SAVE_FOR_EVER = `
  import { readFileSync } from 'node:fs';
  import { DataFile } from '${modules.url('storage/data-file')}';
  const [path, ...sources] = process.argv.slice(2);
  const contents = sources.map((source) => readFileSync(source));
  const file = new DataFile(path);
  await file.write(() => contents[0]);
  console.log('saving');
  for (let round = 1; ; round++) await file.write(() => contents[round % 2]);
`;

/** Saves a small file, which fits, a large one, which does not, and a small one again; says what came of it. */
const FILL_DISK = `
  import { DataFile } from '${modules.url('storage/data-file')}';
  const file = new DataFile(process.argv[2]);
  await file.write(() => Buffer.alloc(10_000, 1));
  const outcome = await file.write(() => Buffer.alloc(100_000, 2)).then(() => 'saved', (error) => error);
  await file.write(() => Buffer.alloc(10_000, 3));
  console.log(outcome.code, outcome.cause.code);
`;

const KILLS = 25;

/** An address book whose file is about a megabyte, so that writing it takes a while. */
function bookBytes(seed: number): Uint8Array {
  const { addrMan } = testAddrMan({ seed });
  const random = seededUint32(seed);
  for (let index = 0; index < 20_000; index++) {
    addrMan.add([{ service: new Service(ipv4(random()), 8333), services: 9n, timeSeconds: START }], ipv4(random()));
  }
  return serializePeers(addrMan, REGTEST_MAGIC);
}

function temporaryNames(): string[] {
  return readdirSync(folder).filter((name) => /^peers\.[0-9a-f]{4}$/.test(name));
}

describe('a process that is killed while it saves', () => {
  it(`leaves the old file or the new one, ${KILLS} times out of ${KILLS}`, async () => {
    const program = join(folder, 'save-for-ever.mjs');
    writeFileSync(program, SAVE_FOR_EVER);
    const path = join(folder, 'peers.dat');
    const contents = [1, 2].map(bookBytes);
    const sources = contents.map((bytes, index) => {
      const source = join(folder, `book-${index}`);
      writeFileSync(source, bytes);
      return source;
    });
    let hits = 0;
    for (let round = 0; round < KILLS; round++) {
      const child = spawn(process.execPath, [program, path, ...sources], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      // In the middle of a save, as far as one can see from here: while there is a temporary file.
      while (temporaryNames().length === 0) expect(child.exitCode).toBeNull();
      child.kill('SIGKILL');
      await once(child, 'exit');
      hits += temporaryNames().length;
      for (const name of temporaryNames()) rmSync(join(folder, name));
      const left = readFileSync(path);
      expect(
        contents.some((bytes) => left.equals(bytes)),
        `round ${round}`,
      ).toBe(true);
      expect(parsePeers(left, REGTEST_MAGIC).kind).toBe('loaded');
    }
    // Were there none, no kill would have hit a save, and the test would show nothing.
    expect(hits).toBeGreaterThan(0);
  }, 120_000);
});

describe('a disk that fills up during a save', () => {
  const mount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
  const canMount = mount.status === 0;
  if (!canMount) console.info('disk full: skipped, no tmpfs in a namespace:', String(mount.stderr ?? mount.error));

  it.skipIf(!canMount)('leaves the old file, says why, and takes the next save that fits', async () => {
    const program = join(folder, 'fill-disk.mjs');
    writeFileSync(program, FILL_DISK);
    const disk = mkdtempSync(join(folder, 'disk-'));
    const script = `mount -t tmpfs -o size=64k tmpfs "$2" && "$0" "$1" "$2/peers.dat" && ls "$2"`;
    const { stdout } = await promisify(execFile)('unshare', [
      '-rm',
      'sh',
      '-c',
      script,
      process.execPath,
      program,
      disk,
    ]);
    expect(stdout).toBe('ERR_SOCKMAN_SYSTEM ENOSPC\npeers.dat\n');
  });
});

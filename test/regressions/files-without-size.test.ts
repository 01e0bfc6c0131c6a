// A name may lead to a pipe or a device: reading it must end, at a limit or at Ctrl-C. (It took 23 GB from /dev/zero.)

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { AsMap } from '../../ts/addrman/asmap/as-map.ts';
import { PeersFile } from '../../ts/addrman/file/peers-file.ts';
import { openDataFolder } from '../../ts/connman/data-folder.ts';
import { CHAIN_PARAMS } from '../../ts/p2p/chain-params.ts';
import { AnchorsFile } from '../../ts/storage/anchors-file.ts';
import { readInput } from '../../ts/storage/bounded-read.ts';
import { noBuild } from '../harness/child.ts';
import { peersFileBytes, peersFileVector } from '../harness/data/peers-vectors.ts';
import { readVectorBytes } from '../harness/data/vectors.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'esm', 'cli', 'main.js');
const { regtest } = CHAIN_PARAMS;
const hasDevices = process.platform !== 'win32';
if (!hasDevices) console.info('files without size: skipped, Windows has none');

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockman-endless-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Puts what has no size where a file is expected. */
function put(kind: 'pipe' | 'device', path: string): string {
  if (kind === 'device') symlinkSync('/dev/zero', path);
  else execFileSync('mkfifo', [path]);
  return path;
}

describe.skipIf(!hasDevices)('what has no size', () => {
  it.each(['pipe', 'device'] as const)('is no data file: a %s', async (kind) => {
    const peers = new PeersFile(put(kind, join(folder, 'peers.dat')), regtest.magic);
    await expect(peers.load()).rejects.toMatchObject({ code: 'ERR_SOCKMAN_FILE_CORRUPT', reason: 'not a file' });
    // Only what the test made itself is put where something may be deleted.
    if (kind === 'device') return;
    expect(await new AnchorsFile(put(kind, join(folder, 'anchors.dat')), regtest.magic).take()).toEqual([]);
    mkdirSync(join(folder, 'regtest'));
    put(kind, join(folder, 'regtest', 'banlist.json'));
    const { banMan, folderLock } = await openDataFolder(folder, regtest);
    expect(banMan.getBanned()).toEqual([]);
    folderLock.release();
  });

  it('is no AS map when it is a device, and may be a pipe', async () => {
    await expect(AsMap.load('/dev/zero')).rejects.toMatchObject({ reason: 'not a file' });
    const pipe = put('pipe', join(folder, 'map'));
    const map = readVectorBytes('asmap.raw');
    const loading = AsMap.load(pipe);
    writeFileSync(join(folder, 'bytes'), map);
    const written = once(spawn('sh', ['-c', 'cat "$0" > "$1"', join(folder, 'bytes'), pipe]), 'exit');
    expect((await loading).version).toEqual(AsMap.parse(map).version);
    await written;
  });

  it('is read up to its limit and no further', async () => {
    const pipe = put('pipe', join(folder, 'pipe'));
    const written = once(spawn('sh', ['-c', 'exec cat /dev/zero > "$0"', pipe], { stdio: 'ignore' }), 'exit');
    await expect(readInput(pipe, { maxBytes: 3_000_000 })).rejects.toMatchObject({
      reason: 'larger than 3000000 bytes',
    });
    await written;
    const file = join(folder, 'file');
    writeFileSync(file, Buffer.alloc(1_000));
    expect(await readInput(file, { maxBytes: 1_000 })).toHaveLength(1_000);
    await expect(readInput(file, { maxBytes: 999 })).rejects.toMatchObject({ reason: 'larger than 999 bytes' });
    // Files of the kernel have no size to look at before.
    await expect(readInput('/proc/self/status', { maxBytes: 10 })).rejects.toMatchObject({
      reason: 'larger than 10 bytes',
    });
  });

  it('is waited for only as long as somebody wants it', async () => {
    const pipe = put('pipe', join(folder, 'pipe'));
    const stop = new AbortController();
    const reading = readInput(pipe, { maxBytes: 10, signal: stop.signal });
    stop.abort();
    await expect(reading).rejects.toMatchObject({ code: 'ERR_SOCKMAN_SYSTEM' });
  });
});

describe.skipIf(!hasDevices || noBuild !== undefined)('sockman addrman', () => {
  /** Runs a line of bash in which "$0" "$1" is the command, and "$2" the folder. */
  async function bash(line: string): Promise<{ status: number | null; stdout: string; stderr: string }> {
    const child = spawn('bash', ['-c', line, process.execPath, MAIN, folder]);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, stdout, stderr };
  }

  it('ends at Ctrl-C while it waits for a pipe', async () => {
    const pipe = put('pipe', join(folder, 'pipe'));
    const child = spawn(process.execPath, [MAIN, 'addrman', pipe], { stdio: ['ignore', 'ignore', 'inherit'] });
    // Open for writing waits until somebody reads: then the command is in the middle of it.
    const writer = spawn('sh', ['-c', 'exec 3> "$0"; echo open; read line', pipe]);
    await once(writer.stdout, 'data');
    const written = once(writer, 'exit');
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([1, null]);
    writer.stdin.end();
    await written;
  });

  it('reads standard input and the output of other commands', async () => {
    writeFileSync(join(folder, 'peers.dat'), peersFileBytes(peersFileVector('v4-mixed')));
    for (const line of [
      '"$0" "$1" addrman /dev/stdin < "$2/peers.dat"',
      'cat "$2/peers.dat" | "$0" "$1" addrman /dev/stdin',
      '"$0" "$1" addrman <(cat "$2/peers.dat")',
      '"$0" "$1" addrman <(sleep 0.3; cat "$2/peers.dat")',
    ]) {
      const { status, stdout, stderr } = await bash(line);
      expect([line, status, stderr]).toEqual([line, 0, '']);
      expect(stdout).toContain('address book of regtest');
    }
  });

  it('ends at an empty input, and says that it is no address book', async () => {
    for (const line of [
      'true | "$0" "$1" addrman /dev/stdin',
      '"$0" "$1" addrman /dev/zero',
      '"$0" "$1" addrman /dev/null',
    ]) {
      const { status, stderr } = await bash(line);
      expect([line, status]).toEqual([line, 1]);
      expect(stderr).toMatch(/^sockman addrman: \/dev\/(stdin|zero|null): (of no network|not a file)/);
    }
  });
});

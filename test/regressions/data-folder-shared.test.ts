// Two processes on one data folder overwrote each other's files. That a bitcoind is kept out, and keeps us out, is shown in
// test/interop/bitcoind-files.test.ts.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Connman } from '../../ts/connman/connman.ts';
import { openDataFolder } from '../../ts/connman/data-folder.ts';
import { CHAIN_PARAMS } from '../../ts/p2p/chain-params.ts';
import { PeerManager } from '../../ts/peerman/peer-manager.ts';
import { lockFolder } from '../../ts/storage/folder-lock.ts';
import { silentLogger } from '../../ts/util/logger.ts';
import { noBuild } from '../harness/child.ts';
import { noFolderLocks } from '../harness/folder-locks.ts';

const HOLDER = join(import.meta.dirname, '..', 'connman', 'children', 'hold-folder.mjs');
const { regtest } = CHAIN_PARAMS;
const hasLockList = process.platform === 'linux';
if (noFolderLocks !== undefined) console.info('locks of a data folder: skipped,', noFolderLocks);
if (!hasLockList) console.info('names of lock owners: skipped, only Linux has a list of locks');

let folder = '';
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockman-shared-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  rmSync(folder, { recursive: true });
});

/** A process of its own that wants the folder, and its first words. */
async function startHolder(): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [HOLDER, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [said] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  return { child, said: said.trim() };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const isLocked = (reason: unknown) => ({ code: 'ERR_SOCKMAN_FILE_LOCKED', reason });

describe.skipIf(noFolderLocks !== undefined)('a data folder', () => {
  it.skipIf(noBuild !== undefined)(
    'belongs to one process, which others are told of, until that is killed',
    async () => {
      const first = await startHolder();
      expect(first.said).toBe('held');
      const second = await startHolder();
      const owner = hasLockList ? `process ${first.child.pid} (node)` : 'process';
      expect(second.said).toContain(`ERR_SOCKMAN_FILE_LOCKED ${join(folder, 'regtest')}: in use by ${owner}`);
      await expect(openDataFolder(folder, regtest)).rejects.toMatchObject(isLocked(expect.stringContaining(owner)));
      await kill(first.child);
      const third = await startHolder();
      expect(third.said).toBe('held');
    },
  );

  it('belongs to one part of a process', async () => {
    const { folderLock } = await openDataFolder(folder, regtest);
    expect(folderLock.isHeld).toBe(true);
    await expect(openDataFolder(folder, regtest)).rejects.toMatchObject(isLocked('in use by this process'));
    folderLock.release();
    const again = await openDataFolder(folder, regtest);
    // A second time it is nobody's.
    folderLock.release();
    await expect(openDataFolder(folder, regtest)).rejects.toMatchObject(isLocked('in use by this process'));
    again.folderLock.release();
  });

  it('is left when its Connman stops, and not before', async () => {
    const remembered = await openDataFolder(folder, regtest);
    const connman = new Connman({ chain: 'regtest', listen: false, noConnect: true, ...remembered });
    await connman.start(new PeerManager(remembered));
    await expect(openDataFolder(folder, regtest)).rejects.toMatchObject(isLocked('in use by this process'));
    await connman.stop();
    (await openDataFolder(folder, regtest)).folderLock.release();
  });

  it('is left when it cannot be opened', async () => {
    mkdirSync(join(folder, 'regtest'));
    writeFileSync(join(folder, 'regtest', 'peers.dat'), 'garbage');
    await expect(openDataFolder(folder, regtest)).rejects.toMatchObject({ code: 'ERR_SOCKMAN_FILE_CORRUPT' });
    lockFolder(join(folder, 'regtest'), silentLogger).release();
  });

  it('names no process that is gone, whatever the file says', () => {
    const lock = lockFolder(folder, silentLogger);
    const path = join(folder, '.lock');
    expect(readFileSync(path, 'utf8')).toBe(String(process.pid));
    for (const text of ['2147483646', '', 'nobody', '-1', '0', '9'.repeat(100)]) {
      writeFileSync(path, text);
      expect(() => lockFolder(folder, silentLogger)).toThrow('in use by another process');
    }
    lock.release();
    expect(readFileSync(path, 'utf8')).toBe('');
  });
});

describe('an installation that cannot lock', () => {
  it('warns that nobody sees that the folder is in use', () => {
    const warnings: string[] = [];
    const lock = lockFolder(folder, { ...silentLogger, warn: (line) => void warnings.push(line) }, null);
    expect(lock.isHeld).toBe(false);
    expect(warnings).toEqual([expect.stringContaining('fs-native-extensions')]);
    lock.release();
  });

  it.skipIf(!hasLockList || noFolderLocks !== undefined)('sees the locks of others all the same', () => {
    const lock = lockFolder(folder, silentLogger);
    expect(() => lockFolder(folder, silentLogger, null)).toThrow('in use by this process');
    lock.release();
    lockFolder(folder, silentLogger, null).release();
  });
});

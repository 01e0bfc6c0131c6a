// Nodes as processes, by their command: two that want the same folder or port, one that was killed, and a cookie that cannot
// be written.

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { noBuild } from '../harness/child.ts';
import { noFolderLocks } from '../harness/folder-locks.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'esm', 'cli', 'main.js');

if (noFolderLocks !== undefined) console.info('two nodes on a folder: skipped,', noFolderLocks);

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockman-nodes-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  rmSync(folder, { recursive: true });
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

interface Running {
  readonly child: ChildProcess;
  /** What it has said so far, on both streams. */
  said(): string;
  /** Resolves with the first match in that; fails when the node ends before. */
  says(words: RegExp): Promise<RegExpExecArray>;
  /** Resolves with the exit code, once all is read that it said. */
  readonly ended: Promise<number | null>;
}

/** Starts a node on regtest that dials nobody. */
function start(...args: string[]): Running {
  const all = [MAIN, 'node', '-regtest', '-connect=0', ...args];
  return watched(spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] }));
}

function watched(child: ChildProcess): Running {
  children.push(child);
  let text = '';
  const looks = new Set<() => void>();
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      for (const look of looks) look();
    });
  }
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const says = (words: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = words.exec(text);
        if (match !== null) resolve(match);
      };
      looks.add(look);
      look();
      void ended.then((code) => reject(new Error(`it ended with ${code} and said: ${text}`)));
    });
  return { child, said: () => text, says, ended };
}

const RPC = ['--rpc', '-rpcport=0', '-rpcbind=127.0.0.1', '-rpcallowip=127.0.0.1'];
const RPC_AT = /RPC server at http:\/\/(?:.*@)?(127\.0\.0\.1:(\d+))\//;

const cookiePath = (): string => join(folder, 'regtest', '.cookie');

/** The status of a call with these credentials. */
async function statusOf(at: string, credentials: string): Promise<number> {
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  const answer = await fetch(`http://${at}/`, {
    method: 'POST',
    headers: { authorization },
    body: '{"method":"uptime"}',
  });
  await answer.text();
  return answer.status;
}

describe.skipIf(noBuild !== undefined)(`sockman node, as a process ${noBuild ?? ''}`, { timeout: 60_000 }, () => {
  it.skipIf(noFolderLocks !== undefined)(
    'is kept from a data folder that another one uses, and says which process that is',
    async () => {
      const first = start(`-datadir=${folder}`, '-bind=127.0.0.1:0');
      await first.says(/listening/i);
      const second = start(`-datadir=${folder}`, '-bind=127.0.0.1:0');
      expect(await second.ended).toBe(1);
      expect(second.said()).toContain(join(folder, 'regtest'));
      expect(second.said()).toContain(`in use by process ${first.child.pid} (node)`);
      expect(first.child.exitCode).toBeNull();
    },
  );

  it.skipIf(noFolderLocks !== undefined)(
    'leaves the PID file and the log of the node whose folder it wants as they are',
    async () => {
      const own = [`-datadir=${folder}`, `-pid=${join(folder, 'pid')}`, '-debug=net', '-bind=127.0.0.1:0'];
      const first = start(...own);
      await first.says(/listening/i);
      await expect.poll(() => existsSync(join(folder, 'pid'))).toBe(true);
      const readAll = (): string[] =>
        ['pid', 'regtest/debug.log'].map((name) => readFileSync(join(folder, name), 'utf8'));
      await expect.poll(() => readAll()[1]).toContain('Done loading');
      const before = readAll();
      expect(before[0]).toBe(`${first.child.pid}\n`);
      const second = start(...own);
      expect(await second.ended).toBe(1);
      expect(second.said()).toContain('in use by process');
      expect(readAll()).toEqual(before);
      first.child.kill('SIGTERM');
      expect(await first.ended).toBe(0);
      expect(existsSync(join(folder, 'pid'))).toBe(false);
    },
  );

  it('leaves the cookie and the PID file of the node whose RPC port it wants as they are', async () => {
    const own = [`-rpccookiefile=${join(folder, 'cookie')}`, `-pid=${join(folder, 'pid')}`];
    const first = start(...RPC, ...own);
    const [, at, port] = await first.says(RPC_AT);
    await expect.poll(() => existsSync(join(folder, 'pid'))).toBe(true);
    const cookie = readFileSync(join(folder, 'cookie'), 'latin1');
    const second = start(...RPC, ...own, `-rpcport=${port}`);
    expect(await second.ended).toBe(1);
    expect(readFileSync(join(folder, 'cookie'), 'latin1')).toBe(cookie);
    expect(await statusOf(at!, cookie)).toBe(200);
    expect(readFileSync(join(folder, 'pid'), 'latin1')).toBe(`${first.child.pid}\n`);
  });

  it('is kept from an RPC port that another one has, says so, and leaves no cookie', async () => {
    const first = start(...RPC);
    const [, at, port] = await first.says(RPC_AT);
    const second = start(`-datadir=${folder}`, ...RPC, `-rpcport=${port}`);
    expect(await second.ended).toBe(1);
    expect(second.said()).toMatch(/bind EADDRINUSE .*127\.0\.0\.1/);
    expect(existsSync(cookiePath())).toBe(false);
    expect(await statusOf(at!, 'a:b')).toBe(401);
  });

  it('is kept from a P2P port that another one has, and says so', async () => {
    const first = start('-bind=127.0.0.1:0');
    const [, port] = await first.says(/127\.0\.0\.1:(\d+)/);
    const second = start(`-bind=127.0.0.1:${port}`);
    expect(await second.ended).toBe(1);
    expect(second.said()).toMatch(new RegExp(`127\\.0\\.0\\.1:${port}`));
    expect(second.said()).toMatch(/already in use/);
  });

  it('replaces the cookie of one that was killed, which lets nobody in', async () => {
    const first = start(`-datadir=${folder}`, ...RPC);
    await first.says(RPC_AT);
    await expect.poll(() => existsSync(cookiePath())).toBe(true);
    const stale = readFileSync(cookiePath(), 'latin1');
    await kill(first.child);
    expect(readFileSync(cookiePath(), 'latin1')).toBe(stale);
    const second = start(`-datadir=${folder}`, ...RPC);
    const [, at] = await second.says(RPC_AT);
    const cookie = readFileSync(cookiePath(), 'latin1');
    expect(cookie).not.toBe(stale);
    expect(await statusOf(at!, cookie)).toBe(200);
    expect(await statusOf(at!, stale)).toBe(401);
    second.child.kill('SIGTERM');
    expect(await second.ended).toBe(0);
    expect(existsSync(cookiePath())).toBe(false);
  });
});

/** Makes the folder `$1` a disk of its own, and then starts a node whose cookie is to lie there. */
const ON_A_DISK = (prepare: string): string => `
mount -t tmpfs -o size=16k tmpfs "$1" && ${prepare} || exit 99
"$0" "$2" node -regtest -connect=0 --rpc -rpcport=0 -rpccookiefile="$1/.cookie"
code=$?
ls -A "$1"
exit $code`;

describe('the cookie of sockman node', () => {
  const tried = mkdtempSync(join(tmpdir(), 'sockman-mount-'));
  const mount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', tried]);
  rmSync(tried, { recursive: true });
  const canRun = mount.status === 0 && noBuild === undefined;
  if (!canRun) console.info('cookies on bad disks: skipped:', noBuild ?? String(mount.stderr ?? mount.error));

  it.skipIf(!canRun).each([
    ['is full', '{ head -c 16384 /dev/zero > "$1/fill" 2>/dev/null; true; }', 'ENOSPC', 'fill\n'],
    ['cannot be written', 'mount -o remount,ro "$1"', 'EROFS', ''],
  ])('whose disk %s stops the start, and none is left', { timeout: 30_000 }, async (_, prepare, code, left) => {
    const args = ['-rm', 'sh', '-c', ON_A_DISK(prepare), process.execPath, folder, MAIN];
    const node = watched(spawn('unshare', args, { stdio: ['ignore', 'pipe', 'pipe'] }));
    expect(await node.ended).toBe(1);
    expect(node.said()).toMatch(new RegExp(`\\.cookie.*cannot be written: ${code}`));
    expect(node.said().endsWith(left)).toBe(true);
    expect(node.said()).not.toMatch(/^\.cookie/m);
  });
});

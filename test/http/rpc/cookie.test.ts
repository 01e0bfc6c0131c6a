// The cookie: its content and modes, what stands in its way, and its end. Cases of Bitcoin Core's rpc_users.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { RpcAuth } from '../../../ts/rpc.ts';
import { RpcStage, basic } from './stage.ts';

let folder: string;
let path: string;
let umask: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockman-cookie-'));
  path = join(folder, '.cookie');
  umask = process.umask(0o022);
});
afterEach(() => {
  process.umask(umask);
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

describe('the cookie', () => {
  it('lets in who can read it, until the server stops', async () => {
    {
      await using stage = new RpcStage([], { cookieFile: path });
      const text = readFileSync(path, 'latin1');
      expect(text).toMatch(/^__cookie__:[0-9a-f]{64}$/);
      const [user, password] = text.split(':') as [string, string];
      const call = (word: string) => stage.send('POST', '/', '{"method":"echo"}', { authorization: basic(user, word) });
      expect((await call(password)).status).toBe(200);
      expect((await call('0'.repeat(64))).status).toBe(401);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    [undefined, 0o600],
    ['owner', 0o600],
    ['group', 0o640],
    ['all', 0o644],
  ] as const)('for %s has its mode whatever the umask', (cookieReaders, mode) => {
    for (const mask of [0o022, 0o077, 0o000]) {
      process.umask(mask);
      const auth = new RpcAuth({ cookieFile: path, ...(cookieReaders !== undefined && { cookieReaders }) });
      auth.open();
      expect(statSync(path).mode & 0o777).toBe(mode);
      auth.close();
    }
  });

  it('takes the place of one that a crash left behind, without writing into it', () => {
    writeFileSync(path, '__cookie__:old', { mode: 0o666 });
    const before = statSync(path).ino;
    const auth = new RpcAuth({ cookieFile: path });
    auth.open();
    const { ino, mode } = statSync(path);
    expect([ino === before, mode & 0o777]).toEqual([false, 0o600]);
    auth.close();
  });

  it('changes with each start', () => {
    const auth = new RpcAuth({ cookieFile: path });
    auth.open();
    const first = readFileSync(path, 'latin1');
    auth.close();
    auth.open();
    expect(readFileSync(path, 'latin1')).not.toBe(first);
    auth.close();
    auth.close();
  });

  it.each(['.cookie', '.cookie.tmp'])('cannot be written where %s is a folder, and the start fails', (name) => {
    mkdirSync(join(folder, name));
    expect(() => new RpcAuth({ cookieFile: path }).open()).toThrow(
      expect.objectContaining({ name: 'FileError', code: 'ERR_SOCKMAN_SYSTEM' }),
    );
    expect(readdirSync(folder)).toEqual([name]);
  });

  it('cannot be written where there is no folder', () => {
    const nowhere = join(folder, 'none', '.cookie');
    expect(() => new RpcAuth({ cookieFile: nowhere }).open()).toThrow(/cannot be written: ENOENT/);
  });

  it('is not written beside a password', () => {
    const auth = new RpcAuth({ cookieFile: path, password: 'secret' });
    auth.open();
    expect(existsSync(path)).toBe(false);
    auth.close();
  });

  it('that another server wrote since is left where it is', () => {
    const auth = new RpcAuth({ cookieFile: path });
    auth.open();
    const other = new RpcAuth({ cookieFile: path });
    other.open();
    const theirs = readFileSync(path, 'latin1');
    auth.close();
    expect(readFileSync(path, 'latin1')).toBe(theirs);
    other.close();
    expect(existsSync(path)).toBe(false);
  });

  it('of somebody else is left where it is', () => {
    writeFileSync(path, '__cookie__:theirs');
    const auth = new RpcAuth({ cookieFile: path, password: 'secret' });
    auth.open();
    auth.close();
    expect(readFileSync(path, 'latin1')).toBe('__cookie__:theirs');
  });
});

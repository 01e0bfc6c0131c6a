import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { MAX_KEY_FILE_BYTES, readKeyFile, writeKeyFile } from '../../../ts/sockman/i2p/key-file.ts';
import { D1_PRIVATE_KEY } from '../../harness/dials/i2p-destinations.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockman-key-'));
  path = join(folder, 'i2p_private_key');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs something as a user whose permissions count: root may do everything. */
function withoutRoot<Result>(run: () => Result): Result {
  if (process.getuid!() !== 0) return run();
  process.seteuid!(NOBODY);
  try {
    return run();
  } finally {
    process.seteuid!(0);
  }
}

/** The user that owns nothing. (Linux, macOS) */
const NOBODY = 65_534;

const FAILED = { ok: false, failure: { code: 'sam-key-file', proxyFailed: true } };

describe('writing a key', () => {
  test('makes a file that only the owner can read, and that reads the same', () => {
    const umask = process.umask(0);
    try {
      expect(writeKeyFile(path, D1_PRIVATE_KEY)).toEqual({ ok: true, value: undefined });
    } finally {
      process.umask(umask);
    }
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path)).toEqual(Buffer.from(D1_PRIVATE_KEY));
    expect(readKeyFile(path)).toEqual({ ok: true, value: Buffer.from(D1_PRIVATE_KEY) });
    expect(readdirSync(folder)).toEqual(['i2p_private_key']);
  });

  test('is not hindered by what a crash left behind', () => {
    writeFileSync(`${path}.new`, 'half a key', { mode: 0o644 });
    expect(writeKeyFile(path, D1_PRIVATE_KEY)).toMatchObject({ ok: true });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test.each(['another key', ''])('never replaces what is there: %j', (text) => {
    writeFileSync(path, text);
    expect(writeKeyFile(path, D1_PRIVATE_KEY)).toMatchObject(FAILED);
    expect(readFileSync(path, 'latin1')).toBe(text);
    expect(readdirSync(folder)).toEqual(['i2p_private_key']);
  });

  test('into a folder that does not exist fails and makes nothing', () => {
    expect(writeKeyFile(join(folder, 'none', 'key'), D1_PRIVATE_KEY)).toMatchObject(FAILED);
    expect(readdirSync(folder)).toEqual([]);
  });

  test.skipIf(process.getuid === undefined)('into a folder that cannot be written fails, and does not throw', () => {
    for (const mode of [0o555, 0o000]) {
      chmodSync(folder, mode);
      expect(withoutRoot(() => writeKeyFile(path, D1_PRIVATE_KEY))).toMatchObject(FAILED);
      expect(withoutRoot(() => readKeyFile(path))).toMatchObject(mode === 0 ? FAILED : { ok: true });
    }
    chmodSync(folder, 0o700);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('below what is no folder fails, and does not throw', () => {
    writeFileSync(path, '');
    expect(writeKeyFile(join(path, 'key'), D1_PRIVATE_KEY)).toMatchObject(FAILED);
    expect(readdirSync(folder)).toEqual(['i2p_private_key']);
  });
});

describe('reading a key', () => {
  test('that is not there finds nothing', () => {
    expect(readKeyFile(path)).toEqual({ ok: true, value: undefined });
  });

  test.each([
    ['is empty', Buffer.alloc(0)],
    ['has 386 bytes', Buffer.alloc(386)],
    ['is shorter than its certificate says', Buffer.from(D1_PRIVATE_KEY.subarray(0, 390))],
    ['is larger than a key can be', Buffer.alloc(MAX_KEY_FILE_BYTES + 1)],
  ])('that %s fails and leaves it alone', (_what, bytes) => {
    writeFileSync(path, bytes);
    expect(readKeyFile(path)).toMatchObject(FAILED);
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  test('of the greatest size works', () => {
    writeFileSync(path, D1_PRIVATE_KEY);
    truncateSync(path, MAX_KEY_FILE_BYTES);
    expect(readKeyFile(path)).toMatchObject({ ok: true, value: { length: MAX_KEY_FILE_BYTES } });
  });

  test('that is a folder fails', () => {
    mkdirSync(path);
    expect(readKeyFile(path)).toMatchObject(FAILED);
  });

  test.skipIf(process.platform === 'win32')('that is a named pipe fails at once instead of waiting', () => {
    execFileSync('mkfifo', [path]);
    expect(readKeyFile(path)).toMatchObject(FAILED);
  });

  test('through a symbolic link to nowhere finds nothing', () => {
    symlinkSync(join(folder, 'nowhere'), path);
    expect(readKeyFile(path)).toEqual({ ok: true, value: undefined });
    expect(existsSync(path)).toBe(false);
  });

  test.skipIf(process.getuid === undefined)('without permission fails', () => {
    writeFileSync(path, D1_PRIVATE_KEY, { mode: 0o000 });
    chmodSync(folder, 0o755);
    expect(withoutRoot(() => readKeyFile(path))).toMatchObject(FAILED);
  });
});

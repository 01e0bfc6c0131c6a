// Folders that are made with those they are in.

import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder } from '../../ts/storage/make-folder.ts';

const freeDrive =
  process.platform === 'win32'
    ? [...'ZYXWV'].map((letter) => `${letter}:\\`).find((drive) => !existsSync(drive))
    : undefined;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sockman-make-folder-'));
});
afterEach(() => rmSync(root, { recursive: true }));

describe('a folder', () => {
  it('is made with all folders above it, and stays if it exists', () => {
    const path = join(root, 'a', 'b', 'c');
    makeFolder(path, 0o700);
    makeFolder(path, 0o755);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('is not made where a file has its name, or a folder above is a file', () => {
    writeFileSync(join(root, 'file'), '');
    expect(() => makeFolder(join(root, 'file'))).toThrow(/EEXIST/);
    expect(() => makeFolder(join(root, 'file', 'x'))).toThrow(/ENOTDIR/);
  });

  it.skipIf(freeDrive === undefined)(
    `is refused on a drive that is missing (${freeDrive ?? 'only Windows has drives'})`,
    () => {
      expect(() => makeFolder(join(freeDrive!, 'a', 'b'))).toThrow(/ENOENT/);
    },
  );

  it.skipIf(!existsSync('/proc/self'))('is refused at once where the system lets nothing be made', () => {
    expect(() => makeFolder('/proc/none')).toThrow(/ENOENT/);
    expect(() => makeFolder('/proc/none/x')).toThrow(/ENOENT/);
  });
});

import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatAuthorityKey, parseAuthorityKey } from '../../ts/stratum/authority-key.ts';
import { AUTHORITY_KEY_FILE, STATIC_KEY_FILE, loadServerKeys } from '../../ts/stratum/key-files.ts';
import type { Logger } from '../../ts/util/logger.ts';
import { toHex } from '../harness/data/vectors.ts';

let folder: string;
let lines: string[];
const log = (line: string) => void lines.push(line);
const logger: Logger = { debug: log, info: log, warn: log, error: log };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sv2-keys-'));
  lines = [];
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

describe('the keys of a server', () => {
  it('are made once, readable by their owner only, and read again', () => {
    const first = loadServerKeys(folder, logger);
    for (const name of [STATIC_KEY_FILE, AUTHORITY_KEY_FILE]) {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
      expect(readFileSync(join(folder, name))).toHaveLength(33);
      expect(readFileSync(join(folder, name))[0]).toBe(1);
    }
    const second = loadServerKeys(folder, logger);
    expect(toHex(second.authorityKey.x)).toBe(toHex(first.authorityKey.x));
    expect(toHex(second.staticKey.x)).toBe(toHex(first.staticKey.x));
    expect(toHex(parseAuthorityKey(formatAuthorityKey(first.authorityKey.x)))).toBe(toHex(first.authorityKey.x));
    expect(lines).toEqual([]);
  });

  it.each([
    ['of another format', Uint8Array.of(2, ...new Uint8Array(32).fill(1))],
    ['of zeros', new Uint8Array(33).fill(0, 1).fill(1, 0, 1)],
    ['that is too short', new Uint8Array(32).fill(1)],
    ['that is too long', new Uint8Array(34).fill(1)],
    ['that is empty', new Uint8Array(0)],
  ])('in a file %s are replaced, and the file is kept aside', (_, bytes) => {
    const path = join(folder, AUTHORITY_KEY_FILE);
    writeFileSync(path, bytes, { mode: 0o600 });
    loadServerKeys(folder, logger);
    expect(readFileSync(path)).toHaveLength(33);
    expect(Uint8Array.from(readFileSync(`${path}.damaged`))).toEqual(bytes);
    expect(lines.join()).toContain('holds no key');
  });

  it('are kept aside each time that they are damaged', () => {
    const path = join(folder, AUTHORITY_KEY_FILE);
    for (const content of ['first', 'second', 'third']) {
      writeFileSync(path, content, { mode: 0o600 });
      loadServerKeys(folder, logger);
    }
    const kept = ['', '.2', '.3'].map((ending) => readFileSync(`${path}.damaged${ending}`, 'utf8'));
    expect(kept).toEqual(['first', 'second', 'third']);
  });

  it('are refused as no file where a folder has their name', () => {
    mkdirSync(join(folder, STATIC_KEY_FILE));
    expect(() => loadServerKeys(folder, logger)).toThrow(`${STATIC_KEY_FILE}: not a file`);
  });

  it.each([0o644, 0o640, 0o604, 0o660])('in a file of mode %o are refused', (mode) => {
    loadServerKeys(folder, logger);
    chmodSync(join(folder, STATIC_KEY_FILE), mode);
    expect(() => loadServerKeys(folder, logger)).toThrow(/others can read/);
  });

  it('are stored in a folder that is made for them, which is private', () => {
    const missing = join(folder, 'missing', 'deep');
    const { authorityKey } = loadServerKeys(missing, logger);
    expect(lines).toEqual([]);
    expect(statSync(missing).mode & 0o777).toBe(0o700);
    expect(toHex(loadServerKeys(missing, logger).authorityKey.x)).toBe(toHex(authorityKey.x));
  });

  it('serve all the same where they cannot be stored, unless they must be', () => {
    // A folder is where the unfinished file goes.
    mkdirSync(join(folder, `${AUTHORITY_KEY_FILE}.new`));
    expect(() => loadServerKeys(folder, logger)).not.toThrow();
    expect(lines.join()).toContain('ends with this process');
    const refused = expect.objectContaining({
      code: 'ERR_SOCKMAN_SYSTEM',
      message: expect.stringContaining(`${AUTHORITY_KEY_FILE}: the new key cannot be stored`) as string,
    });
    expect(() => loadServerKeys(folder, logger, { mustStore: true })).toThrow(refused);
  });

  it('stand in no log', () => {
    loadServerKeys(folder, logger);
    writeFileSync(join(folder, STATIC_KEY_FILE), 'damaged', { mode: 0o600 });
    loadServerKeys(folder, logger);
    const keys = readdirSync(folder).map((name) => toHex(readFileSync(join(folder, name))).slice(2));
    for (const key of keys) expect(lines.join()).not.toContain(key);
  });
});

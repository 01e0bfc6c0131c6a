import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { readOnionKey, writeOnionKey } from '../../ts/tor/onion-key-file.ts';
import { ONION_KEY } from '../harness/dials/control-port.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockman-onion-'));
  path = join(folder, 'onion_v3_private_key');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const UNUSABLE = expect.objectContaining({ code: 'ERR_SOCKMAN_TOR_CONTROL', failure: 'key-file-unusable' });

describe('the key of an onion service', () => {
  test('is written for the owner alone, as Bitcoin Core writes it, and reads the same', () => {
    const umask = process.umask(0);
    try {
      writeOnionKey(path, ONION_KEY);
    } finally {
      process.umask(umask);
    }
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'latin1')).toBe(ONION_KEY);
    expect(readOnionKey(path)).toBe(ONION_KEY);
    expect(readdirSync(folder)).toEqual(['onion_v3_private_key']);
  });

  test('may have a line end behind it, from an editor', () => {
    writeFileSync(path, `${ONION_KEY}\r\n`);
    expect(readOnionKey(path)).toBe(ONION_KEY);
  });

  test('is not there at first', () => {
    expect(readOnionKey(path)).toBeUndefined();
  });

  test.each([
    ['nothing', ''],
    ['half a key', ONION_KEY.slice(0, 50)],
    ['a key of another type', ONION_KEY.replace('ED25519-V3', 'RSA1024')],
    ['a command behind the key', `${ONION_KEY} Flags=Detach`],
    ['a second line', `${ONION_KEY}\r\nSIGNAL HALT`],
    ['too much', 'x'.repeat(1_001)],
  ])('is not %s: such a file is left as it is', (_what, text) => {
    writeFileSync(path, text);
    expect(() => readOnionKey(path)).toThrow(UNUSABLE);
    expect(() => readOnionKey(path)).not.toThrow(/AAAA/);
    expect(readFileSync(path, 'latin1')).toBe(text);
  });

  test('is never replaced by another', () => {
    writeFileSync(path, 'older');
    expect(() => writeOnionKey(path, ONION_KEY)).toThrow(UNUSABLE);
    expect(readFileSync(path, 'latin1')).toBe('older');
    expect(readdirSync(folder)).toEqual(['onion_v3_private_key']);
  });

  test('is not a folder, and goes into none that does not exist', () => {
    mkdirSync(path);
    expect(() => readOnionKey(path)).toThrow(UNUSABLE);
    expect(() => writeOnionKey(join(folder, 'none', 'key'), ONION_KEY)).toThrow(UNUSABLE);
  });
});

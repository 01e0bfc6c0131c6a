import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  formatI2P,
  formatOnion,
  hasOverlaySuffix,
  parseI2P,
  parseOnion,
} from '../../../ts/netaddr/text/overlay-text.ts';
import { fromHex, toHex } from '../../harness/data/vectors.ts';

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });

/** The text with the character at `index` replaced by another of the alphabet. */
function changedAt(text: string, index: number): string {
  return text.slice(0, index) + (text[index] === 'a' ? 'b' : 'a') + text.slice(index + 1);
}

describe('onion', () => {
  test.each([
    [
      '79bcc625184b05194975c28b66b66b0469f7f6556fb1ac3189a79b40dda32f1f',
      'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd',
    ],
    ['00'.repeat(32), 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaam2dqd'],
    ['ff'.repeat(32), '777777777777777777777777777777777777777777777777777vpaqd'],
  ])('names key %s', (hex, name) => {
    expect(formatOnion(fromHex(hex))).toBe(`${name}.onion`);
    expect(toHex(parseOnion(`${name}.onion`)!)).toBe(hex);
    expect(toHex(parseOnion(`${name.toUpperCase()}.onion`)!)).toBe(hex);
  });

  test('keys come back from their names', () => {
    fc.assert(
      fc.property(key, (bytes) => {
        expect(parseOnion(formatOnion(bytes))).toEqual(bytes);
      }),
    );
  });

  test('a name with any one character changed is refused', () => {
    const name = formatOnion(fromHex('79bcc625184b05194975c28b66b66b0469f7f6556fb1ac3189a79b40dda32f1f'));
    for (let index = 0; index < 56; index++) expect(parseOnion(changedAt(name, index))).toBeUndefined();
  });

  test.each(['', '.onion', 'a.onion', `${'a'.repeat(55)}.onion`, `${'a'.repeat(57)}.onion`, `${'a'.repeat(64)}.onion`])(
    'refuses %j, which has another length',
    (text) => {
      expect(parseOnion(text)).toBeUndefined();
    },
  );

  test('the suffix is lower case and nothing stands behind or before the name', () => {
    const name = formatOnion(new Uint8Array(32));
    for (const text of [name.replace('.onion', '.ONION'), `${name}.`, `x.${name}`, ` ${name}`, `${name} `]) {
      expect(parseOnion(text)).toBeUndefined();
    }
  });
});

describe('I2P', () => {
  test('hashes come back from their names, in either case', () => {
    fc.assert(
      fc.property(key, (bytes) => {
        const name = formatI2P(bytes);
        expect(name).toMatch(/^[a-z2-7]{52}\.b32\.i2p$/);
        expect(parseI2P(name)).toEqual(bytes);
        expect(parseI2P(name.toUpperCase())).toEqual(bytes);
      }),
    );
  });

  test('the four bits that the last character has left over must be zero', () => {
    const name = 'a'.repeat(51);
    expect(parseI2P(`${name}q.b32.i2p`)).toBeDefined();
    for (const last of 'bcdefghijklmnop') expect(parseI2P(`${name}${last}.b32.i2p`)).toBeUndefined();
  });

  test.each([
    `${'a'.repeat(51)}.b32.i2p`,
    `${'a'.repeat(53)}.b32.i2p`,
    `${'a'.repeat(56)}.b32.i2p`,
    `${'a'.repeat(48)}====.b32.i2p`,
    'stats.i2p',
    `${'a'.repeat(52)}.b64.i2p`,
  ])('refuses %s', (text) => {
    expect(parseI2P(text)).toBeUndefined();
  });
});

test('a host that belongs to an overlay network is known by its ending, valid or not, in any case', () => {
  for (const host of ['x.onion', 'X.ONION', 'x.onion.', 'stats.i2p', 'a.B32.I2P', '.onion']) {
    expect(hasOverlaySuffix(host)).toBe(true);
  }
  for (const host of ['onion', 'x.onion.example', 'i2p', 'x.i2pp', 'xonion', '']) {
    expect(hasOverlaySuffix(host)).toBe(false);
  }
});

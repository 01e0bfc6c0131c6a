import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBase32, encodeBase32 } from '../../../ts/netaddr/text/base32.ts';

const padded = (text: string): string => text.padEnd(Math.ceil(text.length / 8) * 8, '=');

// RFC 4648, section 10.
test.each([
  ['', ''],
  ['f', 'my'],
  ['fo', 'mzxq'],
  ['foo', 'mzxw6'],
  ['foob', 'mzxw6yq'],
  ['fooba', 'mzxw6ytb'],
  ['foobar', 'mzxw6ytboi'],
])('encodes %j as %s and decodes it in both cases', (plain, text) => {
  const bytes = new TextEncoder().encode(plain);
  expect(encodeBase32(bytes)).toBe(text);
  expect(decodeBase32(padded(text))).toEqual(bytes);
  expect(decodeBase32(padded(text).toUpperCase())).toEqual(bytes);
});

test('bytes come back from their text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      expect(decodeBase32(padded(encodeBase32(bytes)))).toEqual(bytes);
    }),
  );
});

test('what decodes is what an encoder writes, but for case', () => {
  const text = fc.string({ unit: fc.constantFrom(...'aAbz27='), minLength: 8, maxLength: 16 });
  fc.assert(
    fc.property(text, (candidate) => {
      const bytes = decodeBase32(candidate);
      if (bytes !== undefined) expect(padded(encodeBase32(bytes))).toBe(candidate.toLowerCase());
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['a length that is no multiple of eight', 'my'],
  ['padding to the wrong length', 'my====='],
  ['two, five, seven or eight padding characters', 'mzxw6y=='],
  ['five padding characters', 'mzx====='],
  ['seven padding characters', 'm======='],
  ['nothing but padding', '========'],
  ['padding in the middle', 'my======mzxw6ytb'],
  ['padding inside a group', 'mzx=6ytb'],
  ['a character outside the alphabet', 'mzxw6yt1'],
  ['the character 0', 'mzxw6yt0'],
  ['a space', 'mzxw6yt '],
  ['a character whose lower case is in the alphabet', 'mzxw6yt\u212a'],
  ['bits left over', 'mz======'],
  ['more bits left over', 'mzxx===='],
])('refuses %s', (_, text) => {
  expect(decodeBase32(text)).toBeUndefined();
});

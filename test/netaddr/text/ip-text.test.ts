import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatIPv4, formatIPv6, parseIPv4, parseIPv6 } from '../../../ts/netaddr/text/ip-text.ts';
import { fromHex, toHex } from '../../harness/data/vectors.ts';

describe('IPv4', () => {
  test('four bytes come back from their text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
        expect(parseIPv4(formatIPv4(bytes))).toEqual(bytes);
      }),
    );
  });

  test.each(['', '1', '1.2.3', '1.2.3.4.5', '1.2.3.', '.1.2.3', '1..2.3', '256.1.1.1', '1.2.3.256', '1.2.3.1000'])(
    'refuses %j: not four decimals up to 255',
    (text) => {
      expect(parseIPv4(text)).toBeUndefined();
    },
  );

  test.each([
    '127.1',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '1.2.3.04',
    '00.0.0.0',
    '2130706433',
    '1.2.3.4 ',
    '1.2.3.4\n',
    '+1.2.3.4',
    '1.2.3.-4',
    '١.2.3.4',
  ])('refuses %j, which some resolvers take', (text) => {
    expect(parseIPv4(text)).toBeUndefined();
  });
});

describe('IPv6', () => {
  test('sixteen bytes come back from their text', () => {
    // Mostly zero groups, so that the double colon has something to do.
    const group = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(0xffff) });
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const bytes = Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 0xff]));
        const text = formatIPv6(bytes);
        expect(parseIPv6(text)).toEqual(bytes);
        expect(text).toMatch(/^[0-9a-f:]+$/);
        expect(text).not.toMatch(/:::|::.*::/);
        // No group carries leading zeros, and no run of zero groups longer than the shortened one is left.
        expect(text).not.toMatch(/(^|:)0[0-9a-f]/);
        if (!text.includes('::')) expect(text).not.toMatch(/(^|:)0:0(:|$)/);
      }),
    );
  });

  test.each([
    ['00000000000000010000000000000001', '::1:0:0:0:1'],
    ['00010000000000010000000000000001', '1:0:0:1::1'],
    ['00010000000000010001000000000001', '1::1:1:0:0:1'],
    ['00010000000100000001000000010000', '1:0:1:0:1:0:1:0'],
    ['00010001000100010001000100000000', '1:1:1:1:1:1::'],
    ['00000000000100010001000100010001', '::1:1:1:1:1:1'],
    ['00000001000100010001000100010001', '0:1:1:1:1:1:1:1'],
    ['00000000000000000000ffff01020304', '::ffff:102:304'],
  ])('prints %s as %s', (hex, text) => {
    expect(formatIPv6(fromHex(hex))).toBe(text);
  });

  test.each([
    ['::1.2.3.4', '00000000000000000000000001020304'],
    ['::ffff:255.255.255.255', '00000000000000000000ffffffffffff'],
    ['1:2:3:4:5:6:1.2.3.4', '00010002000300040005000601020304'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
    ['::2:3:4:5:6:7:8', '00000002000300040005000600070008'],
    ['1:2:3::5:6:7:8', '00010002000300000005000600070008'],
    ['1::', '00010000000000000000000000000000'],
  ])('reads %s', (text, hex) => {
    expect(toHex(parseIPv6(text)!)).toBe(hex);
  });

  test.each([
    '',
    ':',
    ':::',
    '1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '1:2:3:4::5:6:7:8',
    '1::2::3',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
    '::1:',
    ':::1',
    '1:::2',
    '12345::',
    '::g',
    '::-1',
    ':: 1',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '::1.2.3',
    '::1.2.3.04',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::1%1',
    '[::1]',
    '::1\n',
    '::１',
  ])('refuses %j', (text) => {
    expect(parseIPv6(text)).toBeUndefined();
  });
});

test('agrees with the runtime about what is an address', () => {
  const text = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ unit: fc.constantFrom(...'0123456789afF:.%-') }));
  fc.assert(
    fc.property(text, (candidate) => {
      expect(parseIPv4(candidate) !== undefined).toBe(isIPv4(candidate));
      if (!candidate.includes('%')) expect(parseIPv6(candidate) !== undefined).toBe(isIPv6(candidate));
    }),
    { numRuns: 2000 },
  );
});

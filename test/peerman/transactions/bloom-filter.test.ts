import { describe, expect, it } from 'vitest';

import { BloomFilter, murmurHash3 } from '../../../ts/peerman/transactions/bloom-filter.ts';
import { fromHex } from '../../helpers/vectors.ts';

describe('murmurHash3', () => {
  // Values of Appleby's reference implementation.
  it.each([
    ['', 0x00000000, 0x00000000],
    ['', 0xfba4c795, 0x6a396f08],
    ['', 0xffffffff, 0x81f16f39],
    ['00', 0x00000000, 0x514e28b7],
    ['00', 0xfba4c795, 0xea3f0b17],
    ['ff', 0x00000000, 0xfd6cf10d],
    ['0011', 0x00000000, 0x16c6b7ab],
    ['001122', 0x00000000, 0x8eb51c3d],
    ['00112233', 0x00000000, 0xb4471bf8],
    ['0011223344', 0x00000000, 0xe2301fa8],
    ['001122334455', 0x00000000, 0xfc2e4a15],
    ['00112233445566', 0x00000000, 0xb074502c],
    ['0011223344556677', 0x00000000, 0x8034d2a0],
    ['001122334455667788', 0x00000000, 0xb4698def],
  ])('of %s under seed %i is %i', (hex, seed, expected) => {
    expect(murmurHash3(seed, fromHex(hex))).toBe(expected);
  });
});

describe('BloomFilter', () => {
  const elements = ['99108ad8ed9bb6274d3980bab5a85c048f0950c8', 'b5a2c786d9ef4658287ced5914b37a1b4aa32eee'].map(
    fromHex,
  );
  const stranger = fromHex('19108ad8ed9bb6274d3980bab5a85c048f0950c8');

  it.each([0, 2_147_483_649])('with tweak %i finds what was inserted and hardly anything else', (tweak) => {
    const filter = new BloomFilter(new Uint8Array(3), 5, tweak, 1);
    for (const element of elements) {
      expect(filter.has(element)).toBe(false);
      filter.insert(element);
      expect(filter.has(element)).toBe(true);
    }
    expect(filter.has(stranger)).toBe(false);
  });

  it('does not share its bytes with the message it came in', () => {
    const bytes = new Uint8Array(3);
    new BloomFilter(bytes, 5, 0, 0).insert(elements[0]!);
    expect(bytes).toEqual(new Uint8Array(3));
  });

  it('that is empty matches everything, and has no bit to divide by', () => {
    const filter = new BloomFilter(new Uint8Array(0), 5, 0, 0);
    filter.insert(stranger);
    expect(filter.has(stranger)).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { createSecureRandom, random64, uniformBelow } from '../../ts/util/random.ts';
import type { RandomUint32 } from '../../ts/util/random.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';

/** A source that gives these words in turn. */
function scripted(...words: number[]): RandomUint32 {
  return () => words.shift() ?? 0;
}

describe('uniformBelow', () => {
  it('throws away draws beyond the last full multiple of the bound', () => {
    // 2^32 = 3 × 1,431,655,765 + 1: of all draws only the highest is one too many.
    expect(uniformBelow(scripted(0xffff_ffff, 5), 3)).toBe(2);
    expect(uniformBelow(scripted(0xffff_fffe), 3)).toBe(2);
    const bound = 0x8000_0001;
    expect(uniformBelow(scripted(bound, 0xffff_ffff, bound - 1), bound)).toBe(bound - 1);
  });

  it('takes every bound from 1 to 2^32 and no other', () => {
    expect(uniformBelow(scripted(0xffff_ffff), 1)).toBe(0);
    expect(uniformBelow(scripted(0xffff_ffff), 2 ** 32)).toBe(0xffff_ffff);
    for (const bound of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => uniformBelow(scripted(), bound)).toThrow(
        expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }),
      );
    }
  });

  it('favours no value', () => {
    const random = seededUint32(1);
    const counts = new Array<number>(7).fill(0);
    for (let draw = 0; draw < 70_000; draw++) counts[uniformBelow(random, 7)]!++;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    // Six degrees of freedom, significance 0.001. The seed is fixed, so this cannot fail by chance.
    expect(chiSquare).toBeLessThan(22.46);
  });
});

describe('createSecureRandom', () => {
  it('gives 32-bit words that differ, within a source beyond its pool and between sources', () => {
    const [first, second] = [createSecureRandom(), createSecureRandom()];
    const words = Array.from({ length: 5000 }, (_, index) => (index % 2 === 0 ? first() : second()));
    expect(words.every((word) => word >>> 0 === word)).toBe(true);
    // 5,000 of 2^32 words are all different but for three in a thousand times; two that repeat, once in 200,000.
    expect(new Set(words).size).toBeGreaterThanOrEqual(4998);
  });
});

describe('random64', () => {
  it('takes the high half first', () => {
    const draws = [1, 0xffff_fffe];
    expect(random64(() => draws.shift()!)).toBe(0x1_ffff_fffen);
  });
});

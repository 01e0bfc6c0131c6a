import { describe, expect, test } from 'vitest';
import { RollingBloomFilter } from '../../../ts/util/hashing/rolling-bloom-filter.ts';
import type { RandomUint32 } from '../../../ts/util/random.ts';

/** A generator that repeats itself for a seed (xorshift32), so that a failure can be looked at again. */
function seeded(seed: number): RandomUint32 {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function filterOf(elementCount: number, falsePositiveRate: number, seed = 1): RollingBloomFilter {
  return new RollingBloomFilter({ elementCount, falsePositiveRate, random: seeded(seed) });
}

/** Distinct elements: the number, and a tag that keeps those inserted apart from those that never were. */
function element(index: number, tag = 0): Uint8Array {
  return Uint8Array.of(tag, index, index >> 8, index >> 16);
}

describe('memory', () => {
  // The figures of Bitcoin Core for its filters; a cell takes two bits.
  test.each([
    { elementCount: 50_000, rate: 1e-6, cellCount: 2_156_646 },
    { elementCount: 5_000, rate: 0.001, cellCount: 107_833 },
  ])('has room for $cellCount cells for $elementCount elements at $rate', ({ elementCount, rate, cellCount }) => {
    const { byteLength } = filterOf(elementCount, rate);
    expect(byteLength).toBeGreaterThanOrEqual(cellCount / 4);
    expect(byteLength).toBeLessThan(cellCount / 4 + 4);
  });
});

describe.each([1, 2, 3, 10, 101, 1000])('for %i elements', (elementCount) => {
  test('the last ones inserted are always remembered', () => {
    const filter = filterOf(elementCount, 0.01);
    for (let index = 0; index < elementCount * 5; index++) {
      filter.insert(element(index));
      const oldest = Math.max(0, index - elementCount + 1);
      // All of them for small filters; both ends and the middle for large ones.
      const step = elementCount > 100 ? Math.ceil(elementCount / 7) : 1;
      for (let past = oldest; past <= index; past += step) expect(filter.has(element(past))).toBe(true);
      expect(filter.has(element(index))).toBe(true);
    }
  });

  test('what is older than three generations is forgotten, but for false positives', () => {
    const filter = filterOf(elementCount, 1e-9);
    const span = Math.ceil(elementCount / 2) * 3;
    for (let index = 0; index < elementCount * 6; index++) {
      filter.insert(element(index));
      if (index >= span) expect(filter.has(element(index - span))).toBe(false);
    }
  });
});

test('false positives stay below the rate when the filter is as full as it gets', () => {
  for (const rate of [0.1, 0.01, 0.001]) {
    const filter = filterOf(2000, rate, 77);
    for (let index = 0; index < 12_000; index++) filter.insert(element(index));
    let hitCount = 0;
    const sampleCount = 40_000;
    for (let index = 0; index < sampleCount; index++) if (filter.has(element(index, 1))) hitCount++;
    // Three generations are full at this point. The sample may exceed its mean by some standard deviations.
    const expected = rate * sampleCount;
    expect(hitCount).toBeLessThan(expected + 5 * Math.sqrt(expected));
    expect(hitCount).toBeGreaterThan(expected / 4);
  }
});

test('inserting an element again makes it recent again', () => {
  const filter = filterOf(10, 1e-9);
  for (let index = 0; index < 100; index++) {
    filter.insert(element(index));
    if (index % 5 === 0) filter.insert(element(0, 1));
  }
  expect(filter.has(element(0, 1))).toBe(true);
});

test('a reset forgets everything and takes another key', () => {
  const draws: number[] = [];
  const random = seeded(5);
  const filter = new RollingBloomFilter({
    elementCount: 10,
    falsePositiveRate: 1e-9,
    random: () => {
      draws.push(random());
      return draws.at(-1)!;
    },
  });
  filter.insert(element(1));
  filter.reset();
  expect(filter.has(element(1))).toBe(false);
  expect(new Set(draws).size).toBe(8);
  filter.insert(element(1));
  expect(filter.has(element(1))).toBe(true);
});

test('elements of any length are told apart, the empty one included', () => {
  const filter = filterOf(100, 1e-9);
  filter.insert(new Uint8Array(0));
  filter.insert(new Uint8Array(1000));
  expect([0, 1, 8, 999, 1000, 1001].map((length) => filter.has(new Uint8Array(length)))).toEqual([
    true,
    false,
    false,
    false,
    true,
    false,
  ]);
});

test('what collides under one key does not under another', () => {
  const collidesWithFirst = (seed: number): number[] => {
    const filter = filterOf(1, 0.3, seed);
    filter.insert(element(0));
    return Array.from({ length: 200 }, (_, index) => index).filter((index) => filter.has(element(index, 1)));
  };
  const underOne = collidesWithFirst(1);
  expect(underOne.length).toBeGreaterThan(0);
  expect(collidesWithFirst(2)).not.toEqual(underOne);
});

test('refuses sizes and rates that mean nothing', () => {
  for (const elementCount of [0, -1, 1.5, NaN, Infinity]) {
    expect(() => filterOf(elementCount, 0.1)).toThrow(RangeError);
  }
  for (const rate of [0, 1, -0.1, 2, NaN]) expect(() => filterOf(10, rate)).toThrow(RangeError);
  expect(filterOf(1, 0.999).has(element(1))).toBe(false);
  expect(filterOf(1, 1e-300).has(element(1))).toBe(false);
});

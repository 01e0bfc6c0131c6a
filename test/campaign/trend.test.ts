// The rule of the soak: what counts as growth.

import { describe, expect, it } from 'vitest';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';

/** A script of the repository: types are said here. */
interface Trends {
  readonly MIN_VALUES: number;
  readonly WARM_UP_SHARE: number;
  median(values: readonly number[]): number;
  trendOf(series: readonly number[]): { growth: number; z: number; isBeyondChance: boolean };
  grows(series: readonly number[], allowed: { share: number; atLeast: number }): boolean;
}
const SCRIPT = `${import.meta.dirname}/../../scripts/campaign/lib/trend.mjs`;
const { MIN_VALUES, WARM_UP_SHARE, grows, median, trendOf } = (await import(SCRIPT)) as Trends;

const ALLOWED = { share: 0.02, atLeast: 1_000 };
const LENGTH = 120;

/** Noise of ±5 %, around a value that may move. */
function noisy(valueAt: (index: number) => number, seed = 1): number[] {
  const next = seededUint32(seed);
  return Array.from({ length: LENGTH }, (_, index) => valueAt(index) * (0.95 + (next() / 2 ** 32) * 0.1));
}

describe('a series that counts as flat', () => {
  it('is one of equal values', () => {
    expect(trendOf(Array.from({ length: LENGTH }, () => 7))).toMatchObject({ growth: 0, z: 0, isBeyondChance: false });
  });

  it('is noise, whatever the seed', () => {
    for (let seed = 1; seed <= 200; seed++)
      expect(
        grows(
          noisy(() => 1_000_000, seed),
          ALLOWED,
        ),
        `${seed}`,
      ).toBe(false);
  });

  it('is a saw, and one that grew during the warm-up alone', () => {
    expect(
      grows(
        Array.from({ length: LENGTH }, (_, index) => 1_000_000 + (index % 10) * 50_000),
        ALLOWED,
      ),
    ).toBe(false);
    expect(
      grows(
        noisy((index) => 1_000_000 * Math.min(1, 0.5 + index / (LENGTH * WARM_UP_SHARE))),
        ALLOWED,
      ),
    ).toBe(false);
  });

  it('is one that falls, or grows by no more than is allowed', () => {
    expect(
      grows(
        noisy((index) => 2_000_000 - index * 5_000),
        ALLOWED,
      ),
    ).toBe(false);
    expect(
      grows(
        Array.from({ length: LENGTH }, (_, index) => 1_000_000 + index * 100),
        ALLOWED,
      ),
    ).toBe(false);
  });
});

describe('a series that counts as grown', () => {
  it('grows little by little within its noise', () => {
    expect(
      grows(
        noisy((index) => 1_000_000 + index * 1_500),
        ALLOWED,
      ),
    ).toBe(true);
  });

  it('grows by one now and then, where nothing may be left', () => {
    const descriptors = Array.from({ length: LENGTH }, (_, index) => 30 + Math.floor(index / 40));
    expect(grows(descriptors, { share: 0, atLeast: 0.5 })).toBe(true);
  });
});

it('a series of few values proves nothing', () => {
  let enough = MIN_VALUES;
  while (enough - Math.floor(enough * WARM_UP_SHARE) < MIN_VALUES) enough++;
  const growing = (length: number): number[] => Array.from({ length }, (_, index) => 1_000_000 * (1 + index));
  expect(grows(growing(enough - 1), ALLOWED)).toBe(false);
  expect(grows(growing(enough), ALLOWED)).toBe(true);
});

it('the median of an even number of values lies between the two in the middle', () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
});

// What makes a failing run short: how short, and in how many tries.

import { describe, expect, it } from 'vitest';
import { shrinkList, simplifyItems } from './shrink.ts';

const COUNT = 1_000;
const numbers = Array.from({ length: COUNT }, (_, index) => index);

describe('a failing list', () => {
  it('shrinks to the items that make it fail, wherever they are', async () => {
    const culprits = [0, 499, 500, COUNT - 1];
    let tries = 0;
    const shortest = await shrinkList(numbers, (list) => {
      tries++;
      return Promise.resolve(culprits.every((culprit) => list.includes(culprit)));
    });
    expect(shortest).toEqual(culprits);
    expect(tries).toBeLessThan(200);
  });

  it('shrinks to nothing when it fails without any item', async () => {
    expect(await shrinkList([1, 2, 3], () => Promise.resolve(true))).toEqual([]);
  });

  it('stays as it is when every item is needed', async () => {
    expect(await shrinkList([1, 2, 3], ({ length }) => Promise.resolve(length === 3))).toEqual([1, 2, 3]);
  });

  it('gets the simplest of the forms with which it still fails', async () => {
    const forms = (item: number): number[] => [1, Math.ceil(item / 2)].filter((form) => form < item);
    const fails = (list: readonly number[]): Promise<boolean> => Promise.resolve(list[0]! >= 1 && list[1]! >= 40);
    expect(await simplifyItems([100, 100], forms, fails)).toEqual([1, 50]);
  });
});

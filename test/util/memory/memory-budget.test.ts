import { getHeapStatistics } from 'node:v8';

import { describe, expect, it } from 'vitest';
import { DEFAULT_BUDGET_BYTES, FREE_ACCOUNT_BYTES, MemoryBudget } from '../../../ts/util/memory/memory-budget.ts';

const TOTAL = 1_000_000;

describe('a memory budget', () => {
  it('takes the lower of its total and its share of the heap limit', () => {
    const { heap_size_limit: heapBytes } = getHeapStatistics();
    expect(new MemoryBudget({ totalBytes: 2 ** 50, heapShare: 0.25 }).limitBytes).toBe(Math.floor(heapBytes / 4));
    expect(new MemoryBudget({ totalBytes: 7 }).limitBytes).toBe(7);
    expect(new MemoryBudget().limitBytes).toBeLessThanOrEqual(DEFAULT_BUDGET_BYTES);
  });

  it.each([
    ['totalBytes', 0, 'RangeError'],
    ['totalBytes', 1.5, 'RangeError'],
    ['totalBytes', '1', 'TypeError'],
    ['heapShare', 0, 'RangeError'],
    ['heapShare', 1.01, 'RangeError'],
    ['heapShare', null, 'TypeError'],
    ['accountBytes', -1, 'RangeError'],
  ])('refuses %s of %s', (name, value, error) => {
    expect(() => new MemoryBudget({ [name]: value })).toThrow(expect.objectContaining({ name: error }));
  });

  it('pauses an account above its own limit, and not at it, until it is at it again', () => {
    let resumes = 0;
    const account = new MemoryBudget({ totalBytes: TOTAL, accountBytes: 10_000 }).open(() => resumes++);
    account.add(10_000);
    expect(account.isPaused).toBe(false);
    account.add(1);
    expect(account.isPaused).toBe(true);
    account.remove(1);
    expect([account.isPaused, resumes]).toEqual([false, 1]);
  });

  it('leaves one account half of itself', () => {
    const account = new MemoryBudget({ totalBytes: TOTAL }).open();
    account.add(TOTAL / 2);
    expect(account.isPaused).toBe(false);
    account.add(1);
    expect(account.isPaused).toBe(true);
  });

  it('holds a crowd that takes all it can below the total, and leaves room for a quiet account', () => {
    const budget = new MemoryBudget({ totalBytes: TOTAL });
    const step = 100;
    const crowd = Array.from({ length: 50 }, () => budget.open());
    for (let isGrowing = true; isGrowing;) {
      isGrowing = false;
      for (const account of crowd) {
        if (account.isPaused) continue;
        account.add(step);
        isGrowing = true;
      }
    }
    expect(budget.usedBytes).toBeLessThan(TOTAL);
    expect(budget.usedBytes).toBeGreaterThan(0.9 * TOTAL);
    const quiet = budget.open();
    quiet.add(2 * FREE_ACCOUNT_BYTES - 1_000);
    expect(quiet.isPaused).toBe(false);
  });

  it('pauses the largest accounts first', () => {
    const budget = new MemoryBudget({ totalBytes: TOTAL });
    const [large, middle, small] = [budget.open(), budget.open(), budget.open()];
    large.add(300_000);
    middle.add(200_000);
    small.add(50_000);
    const filler = budget.open();
    filler.add(200_000);
    // 250,000 are free.
    for (const account of [large, middle, small]) account.add(1);
    expect([large, middle, small].map(({ isPaused }) => isPaused)).toEqual([true, false, false]);
  });

  it('never pauses an account that holds next to nothing, though the total is exceeded', () => {
    const budget = new MemoryBudget({ totalBytes: TOTAL });
    budget.open().add(2 * TOTAL);
    const account = budget.open();
    account.add(FREE_ACCOUNT_BYTES);
    expect(account.isPaused).toBe(false);
    account.add(1);
    expect(account.isPaused).toBe(true);
  });

  it('resumes an account when others gave bytes back and it works on', () => {
    const budget = new MemoryBudget({ totalBytes: TOTAL });
    const other = budget.open();
    other.add(900_000);
    const account = budget.open();
    account.add(200_000);
    expect(account.isPaused).toBe(true);
    other.close();
    account.remove(1);
    expect(account.isPaused).toBe(false);
  });

  it('counts pinned bytes in the total, and pauses nobody for their own', () => {
    const budget = new MemoryBudget({ totalBytes: TOTAL });
    const account = budget.open();
    account.pin(2 * TOTAL);
    account.add(FREE_ACCOUNT_BYTES);
    expect([account.isPaused, budget.usedBytes]).toEqual([false, 2 * TOTAL + FREE_ACCOUNT_BYTES]);
    account.pin(10);
    expect([account.pinnedBytes, budget.usedBytes]).toEqual([10, 10 + FREE_ACCOUNT_BYTES]);
  });

  it('forgets a closed account at once, and whatever is booked on it later', () => {
    let resumes = 0;
    const budget = new MemoryBudget({ totalBytes: TOTAL });
    const account = budget.open(() => resumes++);
    account.add(2 * TOTAL);
    account.pin(5);
    account.close();
    account.close();
    account.add(7);
    account.remove(7);
    account.pin(7);
    expect([budget.usedBytes, budget.accountCount, resumes, account.isPaused]).toEqual([0, 0, 0, false]);
  });
});

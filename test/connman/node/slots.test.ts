import { describe, expect, it } from 'vitest';
import { SlotPool } from '../../../ts/connman/node/slots.ts';

const never = new AbortController().signal;

describe('a pool of slots', () => {
  it('gives out as many slots as it has and not one more', () => {
    const pool = new SlotPool(2);
    expect(pool.tryAcquire()).toBeDefined();
    expect(pool.tryAcquire()).toBeDefined();
    expect(pool.tryAcquire()).toBeUndefined();
    expect(pool.freeCount).toBe(0);
  });

  it('takes a slot back once, however often it is released', () => {
    const pool = new SlotPool(2);
    const grant = pool.tryAcquire()!;
    grant.release();
    grant.release();
    expect(pool.freeCount).toBe(2);
  });

  it('serves those who wait in the order in which they came', async () => {
    const pool = new SlotPool(1);
    const held = pool.tryAcquire()!;
    const served: string[] = [];
    const first = pool.acquire(never).then((grant) => (served.push('first'), grant!.release()));
    const second = pool.acquire(never).then((grant) => (served.push('second'), grant!.release()));
    held.release();
    await Promise.all([first, second]);
    expect(served).toEqual(['first', 'second']);
    expect(pool.freeCount).toBe(1);
  });

  it('hands a released slot to the one that waits, past those that do not', () => {
    const pool = new SlotPool(1);
    const held = pool.tryAcquire()!;
    void pool.acquire(never);
    held.release();
    expect(pool.tryAcquire()).toBeUndefined();
  });

  it('stops waiting when told to, and takes nothing then', async () => {
    const pool = new SlotPool(1);
    const held = pool.tryAcquire()!;
    const stop = new AbortController();
    const waiting = pool.acquire(stop.signal);
    stop.abort();
    expect(await waiting).toBeUndefined();
    held.release();
    expect(pool.freeCount).toBe(1);
    expect(await pool.acquire(stop.signal)).toBeUndefined();
    expect(pool.freeCount).toBe(1);
  });

  it('of no slots makes everybody wait', async () => {
    const pool = new SlotPool(0);
    expect(pool.tryAcquire()).toBeUndefined();
    const stop = new AbortController();
    const waiting = pool.acquire(stop.signal);
    stop.abort();
    expect(await waiting).toBeUndefined();
  });
});

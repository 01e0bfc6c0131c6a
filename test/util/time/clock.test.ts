import { describe, expect, it } from 'vitest';

import { fineWallClock, systemClock } from '../../../ts/util/time/clock.ts';

/** A host: one time, told by a clock of whole milliseconds and by one that began at some other moment. */
function host(startMs: number): { trueMs: number; wallMs: () => number; fineMs: () => number } {
  const clocks = {
    trueMs: startMs,
    wallMs: () => Math.floor(clocks.trueMs),
    fineMs: () => clocks.trueMs - startMs + 5,
  };
  return clocks;
}

describe('a fine wall clock', () => {
  it('stays within the millisecond that the wall clock tells, and tells parts of it apart', () => {
    const clocks = host(1_700_000_000_000.25);
    const clock = fineWallClock(clocks.wallMs, clocks.fineMs);
    const told = new Set<number>();
    let last = 0;
    for (let step = 0; step < 10_000; step++) {
      clocks.trueMs += 0.037;
      const timeMs = clock();
      expect(Math.floor(timeMs)).toBe(clocks.wallMs());
      expect(timeMs).toBeGreaterThanOrEqual(last);
      last = timeMs;
      told.add(timeMs);
    }
    expect(told.size).toBeGreaterThan(9_900);
  });

  it('follows a wall clock that is set, forwards and back', () => {
    let wallMs = 1_000;
    let fineMs = 0.5;
    const clock = fineWallClock(
      () => wallMs,
      () => fineMs,
    );
    expect(clock()).toBe(1_000);
    wallMs = 3_600_000;
    fineMs += 1;
    expect(clock()).toBe(3_600_000);
    wallMs = 10;
    fineMs += 0.25;
    expect(Math.floor(clock())).toBe(10);
    fineMs += 0.25;
    expect(Math.floor(clock())).toBe(10);
  });
});

describe('the clock of the host', () => {
  it('tells moments within a millisecond apart', () => {
    const until = performance.now() + 20;
    const told = new Set<number>();
    while (performance.now() < until) told.add(systemClock.wallTimeMs());
    expect([...told].some((timeMs) => !Number.isInteger(timeMs))).toBe(true);
    const [before, now, after] = [Date.now(), Math.floor(systemClock.wallTimeMs()), Date.now()];
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(after);
  });
});

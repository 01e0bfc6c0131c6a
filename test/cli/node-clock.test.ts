import { describe, expect, it } from 'vitest';

import { NodeClock } from '../../ts/cli/node/node-clock.ts';
import { VirtualClock } from '../../ts/testing.ts';

describe('the clock of a node on regtest', () => {
  const host = (): VirtualClock => new VirtualClock();

  it('has its wall clock stand still where it is set, and run again', () => {
    const clock = new NodeClock(host());
    const runningMs = clock.wallTimeMs();
    clock.setWallTime(1_000_000);
    expect([clock.wallTimeMs(), clock.mockSeconds]).toEqual([1_000_000, 1_000]);
    clock.setWallTime(undefined);
    expect(clock.wallTimeMs()).toBe(runningMs);
  });

  it('makes calls that come due when it is turned forward, and others as much earlier', () => {
    const hostClock = host();
    const clock = new NodeClock(hostClock);
    const calls: string[] = [];
    clock.after(5_000, () => calls.push('5 s'));
    clock.after(9_000, () => calls.push('9 s'));
    clock.after(5_500, () => calls.push('cancelled')).cancel();
    clock.advance(6_000);
    expect(calls).toEqual([]);
    hostClock.advance(0);
    expect(calls).toEqual(['5 s']);
    expect(clock.now() - hostClock.now()).toBe(6_000);
    hostClock.advance(3_000);
    expect(calls).toEqual(['5 s', '9 s']);
  });
});

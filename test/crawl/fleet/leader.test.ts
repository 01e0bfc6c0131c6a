// Who leads a fleet, over a bus in memory.

import { describe, expect, it } from 'vitest';
import { MemoryFleet } from '../../../ts/crawl/fleet/bus/memory-bus.ts';
import { Leader } from '../../../ts/crawl/fleet/leader.ts';
import { VirtualClock } from '../../../ts/testing.ts';

describe('a leader', () => {
  it.each(['seed', 'report'] as const)('keeps its lease through a %s that takes many times as long', async (slow) => {
    const clock = new VirtualClock();
    const fleet = new MemoryFleet(clock);
    const begun: string[] = [];
    const leaderOf = (name: string): Leader => {
      const duty = (what: 'seed' | 'report') => async (): Promise<void> => {
        begun.push(`${name} ${what}`);
        if (what === slow) await new Promise<void>((resolve) => void clock.after(120_000, resolve));
      };
      const duties = { seed: duty('seed'), report: duty('report') };
      return new Leader(fleet.connect(), clock, name, { chain: 'regtest', everyMs: undefined }, duties);
    };
    const leaders = [leaderOf('first'), leaderOf('second')] as const;
    for (const leader of leaders) leader.start();
    for (let second = 0; second < 100; second++) {
      clock.advance(1_000);
      await clock.settle();
      expect(leaders.map(({ isLeading }) => isLeading)).toEqual([true, false]);
    }
    expect(begun).toEqual(slow === 'seed' ? ['first seed'] : ['first seed', 'first report']);
    const stopped = Promise.all(leaders.map((leader) => leader.stop()));
    clock.advance(60_000);
    await clock.settle();
    await stopped;
  });
});

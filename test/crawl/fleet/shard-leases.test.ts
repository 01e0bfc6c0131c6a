// Leases of a worker that the server stops answering: they end by the worker's own clock.

import { expect, it } from 'vitest';
import type { FleetBus } from '../../../ts/crawl/fleet/bus/fleet-bus.ts';
import { SHARD_COUNT } from '../../../ts/crawl/fleet/bus/fleet-bus.ts';
import { MemoryFleet } from '../../../ts/crawl/fleet/bus/memory-bus.ts';
import { ShardLeases } from '../../../ts/crawl/fleet/shard-leases.ts';
import { VirtualClock } from '../../../ts/testing.ts';
import { QUICK_TIMES } from './fleet-stage.ts';

it.each(['update', 'keys'] as const)(
  'a worker whose %s is never answered gives all shards up before others may take them',
  async (call) => {
    const clock = new VirtualClock();
    const whole = new MemoryFleet(clock, QUICK_TIMES).connect();
    let isAway = false;
    let renewedAtMs = 0;
    const lostAfterMs: number[] = [];
    const leases = new Proxy(whole.leases, {
      get(target, name: keyof FleetBus['leases']) {
        if (isAway && name === call) return () => new Promise(() => {});
        if (name === 'update' || name === 'create') renewedAtMs = clock.now();
        return target[name].bind(target);
      },
    });
    const shards = new ShardLeases({ ...whole, leases, times: whole.times }, clock, 'a', '1', {
      gained: () => {},
      lost: () => lostAfterMs.push(clock.now() - renewedAtMs),
      handedOn: () => Promise.resolve(),
    });
    shards.start();
    await clock.settle();
    expect(shards.shards.size).toBe(SHARD_COUNT);
    isAway = true;
    for (let passedMs = 0; passedMs < 2 * QUICK_TIMES.leaseTtlMs; passedMs += 100) {
      clock.advance(100);
      await clock.settle();
    }
    expect([lostAfterMs.length, shards.shards.size]).toEqual([SHARD_COUNT, 0]);
    expect(Math.max(...lostAfterMs)).toBeLessThan(QUICK_TIMES.leaseTtlMs);
  },
);

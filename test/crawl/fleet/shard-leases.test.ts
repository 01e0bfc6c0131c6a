// Leases of a worker that the server stops answering, which end by the worker's own clock, and workers of the same name.

import { describe, expect, it } from 'vitest';
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
      nameTaken: () => expect.unreachable(),
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

describe('the presence of a worker', () => {
  const LISTENER = { gained: () => {}, lost: () => {}, handedOn: () => Promise.resolve() };

  /** Lets two leases' time pass. */
  async function pass(clock: VirtualClock): Promise<void> {
    for (let passedMs = 0; passedMs < 2 * QUICK_TIMES.leaseTtlMs; passedMs += 100) {
      clock.advance(100);
      await clock.settle();
    }
  }

  it('sends the second of two workers of one name away, and leaves the first alone', async () => {
    const clock = new VirtualClock();
    const fleet = new MemoryFleet(clock, QUICK_TIMES);
    const sentAway: string[] = [];
    for (const instance of ['1', '2']) {
      const listener = { ...LISTENER, nameTaken: () => sentAway.push(instance) };
      new ShardLeases(fleet.connect(), clock, 'a', instance, listener).start();
      await clock.settle();
    }
    await pass(clock);
    expect(new Set(sentAway)).toEqual(new Set(['2']));
  });

  it.each(['a 1', 'a 2'])('is made once that of %s is not renewed any more', async (owner) => {
    const clock = new VirtualClock();
    const bus = new MemoryFleet(clock, QUICK_TIMES).connect();
    await bus.leases.create('worker.a', owner);
    const nameTaken = (): void => expect.unreachable();
    new ShardLeases(bus, clock, 'a', '2', { ...LISTENER, nameTaken }).start();
    await pass(clock);
    expect((await bus.leases.get('worker.a'))?.text).toBe('a 2');
  });
});

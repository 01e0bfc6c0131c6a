// Slots of automatic dials through everything that can become of them: never too many, and all of them come back.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connman } from '../../../ts/connman/connman.ts';
import { Services } from '../../../ts/p2p/protocol.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';
import { Crowd } from '../crowd.ts';
import { STEP_MS, bookOf, ofType, placesIn, startDialer } from '../dialers.ts';
import { World } from '../world.ts';

const FULL_NODE = Services.NETWORK | Services.WITNESS;

let world = new World();
let crowd: Crowd | undefined;
const running: Connman[] = [];
beforeEach(() => {
  world = new World();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((connman) => connman.stop()));
  await crowd?.leave();
});

describe('slots for automatic dials', () => {
  it.each([
    [1, 1, 0],
    [5, 5, 0],
    [9, 8, 1],
    [10, 8, 2],
    [11, 8, 2],
    [125, 8, 2],
  ])('of %i connections are never exceeded, and never lost, whatever happens', async (maxConnections, full, block) => {
    const random = seededUint32(maxConnections);
    const all = placesIn(30, 4);
    // A third hang up over V2 and are dialed again, a third accept and say nothing, a third are as they should be.
    const [overV2, mute, sound] = [0, 1, 2].map((rest) => all.filter((_, index) => index % 3 === rest));
    crowd = new Crowd(world.net, [...overV2!, ...sound!]);
    for (const place of mute!) world.listen(place);
    const book = bookOf(world, [...mute!, ...sound!]);
    for (const record of bookOf(world, overV2!, FULL_NODE | Services.P2P_V2).getAddr(0, 0)) {
      book.add([record], record.service.address);
    }
    world.net.faults = {
      connect: () => [undefined, undefined, 'refused' as const, 'silent' as const][random() % 4],
      receive: ({ count }) => (random() % 50 === 0 && count > 0 ? 'reset' : undefined),
    };
    const connman = await startDialer(world, book, { maxConnections, fixedSeeds: false });
    running.push(connman);
    const slots = Math.min(11, maxConnections);
    const tried = new Set<string>();
    connman.on('failedConnection', ({ target }) => tried.add(target));
    connman.on('outboundConnection', ({ addrName }) => tried.add(addrName));
    for (let passedMs = 0; passedMs < 240_000; passedMs += STEP_MS) {
      await world.pass(STEP_MS);
      expect(connman.getNodeCount('out')).toBeLessThanOrEqual(slots);
      if (random() % 100 === 0) connman.setNetworkActive(!connman.isNetworkActive);
      if (random() % 20 === 0) [...connman.nodes()].at(0)?.disconnect('at random');
    }
    expect(tried.size).toBeGreaterThan(5);
    // All is well from now on: a slot that was lost on the way would be missing here.
    world.net.faults = {};
    connman.setNetworkActive(true);
    for (const node of connman.nodes()) node.disconnect('to begin anew');
    await world.pass(400_000, STEP_MS);
    expect([ofType(connman, 'outbound-full-relay').length, ofType(connman, 'block-relay-only').length]).toEqual([
      full,
      block,
    ]);
  });
});

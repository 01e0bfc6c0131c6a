// What the outbound policy does with its slots and its failures, whatever becomes of its dials.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Connman } from '../../ts/connman/connman.ts';
import { keepConnecting } from '../../ts/connman/connect-task.ts';
import type { ConnmanOptions } from '../../ts/connman/options.ts';
import { Services } from '../../ts/p2p/protocol.ts';
import { VirtualClock } from '../../ts/testing.ts';
import { seededUint32 } from '../helpers/seeded-uint32.ts';
import { Crowd } from './crowd.ts';
import { STEP_MS, bookOf, ofType, placesIn, startDialer } from './dialers.ts';
import type { WatchedBook } from './dialers.ts';
import { World } from './world.ts';

const FULL_NODE = Services.NETWORK | Services.WITNESS;
const SEED_NODE = '30.0.0.1';

let world = new World();
const crowds: Crowd[] = [];
const running: Connman[] = [];
beforeEach(() => {
  world = new World();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((connman) => connman.stop()));
  await Promise.all(crowds.splice(0).map((crowd) => crowd.leave()));
});

function settle(places: Iterable<string>): void {
  crowds.push(new Crowd(world.net, places));
}

async function start(book: WatchedBook, options: ConnmanOptions = {}): Promise<Connman> {
  const connman = await startDialer(world, book, options);
  running.push(connman);
  return connman;
}

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
    settle([...overV2!, ...sound!]);
    for (const place of mute!) world.listen(place);
    const book = bookOf(world, [...mute!, ...sound!]);
    book.add(
      overV2!.flatMap((place) => bookOf(world, [place], FULL_NODE | Services.P2P_V2).getAddr(0, 0)),
      sourceOf(book),
    );
    world.net.faults = {
      connect: () => [undefined, undefined, 'refused' as const, 'silent' as const][random() % 4],
      receive: ({ count }) => (random() % 50 === 0 && count > 0 ? 'reset' : undefined),
    };
    const connman = await start(book, { maxConnections, fixedSeeds: false });
    const slots = Math.min(11, maxConnections);
    for (let passedMs = 0; passedMs < 240_000; passedMs += STEP_MS) {
      await world.pass(STEP_MS);
      expect(connman.getNodeCount('out')).toBeLessThanOrEqual(slots);
      if (random() % 100 === 0) connman.setNetworkActive(!connman.isNetworkActive);
      if (random() % 20 === 0) [...connman.nodes()].at(0)?.disconnect('at random');
    }
    expect(book.attempts.length).toBeGreaterThan(5);
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

  function sourceOf(book: WatchedBook) {
    return book.getAddr(1, 0)[0]!.service.address;
  }
});

describe('failures of dials', () => {
  /** Whether failures counted, for each dial of a minute in which so many networks have somebody to connect to. */
  async function countedWith(livingGroups: number): Promise<Set<boolean>> {
    const all = placesIn(20, 3);
    settle(placesIn(livingGroups, 1));
    const book = bookOf(world, all);
    await start(book);
    await world.pass(30_000, STEP_MS);
    book.attempts.length = 0;
    await world.pass(60_000, STEP_MS);
    expect(book.attempts.length).toBeGreaterThan(5);
    return new Set(book.attempts.map(({ isFailureCounted }) => isFailureCounted));
  }

  it.each([
    [0, false],
    [1, false],
    [2, true],
    [3, true],
  ])('with peers in %i networks count against addresses: %s', async (groups, isCounted) => {
    expect(await countedWith(groups)).toEqual(new Set([isCounted]));
  });

  it('count with one network where one peer is all there may be', async () => {
    settle(placesIn(1, 1));
    const book = bookOf(world, placesIn(20, 3));
    await start(book, { maxConnections: 2, fixedSeeds: false });
    await world.pass(60_000, STEP_MS);
    expect(book.attempts.at(-1)?.isFailureCounted).toBe(true);
  });
});

describe('a feeler', () => {
  it('waits up to a second, and not always as long, before it dials', async () => {
    const lookMs = 50;
    const all = placesIn(12, 10);
    settle(all);
    const book = bookOf(world, all);
    const connman = await start(book);
    await world.pass(20_000, STEP_MS);
    book.feelerDrawsMs.length = 0;
    const delaysMs: number[] = [];
    connman.on('outboundConnection', ({ isFeeler }) => {
      if (isFeeler) delaysMs.push(world.net.clock.now() - book.feelerDrawsMs.at(-1)!);
    });
    await world.pass(16 * 60_000, lookMs);
    expect(delaysMs.length).toBeGreaterThanOrEqual(4);
    for (const delayMs of delaysMs) expect(delayMs).toBeLessThanOrEqual(1_000 + lookMs);
    expect(Math.max(...delaysMs) - Math.min(...delaysMs)).toBeGreaterThan(200);
  });
});

describe('a seed node', () => {
  /** When it was asked for addresses, in milliseconds. */
  async function asked(book: WatchedBook, ms: number, options: ConnmanOptions = {}): Promise<number[]> {
    const connman = await start(book, { seedNode: [SEED_NODE], v2Transport: false, fixedSeeds: false, ...options });
    const atMs: number[] = [];
    connman.on('outboundConnection', ({ isAddrFetch }) => isAddrFetch && atMs.push(world.net.clock.now()));
    await world.pass(ms, STEP_MS);
    return atMs;
  }

  it('is asked after ten seconds with fewer than two full-relay peers', async () => {
    settle([`${SEED_NODE}:18444`, ...placesIn(1, 1)]);
    const [atMs, ...more] = await asked(bookOf(world, placesIn(5, 2)), 40_000);
    expect(more).toEqual([]);
    expect(atMs).toBeGreaterThan(10_000);
    expect(atMs).toBeLessThan(20_000);
  });

  it('is left alone by who has two', async () => {
    settle([`${SEED_NODE}:18444`, ...placesIn(2, 1)]);
    expect(await asked(bookOf(world, placesIn(2, 1)), 40_000)).toEqual([]);
  });

  it('is not asked at all if no slot is free when its turn comes', async () => {
    settle([`${SEED_NODE}:18444`, ...placesIn(5, 2)]);
    const connmanOptions = { maxConnections: 1 };
    const atMs = asked(bookOf(world, placesIn(5, 2)), 15_000, connmanOptions);
    expect(await atMs).toEqual([]);
    const [connman] = running;
    // The one slot comes free; the peer that is dialed next has it before the seed node's turn comes.
    for (let round = 0; round < 3; round++) {
      for (const node of connman!.nodes()) node.disconnect('to make room');
      await world.pass(15_000, STEP_MS);
      expect(ofType(connman!, 'outbound-full-relay')).toHaveLength(1);
    }
    expect(await atMs).toEqual([]);
  });
});

describe('given peers, and nobody else', () => {
  it('are dialed with rests that grow from nothing to five seconds', async () => {
    const clock = new VirtualClock();
    const end = new AbortController();
    const dials: { name: string; atMs: number }[] = [];
    const open = (name: string): Promise<void> => {
      dials.push({ name, atMs: clock.now() });
      if (dials.length === 30) end.abort();
      return Promise.resolve();
    };
    const task = keepConnecting(['a', 'b'], open, clock, end.signal);
    await clock.settle();
    for (let step = 0; step < 1_000 && !end.signal.aborted; step++) {
      clock.advance(STEP_MS / 2);
      await clock.settle();
    }
    await task;
    expect(dials.map(({ name }) => name).join('')).toBe('ab'.repeat(15));
    // From each dial of `a` to that of `b` in its round.
    const rests = dials.flatMap(({ atMs }, at) => (at % 2 === 1 ? [atMs - dials[at - 1]!.atMs] : []));
    expect(rests).toEqual([
      0, 500, 1_000, 1_500, 2_000, 2_500, 3_000, 3_500, 4_000, 4_500, 5_000, 5_000, 5_000, 5_000, 5_000,
    ]);
  });
});

describe('an added node', () => {
  it('that is connected already, if only inbound from the same address and port, is not dialed', async () => {
    const place = '31.0.0.1:18444';
    settle([place]);
    const connman = await start(bookOf(world, []), { listen: true, bind: ['10.0.0.1:18444'], fixedSeeds: false });
    const inbound = world.connect('10.0.0.1:18444', place);
    inbound.greet();
    await world.settle();
    connman.addNode(place);
    await world.pass(10_000, STEP_MS);
    expect(ofType(connman, 'manual')).toEqual([]);
    // It is missed two seconds after it left at the latest.
    inbound.socket.end();
    await world.pass(3_000, STEP_MS);
    expect(ofType(connman, 'manual').map(({ addrName }) => addrName)).toEqual([place]);
  });
});

// Peers that the user named: the list of `connect`, and added nodes.

import { afterEach, describe, expect, it } from 'vitest';
import { AddedNodes } from '../../../ts/connman/outbound/added-nodes.ts';
import { keepConnecting } from '../../../ts/connman/outbound/named-peers.ts';
import type { OpenRequest } from '../../../ts/connman/outbound/dialing.ts';
import { NodeTable } from '../../../ts/connman/node/node-table.ts';
import { SlotPool } from '../../../ts/connman/node/slots.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { VirtualClock } from '../../../ts/testing.ts';
import { World } from '../world.ts';

async function pass(clock: VirtualClock, ms: number, stepMs = 100): Promise<void> {
  await clock.settle();
  for (let passed = 0; passed < ms; passed += stepMs) {
    clock.advance(stepMs);
    await clock.settle();
  }
}

describe('peers of the option connect', () => {
  it('are dialed again and again, with a rest that grows by half a second each round, to five seconds', async () => {
    const clock = new VirtualClock();
    const interrupt = new AbortController();
    const dials: [string, number][] = [];
    const open = (name: string): Promise<void> => {
      dials.push([name, clock.now()]);
      return Promise.resolve();
    };
    void keepConnecting(['a', 'b'], open, clock, interrupt.signal);
    await pass(clock, 120_000);
    interrupt.abort();
    const rests = dials.slice(1).map(([, atMs], index) => atMs - dials[index]![1]);
    expect(dials.slice(0, 4).map(([name]) => name)).toEqual(['a', 'b', 'a', 'b']);
    // Behind the second of a round comes half a second more.
    const expected = Array.from({ length: 13 }, (_, round) => {
      const restMs = Math.min(round, 10) * 500;
      return [restMs, restMs + 500];
    }).flat();
    expect(rests.slice(0, expected.length)).toEqual(expected);
  });

  it('are not dialed any more after the interrupt, in the middle of a round', async () => {
    const clock = new VirtualClock();
    const interrupt = new AbortController();
    const dials: string[] = [];
    const open = (name: string): Promise<void> => {
      dials.push(name);
      if (dials.length === 3) interrupt.abort();
      return Promise.resolve();
    };
    let isDone = false;
    void keepConnecting(['a', 'b'], open, clock, interrupt.signal).then(() => (isDone = true));
    await pass(clock, 60_000);
    expect([dials, isDone]).toEqual([['a', 'b', 'a'], true]);
  });
});

describe('added nodes', () => {
  function list(slots = 8) {
    const clock = new VirtualClock();
    const interrupt = new AbortController();
    const dials: [string, number][] = [];
    const pool = new SlotPool(slots);
    const nodes = new AddedNodes({
      table: new NodeTable(),
      slots: pool,
      clock,
      interrupt: interrupt.signal,
      defaultPort: 18_444,
      cjdnsReachable: false,
      dialing: {
        open: ({ dest }: OpenRequest) => {
          dials.push([dest!, clock.now()]);
          return Promise.resolve(false);
        },
      },
    });
    return { clock, interrupt, dials, pool, nodes };
  }

  it('are looked for every two seconds, dialed half a second apart, and again a minute after a dial', async () => {
    const { clock, interrupt, dials, nodes } = list();
    void nodes.run();
    await pass(clock, 3_000);
    nodes.add({ node: 'a', usesV2: false });
    nodes.add({ node: 'b', usesV2: false });
    await pass(clock, 62_000);
    interrupt.abort();
    // The pass of four seconds finds both; the rest of a minute begins half a second after the second dial.
    expect(dials).toEqual([
      ['a', 4_000],
      ['b', 4_500],
      ['a', 65_000],
    ]);
  });

  it('do not wait behind one that never answers, though there is a single slot', async () => {
    const { clock, interrupt, dials, nodes, pool } = list(1);
    nodes.add({ node: 'dead', usesV2: false });
    nodes.add({ node: 'behind it', usesV2: false });
    void nodes.run();
    await pass(clock, 1_000);
    interrupt.abort();
    expect(dials.map(([name]) => name)).toEqual(['dead', 'behind it']);
    expect(pool.freeCount).toBe(1);
  });

  let world = new World();
  afterEach(async () => {
    await world.destroy();
    world = new World();
  });

  it('count as connected when they dialed us from their own address and port', async () => {
    const place = '10.0.0.1:18444';
    const there = world.listen('10.0.0.9:5555');
    const node = await world.node({ bind: [place] });
    world.connect(place, '10.0.0.9:5555').greet();
    await world.settle();
    expect(node.connman.addNode('10.0.0.9:5555')).toBe(true);
    await world.pass(10_000, 500);
    expect(node.connman.getAddedNodeInfo()).toMatchObject([{ node: '10.0.0.9:5555', peer: { isInbound: true } }]);
    expect(there.peers).toHaveLength(0);
  });

  it('whose name leads to somebody who is connected are not dialed', async () => {
    const there = world.listen('10.0.0.9:18444');
    const lookUpHost = () => Promise.resolve([NetAddress.parse('10.0.0.9')]);
    const node = await world.node({ lookUpHost });
    void node.connman.connectTo('10.0.0.9');
    await world.settle();
    node.connman.addNode('node.example');
    await world.pass(10_000, 500);
    expect(there.peers).toHaveLength(1);
    expect(node.connman.getAddedNodeInfo()).toMatchObject([{ node: 'node.example', peer: undefined }]);
  });
});

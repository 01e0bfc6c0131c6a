import { afterEach, describe, expect, it } from 'vitest';
import { KeyedHashes } from '../../../ts/connman/node/keyed-hashes.ts';
import { MessagePump, PUMP_REST_MS, PUMP_SLICE_MS } from '../../../ts/connman/messages/message-pump.ts';
import { NodeMaker } from '../../../ts/connman/node/node-maker.ts';
import type { NewConnection } from '../../../ts/connman/node/node-maker.ts';
import { NodeTable } from '../../../ts/connman/node/node-table.ts';
import { resolveConnmanOptions } from '../../../ts/connman/settings/resolve-options.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import type { Timer } from '../../../ts/util/time/clock.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';
import { Greeter } from '../greeter.ts';
import { World, fromWithin } from '../world.ts';
import type { TestNode, WirePeer } from '../world.ts';

const PLACE = '127.0.0.1:18444';

let world = new World();
afterEach(async () => {
  await world.destroy();
  world = new World();
});

async function withPeers(count: number, options = {}): Promise<{ node: TestNode; peers: WirePeer[] }> {
  const node = await world.node({ bind: [PLACE], ...options });
  const peers = Array.from({ length: count }, () => world.connect(PLACE));
  for (const peer of peers) peer.greet();
  await world.settle();
  for (const peer of peers) peer.messages();
  node.greeter.visits.length = 0;
  node.greeter.processed.length = 0;
  return { node, peers };
}

function inbound(id: number): NewConnection {
  const addr = Service.parse(`10.0.0.${id + 1}:1`);
  return {
    id,
    addr,
    addrServices: 0n,
    addrBind: undefined,
    dest: undefined,
    connectionType: 'inbound',
    isInboundOnion: false,
    permissions: 0,
    preferEvict: false,
    usesV2: false,
    proxyOverride: undefined,
  };
}

describe('the message pump', () => {
  it('processes one message of each peer in a round, however many one has sent', async () => {
    const { node, peers } = await withPeers(51);
    const { greeter } = node;
    const [flooder, ...quiet] = peers;
    for (let count = 0; count < 1_000; count++) flooder!.send({ type: 'ping', nonce: 1n });
    world.net.clock.runUntilIdle();
    for (let count = 0; count < 1_000; count++) flooder!.send({ type: 'ping', nonce: 1n });
    for (const peer of quiet) peer.send({ type: 'ping', nonce: 2n });
    greeter.processed.length = 0;
    await world.settle();
    // Between two messages of the flooder nobody waits for longer than a round: all quiet ones are served by its second.
    const flooded = greeter.processed.flatMap((entry, index) => (entry === '0 ping' ? [index] : []));
    const lastQuiet = greeter.processed.findLastIndex((entry) => entry !== '0 ping');
    const firstQuiet = greeter.processed.findIndex((entry) => entry !== '0 ping');
    expect(greeter.processed.filter((entry) => entry !== '0 ping')).toHaveLength(50);
    expect(flooded.filter((index) => index > firstQuiet && index < lastQuiet).length).toBeLessThanOrEqual(2);
  });

  it('visits every peer once a round, in an order that changes', async () => {
    const { node } = await withPeers(20);
    const rounds: number[][] = [];
    for (let round = 0; round < 10; round++) {
      node.greeter.visits.length = 0;
      await world.pass(PUMP_REST_MS);
      rounds.push([...node.greeter.visits]);
    }
    const ids = Array.from({ length: 20 }, (_, id) => id);
    for (const round of rounds) expect([...round].sort((a, b) => a - b)).toEqual(ids);
    expect(new Set(rounds.map(String)).size).toBeGreaterThan(5);
  });

  it('rests while nothing happens, and no longer than 100 ms', async () => {
    const { node } = await withPeers(1);
    await world.pass(10 * PUMP_REST_MS, PUMP_REST_MS / 4);
    expect(node.greeter.visits).toHaveLength(10);
  });

  it('begins a round at once when it is woken', async () => {
    const { node } = await withPeers(3);
    node.greeter.network.wakeMessageHandler();
    await world.settle();
    expect([...node.greeter.visits].sort()).toEqual([0, 1, 2]);
  });

  it('visits only those that have something to do when it is woken for them, and each once', async () => {
    const { node, peers } = await withPeers(20);
    peers[7]!.send({ type: 'ping', nonce: 1n });
    await world.settle();
    expect(node.greeter.visits).toEqual([7]);
    node.greeter.network.wakeMessageHandler(fromWithin(node.connman.node(3)!));
    node.greeter.network.wakeMessageHandler(fromWithin(node.connman.node(3)!));
    await world.settle();
    expect(node.greeter.visits).toEqual([7, 3]);
  });

  it('leaves a peer alone for as long as the message processor says, unless something happens', async () => {
    const { node, peers } = await withPeers(2);
    const { greeter } = node;
    const quiet = node.connman.node(0)!;
    greeter.sendMessages = (p2pNode) => (p2pNode.id === 0 ? 1_000 : undefined);
    await world.pass(PUMP_REST_MS);
    const visitsIn = async (ms: number): Promise<number[]> => {
      greeter.visits.length = 0;
      await world.pass(ms, PUMP_REST_MS / 4);
      return greeter.visits.filter((id) => id === 0);
    };
    expect(await visitsIn(800)).toEqual([]);
    expect(greeter.visits).toHaveLength(8);
    expect(await visitsIn(400)).toEqual([0]);
    peers[0]!.send({ type: 'ping', nonce: 1n }, { type: 'ping', nonce: 2n });
    expect(await visitsIn(300)).toEqual([0, 0]);
    node.greeter.network.wakeMessageHandler();
    expect(await visitsIn(300)).toEqual([0]);
    node.greeter.network.wakeMessageHandler(fromWithin(quiet));
    expect(await visitsIn(300)).toEqual([0]);
  });

  it('passes over a peer that is marked, with whatever it still has', async () => {
    const { node, peers } = await withPeers(1);
    node.greeter.onMessage = (p2pNode) => p2pNode.disconnect('enough');
    peers[0]!.send({ type: 'ping', nonce: 1n }, { type: 'ping', nonce: 2n });
    await world.settle();
    expect(node.greeter.processed).toEqual(['0 ping']);
    expect(node.closed).toEqual(['0 enough']);
  });

  it('lets a peer speak once more after its own messages marked it', async () => {
    const { node, peers } = await withPeers(1);
    const sent: number[] = [];
    node.greeter.onMessage = (p2pNode) => p2pNode.disconnect('enough');
    node.greeter.sendMessages = (p2pNode): undefined => {
      if (p2pNode.isMarkedForDisconnect) sent.push(p2pNode.id);
    };
    peers[0]!.send({ type: 'ping', nonce: 1n });
    await world.settle();
    expect(sent).toEqual([0]);
  });

  it('survives the disconnection of any node by any other in the middle of a round', async () => {
    const { node, peers } = await withPeers(10);
    node.greeter.onMessage = () => {
      for (const other of node.connman.nodes()) other.disconnect('all of them');
    };
    for (const peer of peers) peer.send({ type: 'ping', nonce: 1n });
    await world.settle();
    expect(node.greeter.processed).toHaveLength(1);
    expect(node.connman.getNodeCount()).toBe(0);
    expect([...node.greeter.finalized].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it.each(['processMessages', 'sendMessages'] as const)(
    'drops the peer over which %s fails, reports it, and serves the others',
    async (method) => {
      const errors: unknown[] = [];
      const onCallbackError = (_error: unknown, where: string, nodeId?: number): void =>
        void errors.push([where, nodeId]);
      const { node, peers } = await withPeers(2, { onCallbackError });
      const original = node.greeter[method].bind(node.greeter);
      node.greeter[method] = ((p2pNode: never) => {
        if ((p2pNode as { id: number }).id === 0) throw new Error('no');
        return original(p2pNode);
      }) as never;
      peers[1]!.send({ type: 'ping', nonce: 1n });
      await world.pass(200, 100);
      expect(errors).toEqual([[method, 0]]);
      expect(node.closed).toEqual([`0 internal error in ${method}`]);
      expect(peers[1]!.types()).toEqual(['pong']);
    },
  );

  /** A pump whose every `sendMessages` takes `stepMs`; `run` gives it its macrotasks while `isGoingOn`. */
  function steppedPump(count: number, stepMs: number) {
    const table = new NodeTable();
    const random = seededUint32(1);
    const settings = resolveConnmanOptions({ chain: 'regtest', random });
    const maker = new NodeMaker(
      settings,
      KeyedHashes.random(random),
      () => {},
      () => {},
    );
    for (let id = 0; id < count; id++) table.add(maker.make(inbound(id)));
    let nowMs = 0;
    const macrotasks: (() => void)[] = [];
    const soon = (step: () => void): Timer => (macrotasks.push(step), { cancel: () => {} });
    const clock = { now: () => nowMs, wallTimeMs: () => nowMs, soon, after: () => ({ cancel: () => {} }) };
    const visits: number[][] = [];
    const netEvents = new Greeter();
    netEvents.processMessages = (node) => (visits.at(-1)!.push(node.id), false);
    netEvents.sendMessages = (): undefined => {
      nowMs += stepMs;
    };
    const interrupt = new AbortController().signal;
    const pump = new MessagePump({ table, clock, random, interrupt, reportError: () => {} });
    pump.start(netEvents);
    const run = (isGoingOn: () => boolean, afterStep: () => void = () => {}): void => {
      while (macrotasks.length > 0 && isGoingOn()) {
        visits.push([]);
        macrotasks.shift()!();
        afterStep();
      }
    };
    const advance = (ms: number): void => void (nowMs += ms);
    return { table, clock, visits, netEvents, run, pump, advance };
  }

  it('divides a long round, and still visits each peer once', () => {
    const { table, visits, run } = steppedPump(5, PUMP_SLICE_MS / 2);
    run(
      () => true,
      () => {
        // Gone between two slices: not visited any more.
        if (visits.length === 1) table.remove(table.get([0, 1, 2, 3, 4].find((id) => !visits[0]!.includes(id))!)!);
      },
    );
    expect(visits.map(({ length }) => length)).toEqual([2, 2]);
    expect(new Set(visits.flat()).size).toBe(4);
  });

  it('lets a cheap message of a quiet peer wait for the slice that runs, and no longer, behind 94 costly ones', () => {
    const flooders = 94;
    const costMs = 3;
    const { table, visits, netEvents, run, pump, clock, advance } = steppedPump(flooders + 1, 0);
    const quiet = table.get(flooders)!;
    netEvents.processMessages = (node) => {
      visits.at(-1)!.push(node.id);
      if (node !== quiet) advance(costMs);
      return node !== quiet;
    };
    netEvents.sendMessages = () => 60_000;
    run(() => clock.now() < 1_000);
    const wokenAt = visits.length;
    pump.wake(quiet);
    run(() => visits.length < wokenAt + 2);
    expect(visits[wokenAt]![0]).toBe(flooders);
    expect(visits.slice(0, wokenAt).every(({ length }) => length <= PUMP_SLICE_MS / costMs + 2)).toBe(true);
  });

  it('lets a quiet peer go before a crowd of newcomers, whose handshakes cost more', () => {
    const newcomers = 94;
    const { table, visits, netEvents, run, pump } = steppedPump(newcomers + 1, 0);
    const quiet = table.get(newcomers)!;
    quiet.isSuccessfullyConnected = true;
    netEvents.sendMessages = () => 60_000;
    run(() => true);
    for (let round = 0; round < 5; round++) {
      visits.length = 0;
      for (const node of table.values()) pump.wake(node);
      run(() => true);
      expect(visits.flat()).toHaveLength(newcomers + 1);
      expect(visits.flat()[0]).toBe(newcomers);
    }
  });

  it('gives peers about the same time when there is not enough for all, whatever their messages cost', () => {
    const kinds = 4;
    const { visits, netEvents, run, clock, advance } = steppedPump(10 * kinds, 0);
    const usedMs = Array.from({ length: kinds }, () => 0);
    netEvents.processMessages = ({ id }) => {
      const kind = id % kinds;
      const costMs = 2 ** kind / 2;
      visits.at(-1)!.push(id);
      usedMs[kind]! += costMs;
      advance(costMs);
      return true;
    };
    netEvents.sendMessages = () => 60_000;
    run(() => clock.now() < 5_000);
    expect(Math.max(...usedMs) / Math.min(...usedMs)).toBeLessThan(2);
  });

  it('looks at everybody every 100 ms, and not more often, while somebody floods', () => {
    const { clock, visits, netEvents, run } = steppedPump(3, 1);
    netEvents.processMessages = (node) => (visits.at(-1)!.push(node.id), node.id === 0);
    run(() => clock.now() < 10 * PUMP_REST_MS);
    const countOf = (id: number): number => visits.flat().filter((visited) => visited === id).length;
    for (const id of [1, 2]) expect(countOf(id)).toBe(10);
    expect(countOf(0)).toBe(10 * PUMP_REST_MS - 20);
  });

  it('visits a node that has something to do in the round that looks at everybody as well', () => {
    const { clock, visits, netEvents, run } = steppedPump(1, 1);
    // Asks for turn after turn without a message waiting, as requests for blocks do, and would else be left alone.
    netEvents.processMessages = () => (visits.at(-1)!.push(0), true);
    const { sendMessages } = netEvents;
    netEvents.sendMessages = (node) => (sendMessages.call(netEvents, node), 60_000);
    run(() => clock.now() < 3 * PUMP_REST_MS);
    expect(visits.every((round) => round.length === 1)).toBe(true);
    expect(visits).toHaveLength(3 * PUMP_REST_MS);
  });

  it('stops in the middle of a round when it is interrupted', async () => {
    const { node, peers } = await withPeers(10);
    node.greeter.onMessage = () => node.connman.interrupt();
    for (const peer of peers) peer.send({ type: 'ping', nonce: 1n });
    await world.settle();
    expect(node.greeter.processed).toHaveLength(1);
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import type { ConnmanOptions } from '../../ts/connman/settings/options.ts';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { Subnet } from '../../ts/netaddr/subnet.ts';
import { uniformBelow } from '../../ts/util/random.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';
import { World, fromWithin } from './world.ts';
import type { TestNode, WirePeer } from './world.ts';

const PLACE = '10.0.0.1:18444';

let world = new World();
afterEach(async () => {
  await world.destroy();
  world = new World();
});

async function withPeers(...from: string[]): Promise<{ node: TestNode; peers: WirePeer[] }> {
  const node = await world.node({ bind: [PLACE], whitelist: ['noban@10.7.0.0/16'] });
  const peers = from.map((address) => world.connect(PLACE, `${address}:0`));
  await world.settle();
  return { node, peers };
}

describe('disconnecting', () => {
  it('takes one node by id or by name', async () => {
    const { node } = await withPeers('10.1.0.1', '10.1.0.2', '10.1.0.3');
    const [first, second] = [...node.connman.nodes()];
    expect(node.connman.disconnectNode(first!.id)).toBe(true);
    expect(node.connman.disconnectNode(second!.addrName)).toBe(true);
    expect(node.connman.disconnectNode(99)).toBe(false);
    expect(node.connman.disconnectNode('nobody')).toBe(false);
    await world.settle();
    expect(node.closed).toEqual(['0 disconnected by the user', '1 disconnected by the user']);
  });

  it('takes all nodes of an address or a subnet, protected ones included', async () => {
    const { node } = await withPeers('10.7.0.1', '10.7.0.1', '10.7.1.1', '10.8.0.1');
    expect(node.connman.disconnectNode(NetAddress.parse('10.7.0.1'))).toBe(true);
    await world.settle();
    expect(node.connman.getNodeCount()).toBe(2);
    expect(node.connman.disconnectNode(Subnet.parse('10.7.0.0/16'))).toBe(true);
    expect(node.connman.disconnectNode(Subnet.parse('10.9.0.0/16'))).toBe(false);
    await world.settle();
    expect([...node.connman.nodes()].map(({ addr }) => String(addr.address))).toEqual(['10.8.0.1']);
  });

  it('does not wait for a tick', async () => {
    const { node, peers } = await withPeers('10.1.0.1');
    node.connman.disconnectNode(0);
    world.net.clock.runUntilIdle();
    expect(world.net.clock.now()).toBe(0);
    expect(peers[0]!.socket.hasEOF).toBe(true);
  });

  it('keeps the first reason', async () => {
    const { node } = await withPeers('10.1.0.1');
    const [p2pNode] = [...node.connman.nodes()];
    p2pNode!.disconnect('first');
    p2pNode!.disconnect('second');
    await world.settle();
    expect(node.closed).toEqual(['0 first']);
  });

  it('follows from the network being switched off, once told', async () => {
    const { node } = await withPeers('10.1.0.1', '10.1.0.2');
    const told: boolean[] = [];
    node.connman.on('networkActiveChanged', (isActive) => told.push(isActive));
    node.connman.setNetworkActive(false);
    node.connman.setNetworkActive(false);
    await world.settle();
    expect(node.closed).toEqual(['0 the network is off', '1 the network is off']);
    node.connman.setNetworkActive(true);
    expect(told).toEqual([false, true]);
  });
});

describe('events', () => {
  it('tell how many nodes there are, once a turn', async () => {
    const node = await world.node({ bind: [PLACE], acceptBatch: 10 });
    const counts: number[] = [];
    node.connman.on('numConnectionsChanged', (count) => counts.push(count));
    for (let peer = 0; peer < 10; peer++) world.connect(PLACE);
    await world.pass(100, 50);
    expect(counts).toEqual([10]);
    for (const p2pNode of node.connman.nodes()) p2pNode.disconnect('bye');
    await world.pass(100, 50);
    expect(counts).toEqual([10, 0]);
  });

  it('tell of messages both ways', async () => {
    const node = await world.node({ bind: [PLACE], v2Transport: false });
    const seen: string[] = [];
    node.connman.on('inboundMessage', ({ node: { id }, message }) => seen.push(`${id} < ${message.type}`));
    node.connman.on('outboundMessage', ({ node: { id }, message }) => seen.push(`${id} > ${message.type}`));
    world.connect(PLACE).greet();
    await world.settle();
    expect(seen).toEqual(['0 < version', '0 > version', '0 > verack', '0 < verack']);
  });
});

describe('a connman with nothing to do', () => {
  it.each([
    ['V1', false],
    ['V2', true],
  ])('makes no turn of its socket loop with idle peers over %s', async (_name, v2Transport) => {
    const server = await world.node({ bind: [PLACE] });
    const client = await world.node({ v2Transport });
    void client.connman.connectTo(PLACE);
    for (let peer = 0; peer < 20; peer++) world.connect(PLACE).greet();
    await world.pass(1_000, 100);
    expect([...server.connman.nodes()].filter((node) => node.isSuccessfullyConnected)).toHaveLength(21);
    const turns = (): number[] => [server, client].map(({ connman }) => connman.socketStats().turns);
    const before = turns();
    await world.pass(60_000, 100);
    expect(turns()).toEqual(before);
    // And is there at once when there is something.
    client.connman.node(0)!.disconnect('bye');
    await world.settle();
    expect(client.closed).toEqual(['0 bye']);
    expect(server.closed).toHaveLength(1);
  });

  it('sends what was queued before the keys of V2 as soon as they are there, without waiting for anything', async () => {
    const server = await world.node({ bind: [PLACE] });
    const client = await world.node();
    client.connman.on('outboundConnection', (node) =>
      client.greeter.send(fromWithin(node), { type: 'ping', nonce: 1n }),
    );
    void client.connman.connectTo(PLACE);
    await world.settle();
    expect(world.net.clock.now()).toBe(0);
    expect(server.greeter.processed).toContain('0 ping');
  });
});

describe('the nodes of a connman', () => {
  it('are visited only when their handshake is done and they are to stay', async () => {
    const { node, peers } = await withPeers('10.1.0.1', '10.1.0.2', '10.1.0.3');
    peers[0]!.greet();
    peers[1]!.greet();
    await world.settle();
    node.connman.node(1)!.disconnect('bye');
    const visited: number[] = [];
    node.connman.forEachNode(({ id }) => visited.push(id));
    expect(visited).toEqual([0]);
    expect([node.connman.getNodeCount('both'), node.connman.getNodeCount('in')]).toEqual([3, 3]);
  });

  it('are all offered what was offered when they came', async () => {
    const { node } = await withPeers('10.1.0.1');
    node.connman.addLocalServices(1n);
    world.connect(PLACE);
    await world.settle();
    node.connman.removeLocalServices(1n);
    world.connect(PLACE);
    await world.settle();
    expect([...node.greeter.services.values()]).toEqual([2_048n, 2_049n, 2_048n]);
  });
});

describe('stopping', () => {
  it('finalizes every node, closes everything, and is done once', async () => {
    const { node, peers } = await withPeers('10.1.0.1', '10.1.0.2');
    await Promise.all([node.connman.stop(), node.connman.stop()]);
    expect(node.greeter.finalized).toEqual([0, 1]);
    expect(node.connman.getNodeCount()).toBe(0);
    await world.settle();
    expect(peers.every(({ socket }) => socket.hasEOF || socket.readErrno !== undefined)).toBe(true);
    expect(world.connect(PLACE).socket.isConnected).toBe(false);
  });

  it('works before a start, and from inside a handler', async () => {
    const unstarted = world.make({ bind: [PLACE] });
    await unstarted.connman.stop();
    const { node, peers } = await withPeers('10.1.0.1');
    let stopping: Promise<void> | undefined;
    node.greeter.onMessage = () => {
      stopping = node.connman.stop();
    };
    peers[0]!.greet();
    await world.settle();
    await stopping;
    expect(node.greeter.finalized).toEqual([0]);
  });

  it('saves addresses, bans and anchors once, and before nodes are finalized', async () => {
    const saves: string[] = [];
    const saving = (what: string) => async (): Promise<void> => void saves.push(what);
    const options: ConnmanOptions = {
      bind: [PLACE],
      addressBookStore: { save: saving('addresses') },
      banMan: { isBanned: () => false, isDiscouraged: () => false, save: saving('bans') },
    };
    const node = await world.node(options);
    node.greeter.finalizeNode = () => void saves.push('finalized');
    world.connect(PLACE);
    await world.settle();
    await world.pass(15 * 60_000 + 1, 60_000);
    expect(saves.slice(0, 2).sort()).toEqual(['addresses', 'finalized']);
    saves.length = 0;
    world.connect(PLACE);
    await world.settle();
    await node.connman.stop();
    await node.connman.stop();
    expect(saves).toEqual(['addresses', 'bans', 'finalized']);
  });

  it('goes on when a disk is full', async () => {
    const errors: string[] = [];
    const logger = { debug() {}, info() {}, warn() {}, error: (line: string) => void errors.push(line) };
    const node = await world.node({
      logger,
      addressBookStore: { save: () => Promise.reject(new Error('disk full')) },
    });
    await node.connman.stop();
    expect(errors).toHaveLength(1);
  });
});

describe('random schedules', () => {
  it.each([1, 2, 3, 4])('initialize and finalize every node exactly once (seed %i)', async (seed) => {
    const random = seededUint32(seed);
    const server = await world.node({ bind: [PLACE], maxConnections: 40, v2Transport: seed % 2 === 0 });
    const client = await world.node();
    const peers: WirePeer[] = [];
    const anyOf = <T>(list: readonly T[]): T | undefined => list[uniformBelow(random, Math.max(1, list.length))];
    const steps: (() => void)[] = [
      () => void peers.push(world.connect(PLACE, `10.1.${uniformBelow(random, 200)}.1:0`)),
      () => anyOf(peers)?.greet(),
      () => anyOf(peers)?.send({ type: 'ping', nonce: 1n }),
      () => anyOf(peers)?.socket.send(Uint8Array.from({ length: 30 }, () => random() & 0xff)),
      () => anyOf(peers)?.socket.end(),
      () => anyOf(peers)?.socket.reset(),
      () => void client.connman.connectTo(PLACE),
      () => anyOf([...server.connman.nodes()])?.disconnect('at random'),
      () => anyOf([...client.connman.nodes()])?.disconnect('at random'),
      () => server.connman.setNetworkActive(uniformBelow(random, 4) !== 0),
      () => world.net.clock.advance(uniformBelow(random, 2_000)),
    ];
    for (let step = 0; step < 400; step++) {
      anyOf(steps)!();
      if (uniformBelow(random, 3) === 0) await world.settle();
    }
    await Promise.all([server.connman.stop(), client.connman.stop()]);
    for (const { connman, greeter } of [server, client]) {
      expect(greeter.initialized.length).toBeGreaterThan(0);
      expect(new Set(greeter.initialized).size).toBe(greeter.initialized.length);
      expect([...greeter.finalized].sort((a, b) => a - b)).toEqual([...greeter.initialized].sort((a, b) => a - b));
      expect(connman.socketStats().connectionCount).toBe(0);
    }
  });
});

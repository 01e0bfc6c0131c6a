// Peer managers on real `Connman`s, on a network in memory: what the lab of the other tests stands in for.

import { afterEach, describe, expect, it } from 'vitest';

import { AsMap } from '../../ts/addrman/asmap/as-map.ts';
import { NetGroups } from '../../ts/addrman/net-groups.ts';
import { AddrMan } from '../../ts/addrman/addr-man.ts';
import { BanMan } from '../../ts/storage/ban-man.ts';
import type { Connman } from '../../ts/connman/connman.ts';
import type { ConnmanOptions } from '../../ts/connman/settings/options.ts';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { Service } from '../../ts/netaddr/service.ts';
import type { PeerManagerOptions } from '../../ts/peerman/index.ts';
import { PeerManager } from '../../ts/peerman/peer-manager.ts';
import { readVectorBytes } from '../harness/data/vectors.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';
import { silentLogger } from '../../ts/util/logger.ts';
import { bytesOf } from '../harness/peers/handshake.ts';
import { World, WirePeer, onlyNode, versionMessage } from '../connman/world.ts';

const PLACE = '127.0.0.1:18444';
const PUBLIC_PLACE = '8.8.8.8:18444';
const PROXY = '127.0.0.1:9050';

let world = new World();
afterEach(async () => {
  await world.destroy();
  world = new World();
});

interface Node {
  readonly connman: Connman;
  readonly manager: PeerManager;
  readonly closed: readonly string[];
}

async function start(options: ConnmanOptions = {}, managerOptions: PeerManagerOptions = {}): Promise<Node> {
  const { connman, closed } = world.make(options);
  const manager = new PeerManager({ clock: world.net.clock, ...managerOptions });
  await connman.start(manager);
  return { connman, manager, closed };
}

async function dial({ connman }: Node, place = PLACE): Promise<void> {
  const dialed = connman.connectTo(place);
  await world.settle();
  expect(await dialed).toBe(true);
}

describe('two nodes', () => {
  it.each([
    ['v2', true],
    ['v1', false],
  ])('converse over %s', async (transport, v2Transport) => {
    const server = await start({ bind: [PLACE], localServices: 9n });
    const client = await start({ v2Transport });
    const seen: string[] = [];
    server.manager.on('message', ({ message }) => void seen.push(message.type));
    await dial(client);
    await world.pass(2_000, 100);
    expect(seen).toEqual(['version', 'wtxidrelay', 'sendaddrv2', 'verack', 'getaddr', 'ping', 'pong']);
    const [ours, theirs] = [client, server].map(({ connman }) => onlyNode(connman));
    expect([ours!, theirs!].map((node) => node.transportInfo.transportType)).toEqual([transport, transport]);
    expect([ours!, theirs!].every((node) => node.isSuccessfullyConnected && node.minPingTimeMs < 1_000)).toBe(true);
    const [stats] = client.connman.getPeerStats();
    expect(stats).toMatchObject({ services: '0000000000000809' });
  });

  it('stay together for hours of pings', async () => {
    const server = await start({ bind: [PLACE] });
    const client = await start();
    await dial(client);
    await world.pass(4 * 3_600_000, 20_000);
    expect([server.connman.getNodeCount(), client.connman.getNodeCount()]).toEqual([1, 1]);
    expect([...server.closed, ...client.closed]).toEqual([]);
  });

  it('pass messages of their embedders, both ways', async () => {
    const server = await start({ bind: [PLACE] });
    const client = await start();
    await dial(client);
    await world.pass(1_000, 100);
    const got: string[] = [];
    server.manager.on('message:unknown', ({ message }) => void got.push(`${message.messageType} ${message.payload}`));
    const payload = Uint8Array.from([1, 2, 3]);
    const sent = client.manager.send(onlyNode(client.connman).id, { type: 'unknown', messageType: 'hello', payload });
    await world.pass(200, 100);
    expect([sent, ...got]).toEqual([true, 'hello 1,2,3']);
  });

  it.each([true, false])('send bytes of any kind, and hang up over too many (V2: %s)', async (v2Transport) => {
    const server = await start({ bind: [PLACE] });
    const client = await start({ v2Transport });
    await dial(client);
    const { id } = onlyNode(client.connman);
    await world.pass(1_000, 100);
    const got: string[] = [];
    server.manager.on('message', ({ message, payload }) => void got.push(`${message.type} ${payload.length}`));
    expect(client.manager.sendRaw(id, 'hello', new Uint8Array(0))).toBe(true);
    // An inventory that counts more than it has.
    expect(client.manager.sendRaw(id, 'inv', Uint8Array.of(9))).toBe(true);
    await world.pass(200, 100);
    expect(got).toEqual(['unknown 0']);
    expect(() => client.manager.sendRaw(id, 'addr', new Uint8Array(2 ** 24))).toThrow(RangeError);
    expect(() => client.manager.sendRaw(id, 'a type too long', new Uint8Array(0))).toThrow(TypeError);
    // V2 allows twelve bytes more, for types without a short id.
    const tooLong = new Uint8Array(4_000_001 + (v2Transport ? 12 : 0));
    expect(client.manager.sendRaw(id, 'addr', tooLong)).toBe(true);
    await world.pass(1_000, 100);
    expect([client.connman.getNodeCount(), server.connman.getNodeCount()]).toEqual([0, 0]);
    expect(client.manager.sendRaw(id, 'hello', new Uint8Array(0))).toBe(false);
  });

  it.each([true, false])(
    'go on talking when one is asked to send what cannot be sent (V2: %s)',
    async (v2Transport) => {
      const server = await start({ bind: [PLACE] });
      const client = await start({ v2Transport });
      await dial(client);
      await world.pass(1_000, 100);
      const got: string[] = [];
      server.manager.on('message:unknown', ({ message }) => void got.push(message.messageType));
      const send = (messageType: string, payload: Uint8Array): boolean =>
        client.manager.send(onlyNode(client.connman).id, { type: 'unknown', messageType, payload });
      expect(() => send('too long', new Uint8Array(4_000_001))).toThrow(RangeError);
      expect(() => send('a type too long', new Uint8Array(1))).toThrow(TypeError);
      expect(send('hello', new Uint8Array(1))).toBe(true);
      await world.pass(200, 100);
      expect(got).toEqual(['hello']);
    },
  );

  it('tell each other of a third', async () => {
    const books = [new AddrMan({ clock: world.net.clock }), new AddrMan({ clock: world.net.clock })] as const;
    await start({ bind: [PLACE], addressBook: books[0] }, { addressBook: books[0] });
    const client = await start({ connect: [PLACE] }, { addressBook: books[1] });
    const timeSeconds = Math.floor(world.net.clock.wallTimeMs() / 1_000) - 86_400;
    const third = { timeSeconds, services: 9n, service: Service.parse('9.9.9.9:18444') };
    books[0].add(
      Array.from({ length: 20 }, (_, index) => ({ ...third, service: Service.parse(`9.${index}.9.9:18444`) })),
      NetAddress.parse('9.0.0.1'),
    );
    await world.pass(300_000, 2_000);
    expect(client.connman.getNodeCount()).toBe(1);
    // 23 % of twenty.
    expect(books[1].size()).toBe(4);
  });
});

describe('a peer that speaks by hand', () => {
  it('and never says version is told nothing, and is gone after a minute', async () => {
    const { connman, closed } = await start({ bind: [PLACE] });
    const [silent, half] = [world.connect(PLACE), world.connect(PLACE)];
    half.send(versionMessage());
    await world.pass(59_000, 1_000);
    expect(silent.socket.receivedBytes).toBe(0);
    expect(half.types()).toEqual(['version', 'wtxidrelay', 'sendaddrv2', 'verack']);
    expect(connman.getNodeCount()).toBe(2);
    await world.pass(4_000, 500);
    expect(connman.getNodeCount()).toBe(0);
    expect(half.types()).toEqual([]);
    expect(closed).toHaveLength(2);
  });

  it('and misbehaves loses every connection, and is discouraged', async () => {
    const banMan = new BanMan({ clock: world.net.clock, random: seededUint32(1), logger: silentLogger });
    const { connman } = await start({ bind: [PUBLIC_PLACE], banMan }, { banMan });
    const [bad, neighbour, other] = ['1.1.1.1:1', '1.1.1.1:2', '1.1.1.2:1'].map((from) => {
      const peer = world.connect(PUBLIC_PLACE, from);
      peer.greet();
      return peer;
    });
    await world.pass(1_000, 100);
    expect(connman.getNodeCount()).toBe(3);
    bad!.send({ type: 'sendcmpct', announce: 2, version: 2n });
    await world.pass(1_000, 100);
    expect([bad!, neighbour!, other!].map(({ socket }) => socket.isConnected && !socket.hasEOF)).toEqual([
      false,
      false,
      true,
    ]);
    expect(banMan.isDiscouraged(NetAddress.parse('1.1.1.1'))).toBe(true);
    expect(banMan.isDiscouraged(NetAddress.parse('1.1.1.2'))).toBe(false);
  });

  it('and that a proxy dialed by name goes alone: others it dialed so seem to be at the same address', async () => {
    const proxy = world.listen(PROXY);
    const banMan = new BanMan({ clock: world.net.clock, random: seededUint32(1) });
    const options = { proxy: PROXY, proxyRandomize: false, noConnect: true, v2Transport: false };
    const { connman } = await start({ ...options, banMan }, { banMan });
    const through = async (dialing: Promise<unknown>): Promise<WirePeer> => {
      await world.settle();
      const peer = new WirePeer(proxy.peers.at(-1)!);
      for (const answer of ['0500', '05000001000000000000']) {
        peer.socket.send(bytesOf(answer));
        await world.settle();
      }
      await dialing;
      peer.socket.take();
      peer.greet();
      await world.pass(200, 100);
      return peer;
    };
    await through(connman.connectTo('friend.example'));
    const bad = await through(connman.addConnection('seed.example', 'addr-fetch'));
    expect(connman.getNodeCount()).toBe(2);
    bad.send({ type: 'sendcmpct', announce: 2, version: 2n });
    await world.pass(200, 100);
    expect(onlyNode(connman).addrName).toBe('friend.example');
    expect(banMan.discouragedCount).toBe(0);
  });

  it('and sends rubbish for every known field goes on being answered', async () => {
    await start({ bind: [PLACE] }, { ignoreIncomingTxs: false });
    const peer = world.connect(PLACE);
    peer.greet();
    await world.pass(1_000, 100);
    peer.types();
    for (const messageType of ['inv', 'headers', 'tx', 'addr', 'getdata', 'block']) {
      peer.send({ type: 'unknown', messageType, payload: Uint8Array.from([0xff, 0xff]) });
    }
    peer.send({ type: 'ping', nonce: 9n });
    await world.pass(2_000, 100);
    expect(peer.types()).toEqual(['pong']);
  });
});

describe('a node that dials itself', () => {
  it('notices', async () => {
    const node = await start({ bind: [PLACE] });
    await dial(node);
    await world.pass(2_000, 100);
    expect(node.connman.getNodeCount()).toBe(0);
    expect(node.closed.some((line) => line.includes('connected to self'))).toBe(true);
  });
});

describe('the log of a node', () => {
  it('has new peers, and what we tell them of ourselves, in Core’s words', async () => {
    const lines: string[] = [];
    const at = (level: string) => (line: string) => void lines.push(`${level} ${line}`);
    const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
    const options = { logger, externalIp: ['93.1.2.3'], localServices: 9n, logIps: true };
    const server = await start({ ...options, bind: [PUBLIC_PLACE] }, { logger });
    const client = await start(options, { logger });
    void client.connman.connectTo(PUBLIC_PLACE);
    await world.pass(2_000, 100);
    const from = String([...server.connman.nodes()][0]!.addr);
    const ofPeers = lines.filter((line) => / peer connected: |Advertising|Added connection/.test(line));
    expect(ofPeers.toSorted()).toEqual([
      `debug [net] Added connection to ${from} peer=0`,
      `debug [net] Added connection to ${PUBLIC_PLACE} peer=0`,
      'debug [net] Advertising address 93.1.2.3:18444 to peer=0',
      `debug [net] New inbound peer connected: transport: v2, version: 70017, peer=0, peeraddr=${from}`,
      `info New manual peer connected: transport: v2, version: 70017, peer=0, peeraddr=${PUBLIC_PLACE}`,
    ]);
    const told = `version 70017, blocks=-1, us=${PUBLIC_PLACE}, txrelay=0`;
    const line = `debug [net] receive version message: ${client.connman.userAgent}: ${told}, peer=0, peeraddr=${from}`;
    expect(lines).toContain(line);
    expect(lines.filter((text) => text.includes('AddLocal'))).toEqual(Array(2).fill('info AddLocal(93.1.2.3:18444,4)'));
    client.connman.setNetworkActive(false);
    expect(lines).toContain('info SetNetworkActive: false');
  });

  it('has the autonomous systems of peers, where there is a map of them', async () => {
    const lines: string[] = [];
    const logger = { ...silentLogger, info: (line: string) => void lines.push(line) };
    // Of 101.5.0.0/16 it says 5.
    const netGroups = new NetGroups(AsMap.parse(readVectorBytes('asmap.raw')));
    await start({ bind: ['101.5.0.1:8333'] });
    const client = await start({ netGroups }, { logger });
    void client.connman.connectTo('101.5.0.1:8333');
    await world.pass(2_000, 100);
    expect(lines).toEqual(['New manual peer connected: transport: v2, version: 70017, peer=0, mapped_as=5']);
  });
});

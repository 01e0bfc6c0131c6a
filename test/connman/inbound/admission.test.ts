import { afterEach, describe, expect, it } from 'vitest';
import { Connman } from '../../../ts/connman/connman.ts';
import { BanMan } from '../../../ts/storage/ban-man.ts';
import type { ConnmanOptions } from '../../../ts/connman/settings/options.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { PeerManager } from '../../../ts/peerman/peer-manager.ts';
import { silentLogger } from '../../../ts/util/logger.ts';
import { MemoryBudget } from '../../../ts/util/memory/memory-budget.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';
import { World } from '../world.ts';
import type { TestNode, WirePeer } from '../world.ts';

const PLACE = '10.0.0.1:18444';
const ONION_PLACE = '10.0.0.1:18445';
const BAD = '10.9.9.9';
/** 41 of these are inbound slots: the least that eviction can be tested with, and some. */
const CONNECTIONS = 52;

let world = new World();
afterEach(async () => {
  await world.destroy();
  world = new World();
});

function banMan(): BanMan {
  return new BanMan({ clock: world.net.clock, random: seededUint32(1), logger: silentLogger });
}

function node(options: ConnmanOptions = {}): Promise<TestNode> {
  return world.node({ bind: [PLACE], onionBind: [ONION_PLACE], ...options });
}

/** Whether a connection from `from` is there once all is quiet. */
async function isAdmitted(from: string, to = PLACE): Promise<boolean> {
  const peer = world.connect(to, `${from}:0`);
  await world.settle();
  expect(peer.socket.isConnected).toBe(true);
  return !peer.socket.hasEOF && peer.socket.readErrno === undefined;
}

async function fill(count: number): Promise<WirePeer[]> {
  const peers = Array.from({ length: count }, (_, index) => world.connect(PLACE, `10.1.${index}.1:0`));
  await world.settle();
  return peers;
}

describe('an inbound connection', () => {
  it('is refused from a banned address, and nothing is said', async () => {
    const bans = banMan();
    bans.ban(NetAddress.parse(BAD));
    const { greeter } = await node({ banMan: bans });
    const peer = world.connect(PLACE, `${BAD}:0`);
    await world.settle();
    expect(peer.socket.hasEOF).toBe(true);
    expect(peer.socket.receivedBytes).toBe(0);
    expect(greeter.initialized).toEqual([]);
    expect(await isAdmitted('10.9.9.8')).toBe(true);
  });

  it('is accepted from a banned or discouraged address that has the permission noban', async () => {
    const bans = banMan();
    bans.ban(NetAddress.parse(BAD));
    bans.discourage(NetAddress.parse(BAD));
    const { connman } = await node({ banMan: bans, whitelist: [`noban@${BAD}/32`], maxConnections: 12 });
    expect(connman.budget.maxInbound).toBe(1);
    expect(await isAdmitted(BAD)).toBe(true);
  });

  it('is accepted from a discouraged address until one slot is left, and marked to go first', async () => {
    const bans = banMan();
    bans.discourage(NetAddress.parse(BAD));
    const { connman } = await node({ banMan: bans, maxConnections: 14 });
    expect(connman.budget.maxInbound).toBe(3);
    expect(await isAdmitted('10.1.0.1')).toBe(true);
    expect(await isAdmitted(BAD)).toBe(true);
    expect([...connman.nodes()].map(({ preferEvict }) => preferEvict)).toEqual([false, true]);
    expect(await isAdmitted(BAD)).toBe(false);
    expect(await isAdmitted('10.1.0.2')).toBe(true);
  });

  it('is refused from everybody, noban or not, while the network is off', async () => {
    const { connman } = await node({ whitelist: ['noban@10.1.0.0/16'] });
    connman.setNetworkActive(false);
    expect(await isAdmitted('10.1.0.1')).toBe(false);
    expect(await isAdmitted('10.2.0.1')).toBe(false);
    connman.setNetworkActive(true);
    expect(await isAdmitted('10.2.0.1')).toBe(true);
  });

  it('is refused beyond the limit when nobody may be evicted', async () => {
    const { connman } = await node({ maxConnections: 14 });
    await fill(3);
    expect(connman.getNodeCount('in')).toBe(3);
    expect(await isAdmitted('10.2.0.1')).toBe(false);
    expect(connman.getNodeCount('in')).toBe(3);
  });

  it('evicts another beyond the limit where one may go', async () => {
    const { connman, closed } = await node({ maxConnections: CONNECTIONS });
    const evicted: number[] = [];
    connman.on('evictedInboundConnection', ({ id }) => evicted.push(id));
    await fill(connman.budget.maxInbound);
    expect(await isAdmitted('10.2.0.1')).toBe(true);
    expect(evicted).toHaveLength(1);
    expect(closed).toEqual([`${evicted[0]} evicted to make room`]);
    expect(connman.getNodeCount('in')).toBe(connman.budget.maxInbound);
  });

  it('is refused beyond the limit where all who are there have the permission noban', async () => {
    const { connman } = await node({ maxConnections: CONNECTIONS, whitelist: ['noban@10.1.0.0/16'] });
    await fill(connman.budget.maxInbound);
    expect(await isAdmitted('10.2.0.1')).toBe(false);
    expect(connman.getNodeCount('in')).toBe(connman.budget.maxInbound);
  });

  it('evicts one for each of several that come at once', async () => {
    const { connman } = await node({ maxConnections: CONNECTIONS });
    const evicted = new Set<number>();
    connman.on('evictedInboundConnection', ({ id }) => evicted.add(id));
    await fill(connman.budget.maxInbound);
    for (let newcomer = 0; newcomer < 3; newcomer++) world.connect(PLACE, `10.2.${newcomer}.1:0`);
    await world.settle();
    expect(evicted.size).toBe(3);
    expect(connman.getNodeCount('in')).toBe(connman.budget.maxInbound);
  });

  // The 29th of 41 goes, if nothing speaks for it: the twelve after it are protected for their netgroup and their ping.
  it.each([
    ['nothing special', '10.3.0.1', PLACE, 28],
    ['this host', '127.0.0.1', PLACE, 27],
    ['our onion service', '10.3.0.1', ONION_PLACE, 27],
  ])('spares a peer from %s, of which there are few', async (_what, from, to, expected) => {
    const { connman } = await node({ maxConnections: CONNECTIONS });
    const evicted: number[] = [];
    connman.on('evictedInboundConnection', ({ id }) => evicted.push(id));
    for (let id = 0; id < connman.budget.maxInbound; id++) {
      if (id === 28) world.connect(to, `${from}:0`);
      else world.connect(PLACE, `10.1.${id}.1:0`);
      await world.pass(1);
    }
    // Nobody is a newcomer any more.
    await world.pass(1_000);
    expect(await isAdmitted('10.2.0.1')).toBe(true);
    expect(evicted).toEqual([expected]);
  });

  it('is heard before others that come with it take its place', async () => {
    const { connman, closed } = await node({ maxConnections: CONNECTIONS });
    await fill(connman.budget.maxInbound);
    await world.pass(2_000);
    const newcomers = Array.from({ length: 20 }, (_, index) => world.connect(PLACE, `10.2.${index}.1:0`));
    for (const newcomer of newcomers) newcomer.greet();
    await world.settle();
    // The node's own `verack` came: their introduction was read.
    expect(newcomers.filter((newcomer) => newcomer.types().includes('verack'))).toHaveLength(20);
    expect(closed).toHaveLength(20);
    expect(connman.getNodeCount('in')).toBe(connman.budget.maxInbound);
  });

  it('takes the slot of a peer that is marked, and nobody is evicted for it', async () => {
    const { connman, closed } = await node({ maxConnections: CONNECTIONS });
    await fill(connman.budget.maxInbound);
    await world.pass(2_000);
    connman.on('evictedInboundConnection', ({ id }) => closed.push(`evicted ${id}`));
    for (const p2pNode of [...connman.nodes()].slice(0, 5)) p2pNode.disconnect('enough');
    for (let newcomer = 0; newcomer < 5; newcomer++) world.connect(PLACE, `10.2.${newcomer}.1:0`);
    await world.settle();
    expect(closed).toEqual(Array.from({ length: 5 }, (_, id) => `${id} enough`));
    expect(connman.getNodeCount('in')).toBe(connman.budget.maxInbound);
  });

  it('evicts discouraged ones before others', async () => {
    const bans = banMan();
    bans.discourage(NetAddress.parse(BAD));
    const { connman } = await node({ banMan: bans, maxConnections: CONNECTIONS });
    const evicted: string[] = [];
    connman.on('evictedInboundConnection', ({ addr }) => evicted.push(String(addr.address)));
    // At most 34 of 41 are protected, so among 35 and more there is always one that may go.
    for (let count = 0; count < connman.budget.maxInbound - 3; count++) world.connect(PLACE, `${BAD}:0`);
    await world.settle();
    await fill(3);
    for (let newcomer = 0; newcomer < 4; newcomer++) expect(await isAdmitted(`10.2.${newcomer}.1`)).toBe(true);
    expect(evicted).toEqual([BAD, BAD, BAD, BAD]);
  });

  it('is accepted 200 times from one address if there is room', async () => {
    const { connman } = await node({ maxConnections: 300 });
    const peers = Array.from({ length: 200 }, () => world.connect(PLACE, '10.1.1.1:0'));
    await world.settle();
    expect(connman.getNodeCount('in')).toBe(200);
    expect(peers.every(({ socket }) => !socket.hasEOF)).toBe(true);
  });

  it('is dropped if the message processor fails over it', async () => {
    const errors: unknown[] = [];
    const memoryBudget = new MemoryBudget();
    const onCallbackError = (error: unknown, where: string): void => void errors.push([error, where]);
    const made = world.make({ bind: [PLACE], memoryBudget, onCallbackError });
    const failure = new Error('no');
    made.greeter.initializeNode = () => {
      throw failure;
    };
    await made.connman.start(made.greeter);
    expect(await isAdmitted('10.1.0.1')).toBe(false);
    expect(errors).toEqual([[failure, 'initializeNode']]);
    expect([made.connman.getNodeCount(), memoryBudget.accountCount]).toEqual([0, 0]);
  });
});

describe('permissions of an inbound connection', () => {
  it('come from ranges of addresses, but not behind an onion service', async () => {
    const { connman } = await node({ whitelist: ['bloomfilter,addr@10.1.0.0/16'] });
    expect(await isAdmitted('10.1.0.1')).toBe(true);
    expect(await isAdmitted('10.1.0.1', ONION_PLACE)).toBe(true);
    const [direct, onion] = [...connman.nodes()];
    expect([direct!.hasPermission('addr'), onion!.hasPermission('addr')]).toEqual([true, false]);
    expect([direct!.isInboundOnion, onion!.isInboundOnion]).toEqual([false, true]);
    expect(onion!.connectedThroughNetwork).toBe('onion');
  });

  it('come from a listener on every interface, whichever the peer used', async () => {
    const { connman } = await world.node({ whiteBind: ['mempool@0.0.0.0:18444'], onionBind: [ONION_PLACE] });
    expect(await isAdmitted('10.1.0.1', '10.0.0.7:18444')).toBe(true);
    const [admitted] = [...connman.nodes()];
    expect(String(admitted!.addrBind)).toBe('10.0.0.7:18444');
    expect(admitted!.hasPermission('mempool')).toBe(true);
    expect(admitted!.hasPermission('noban')).toBe(false);
  });

  it('are the default ones where none were written', async () => {
    const { connman } = await node({ whitelist: ['10.1.0.1'] });
    expect(await isAdmitted('10.1.0.1')).toBe(true);
    const [admitted] = [...connman.nodes()];
    for (const name of ['noban', 'download', 'mempool', 'relay'] as const) {
      expect([name, admitted!.hasPermission(name)]).toEqual([name, true]);
    }
    expect(admitted!.hasPermission('forcerelay')).toBe(false);
  });
});

describe('a start', () => {
  it('fails if an address is taken, names it, and leaves nothing open', async () => {
    const blocker = world.listen('10.0.0.1:2');
    const made = world.make({ bind: ['10.0.0.1:1', '10.0.0.1:2'] });
    await expect(made.connman.start(made.greeter)).rejects.toMatchObject({
      code: 'EADDRINUSE',
      address: '10.0.0.1',
      port: 2,
    });
    blocker.close();
    const other = world.make({ bind: ['10.0.0.1:1', '10.0.0.1:2'] });
    await other.connman.start(other.greeter);
    expect(other.connman.listeningAt.map(String)).toEqual(['10.0.0.1:1', '10.0.0.1:2']);
  });

  it('that failed says so everywhere, and may be tried again', async () => {
    const blocker = world.listen('4.4.4.4:2');
    const { connman, greeter } = world.make({ bind: ['4.4.4.4:1', '4.4.4.4:2'], discover: true });
    await expect(connman.start(greeter)).rejects.toMatchObject({ address: '4.4.4.4', port: 2 });
    expect([connman.isListening, connman.listeningAt, connman.localAddresses()]).toEqual([false, [], []]);
    blocker.close();
    await connman.start(greeter);
    expect(connman.listeningAt.map(String)).toEqual(['4.4.4.4:1', '4.4.4.4:2']);
    await connman.stop();
    expect([connman.isListening, connman.listeningAt]).toEqual([false, []]);
  });

  it('warns once of a port that other nodes avoid, unless it is for onion peers', async () => {
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (line: string) => void warnings.push(line) };
    await world.node({ bind: ['10.0.0.1:22', '10.0.0.2:22', PLACE], onionBind: ['10.0.0.1:25'], logger });
    expect(warnings).toEqual([expect.stringMatching(/^port 22 /)]);
  });

  it('leaves nothing open where the processor refuses, and starts with another', async () => {
    const processor = new PeerManager();
    const first = new Connman({ chain: 'regtest', bind: ['127.0.0.1:0'], noConnect: true });
    const second = new Connman({ chain: 'regtest', bind: ['127.0.0.1:0'], noConnect: true });
    await first.start(processor);
    await expect(second.start(processor)).rejects.toMatchObject({ code: 'ERR_SOCKMAN_STATE' });
    expect(second.listeningAt).toEqual([]);
    await second.start(new PeerManager());
    expect(second.listeningAt).toHaveLength(1);
    await Promise.all([first.stop(), second.stop()]);
  });

  it('happens once', async () => {
    const { connman, greeter } = await node();
    await expect(connman.start(greeter)).rejects.toMatchObject({ code: 'ERR_SOCKMAN_STATE' });
    await connman.stop();
    await expect(connman.start(greeter)).rejects.toMatchObject({ code: 'ERR_SOCKMAN_STATE' });
  });
});

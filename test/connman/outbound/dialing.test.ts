import { afterEach, describe, expect, it } from 'vitest';
import { AddrMan } from '../../../ts/addrman/addr-man.ts';
import { BanMan } from '../../../ts/storage/ban-man.ts';
import type { ConnmanOptions } from '../../../ts/connman/settings/options.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { silentLogger } from '../../../ts/util/logger.ts';
import type { Logger } from '../../../ts/util/logger.ts';
import { V1_HEADER_BYTES } from '../../../ts/p2p/transport/v1.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';
import { World, WirePeer, onlyNode } from '../world.ts';
import type { TestNode } from '../world.ts';

const PLACE = '93.0.0.1:18444';
const OTHER_PLACE = '93.0.0.2:18444';

let world = new World();
afterEach(async () => {
  await world.destroy();
  world = new World();
});

/** A dial and everything that follows from it at once. */
async function dial({ connman }: TestNode, dest: string, usesV2?: boolean): Promise<boolean> {
  const dialed = connman.connectTo(dest, usesV2);
  await world.settle();
  return dialed;
}

function byAddress({ connman }: TestNode, text: string): Promise<boolean> {
  const addr = { service: Service.parse(text), services: 0n };
  return connman.openNetworkConnection({ connectionType: 'outbound-full-relay', addr, usesV2: false });
}

describe('dialing', () => {
  it('makes a node, and has it introduce itself first', async () => {
    const listener = world.listen(PLACE);
    const node = await world.node({ v2Transport: false });
    expect(await dial(node, PLACE)).toBe(true);
    await world.pass(100);
    expect(new WirePeer(listener.peers[0]!).types()).toEqual(['version']);
    const made = onlyNode(node.connman);
    expect(made.connectionType).toBe('manual');
    expect([made.addrName, made.dest, String(made.addr)]).toEqual([PLACE, PLACE, PLACE]);
    expect(node.connman.getNodeCount('out')).toBe(1);
  });

  it('gives one connection to two tasks that dial the same address at once', async () => {
    const listener = world.listen(PLACE);
    const node = await world.node();
    const dials = [byAddress(node, PLACE), byAddress(node, PLACE), node.connman.connectTo(PLACE)];
    await world.settle();
    expect(await Promise.all(dials)).toEqual([true, false, false]);
    expect(listener.peers).toHaveLength(1);
  });

  it('gives one connection to one text, however often it is dialed', async () => {
    const listener = world.listen(PLACE);
    const node = await world.node();
    const dials = [node.connman.connectTo(PLACE), node.connman.connectTo(PLACE)];
    await world.settle();
    expect(await Promise.all(dials)).toEqual([true, false]);
    expect(await dial(node, PLACE)).toBe(false);
    expect(listener.peers).toHaveLength(1);
  });

  it('refuses an address whose host is connected on another port, from either side', async () => {
    world.listen('93.0.0.1:1');
    world.listen('93.0.0.3:1');
    const node = await world.node({ bind: [OTHER_PLACE] });
    world.connect(OTHER_PLACE, '93.0.0.3:999');
    world.listen(PLACE);
    await dial(node, PLACE);
    const dials = [byAddress(node, '93.0.0.1:1'), byAddress(node, '93.0.0.3:1')];
    await world.settle();
    expect(await Promise.all(dials)).toEqual([false, false]);
  });

  it('refuses banned and discouraged addresses, but not what the user names', async () => {
    const banMan = new BanMan({ clock: world.net.clock, random: seededUint32(1), logger: silentLogger });
    banMan.ban(NetAddress.parse('93.0.0.1'));
    banMan.discourage(NetAddress.parse('93.0.0.2'));
    world.listen(PLACE);
    world.listen(OTHER_PLACE);
    const node = await world.node({ banMan });
    const dials = [byAddress(node, PLACE), byAddress(node, OTHER_PLACE)];
    await world.settle();
    expect(await Promise.all(dials)).toEqual([false, false]);
    expect(await dial(node, PLACE)).toBe(true);
  });

  it('drops a connection whose address is banned while it is being dialed', async () => {
    const slow = new World({ latencyMs: 100 });
    const banMan = new BanMan({ clock: slow.net.clock, random: seededUint32(1), logger: silentLogger });
    const listener = slow.listen(PLACE);
    const node = await slow.node({ banMan });
    const dialed = byAddress(node, PLACE);
    banMan.ban(NetAddress.parse('93.0.0.1'));
    await slow.settle();
    expect(await dialed).toBe(false);
    expect(listener.peers[0]!.hasEOF).toBe(true);
    expect(node.greeter.initialized).toEqual([]);
    await slow.destroy();
  });

  it('drops a connection that comes about when the network is off', async () => {
    const slow = new World({ latencyMs: 100 });
    slow.listen(PLACE);
    const node = await slow.node();
    const dialed = node.connman.connectTo(PLACE);
    node.connman.setNetworkActive(false);
    await slow.settle();
    expect(await dialed).toBe(false);
    expect(node.connman.socketStats().connectionCount).toBe(0);
    expect(await node.connman.connectTo(PLACE)).toBe(false);
    await slow.destroy();
  });

  it('tells when a dial begins, as what, and why it failed', async () => {
    const log: string[] = [];
    const logger: Logger = { ...silentLogger, debug: (line) => void log.push(line) };
    const node = await world.node({ logger });
    const events: unknown[] = [];
    node.connman.on('attemptedConnection', (event) => events.push(event));
    node.connman.on('failedConnection', (event) => events.push(event));
    expect(await dial(node, PLACE)).toBe(false);
    const begun = { target: PLACE, service: Service.parse(PLACE), connectionType: 'manual', transport: 'v2' };
    const errmsg = expect.stringContaining('ECONNREFUSED');
    expect(events).toEqual([begun, { ...begun, code: 'connection-refused', proxyFailed: false, errmsg }]);
    expect(log).toContain(`[net] trying v2 connection (manual) to ${PLACE}, lastseen=0.0hrs`);
  });

  it('tells of a dial by name that has no address, which never began', async () => {
    const node = await world.node({ lookUpHost: () => Promise.resolve([]) });
    const events: unknown[] = [];
    node.connman.on('attemptedConnection', (event) => events.push(event));
    node.connman.on('failedConnection', (event) => events.push(event));
    expect(await node.connman.addConnection('nobody.example', 'feeler', false)).toBe('failed');
    expect(events).toEqual([
      {
        target: 'nobody.example',
        service: undefined,
        connectionType: 'feeler',
        transport: 'v1',
        code: 'host-unreachable',
        proxyFailed: false,
        errmsg: 'the name has no address',
      },
    ]);
  });

  it('gives up an address that does not answer after five seconds, and not a moment before', async () => {
    world.listen(PLACE);
    world.net.faults = { connect: () => 'silent' };
    const node = await world.node();
    const failures: string[] = [];
    node.connman.on('failedConnection', ({ errmsg }) => failures.push(errmsg));
    void node.connman.connectTo(PLACE);
    await world.settle();
    await world.pass(4_999);
    expect(failures).toEqual([]);
    await world.pass(1);
    expect(failures).toHaveLength(1);
    expect(failures[0]).toContain('timed out');
  });

  it('ends with the node that does it', async () => {
    const slow = new World({ latencyMs: 100 });
    const listener = slow.listen(PLACE);
    const node = await slow.node();
    const dialed = node.connman.connectTo(PLACE);
    await node.connman.stop();
    expect(await dialed).toBe(false);
    await slow.settle();
    expect(listener.peers.every(({ hasEOF, readErrno }) => hasEOF || readErrno !== undefined)).toBe(true);
    expect(node.greeter.initialized).toEqual([]);
  });
});

describe('dialing a name', () => {
  const names = new Map<string, string[]>();
  const lookUpHost: ConnmanOptions['lookUpHost'] = (name) =>
    Promise.resolve((names.get(name) ?? []).map((text) => NetAddress.parse(text)));

  it('tries its addresses in turn until one answers', async () => {
    names.set('node.example', ['93.0.0.7', '93.0.0.8', '93.0.0.1']);
    world.listen(PLACE);
    const node = await world.node({ lookUpHost });
    expect(await dial(node, 'node.example')).toBe(true);
    const made = onlyNode(node.connman);
    expect([made.addrName, String(made.addr)]).toEqual(['node.example', PLACE]);
  });

  it('opens nothing if one of its addresses is connected under another name', async () => {
    names.set('node.example', ['93.0.0.2', '93.0.0.1']);
    world.listen(PLACE);
    const listener = world.listen(OTHER_PLACE);
    const node = await world.node({ lookUpHost });
    await dial(node, PLACE);
    expect(await dial(node, 'node.example')).toBe(false);
    expect(listener.peers).toHaveLength(0);
  });

  it('opens nothing if one of its addresses cannot be anybody’s', async () => {
    names.set('node.example', ['93.0.0.1', '0.0.0.0']);
    const listener = world.listen(PLACE);
    const node = await world.node({ lookUpHost });
    expect(await dial(node, 'node.example')).toBe(false);
    expect(listener.peers).toHaveLength(0);
  });

  it('takes the port from the text', async () => {
    names.set('node.example', ['93.0.0.1']);
    world.listen('93.0.0.1:99');
    const node = await world.node({ lookUpHost });
    expect(await dial(node, 'node.example:99')).toBe(true);
  });

  it('fails where names are not looked up', async () => {
    names.set('node.example', ['93.0.0.1']);
    world.listen(PLACE);
    const node = await world.node({ lookUpHost, dns: false });
    expect(await dial(node, 'node.example')).toBe(false);
  });

  it('does not wait for the resolver when the node stops', async () => {
    const node = await world.node({ lookUpHost: () => new Promise(() => {}) });
    const dialed = node.connman.connectTo('node.example');
    await node.connman.stop();
    expect(await dialed).toBe(false);
  });
});

describe('a dial and the address book', () => {
  function withBook(): { book: AddrMan; lastTry: () => number } {
    const book = new AddrMan({ clock: world.net.clock, random: seededUint32(3) });
    const service = Service.parse(PLACE);
    const timeSeconds = Math.floor(world.net.clock.wallTimeMs() / 1_000) - 60;
    book.add([{ service, services: 9n, timeSeconds }], NetAddress.parse('93.9.9.9'));
    return { book, lastTry: () => book.getEntry(service)!.lastTrySeconds };
  }

  it('notes an attempt, successful or not', async () => {
    const { book, lastTry } = withBook();
    const node = await world.node({ addressBook: book, noConnect: true });
    expect(lastTry()).toBe(0);
    await Promise.all([byAddress(node, PLACE), world.settle()]);
    expect(lastTry()).toBeGreaterThan(0);
  });

  it('notes none when the proxy itself failed', async () => {
    const { book, lastTry } = withBook();
    const node = await world.node({ addressBook: book, noConnect: true, proxy: '127.0.0.1:9050' });
    await Promise.all([byAddress(node, PLACE), world.settle()]);
    expect(lastTry()).toBe(0);
  });
});

describe('a dial to ourselves', () => {
  it('is noticed by its nonce, and dropped by both ends', async () => {
    const node = await world.node({ bind: [PLACE] });
    expect(await dial(node, PLACE)).toBe(true);
    await world.pass(1_000, 50);
    expect(node.connman.getNodeCount()).toBe(0);
    expect(node.closed).toContain('1 ourselves');
    expect(node.greeter.finalized.sort()).toEqual([0, 1]);
  });

  it('is not seen in the nonce of a private broadcast, nor in one whose handshake is done', async () => {
    const listener = world.listen(PLACE);
    const node = await world.node({ v2Transport: false });
    await dial(node, PLACE);
    const manual = onlyNode(node.connman);
    expect(node.greeter.network.checkIncomingNonce(manual.localNonce)).toBe(false);
    new WirePeer(listener.peers[0]!).greet();
    await world.pass(200, 100);
    expect(node.greeter.network.checkIncomingNonce(manual.localNonce)).toBe(true);

    const addr = { service: Service.parse(OTHER_PLACE), services: 9n };
    const proxy = world.listen('127.0.0.1:9050');
    const dialed = node.connman.openNetworkConnection({
      connectionType: 'private-broadcast',
      addr,
      usesV2: false,
      proxyOverride: { endpoint: '127.0.0.1:9050' },
    });
    await world.settle();
    // SOCKS5: no authentication, then connected.
    for (const answer of [Uint8Array.of(5, 0), Uint8Array.of(5, 0, 0, 1, 127, 0, 0, 1, 0, 80)]) {
      proxy.peers[0]!.send(answer);
      await world.settle();
    }
    expect(await dialed).toBe(true);
    const broadcast = [...node.connman.nodes()].find(({ isPrivateBroadcast }) => isPrivateBroadcast)!;
    expect(node.greeter.network.checkIncomingNonce(broadcast.localNonce)).toBe(true);
  });
});

describe('a peer that hangs up over our V2 key', () => {
  /** Dials over V2, lets the peer read `readBytes`, say `says`, and hang up. */
  async function hangUp(readBytes: number, says: Uint8Array): Promise<{ node: TestNode; dialsSeen: () => number }> {
    const listener = world.listen(PLACE);
    const node = await world.node();
    await dial(node, PLACE);
    const [peer] = listener.peers;
    expect(peer!.receivedBytes).toBeGreaterThanOrEqual(readBytes);
    peer!.send(says);
    await world.settle();
    peer!.end();
    await world.pass(1_000, 100);
    return { node, dialsSeen: () => listener.peers.length };
  }

  it('has no failure counted against its address', async () => {
    const addressBook = new AddrMan({ clock: world.net.clock, random: seededUint32(3) });
    const service = Service.parse(PLACE);
    const timeSeconds = Math.floor(world.net.clock.wallTimeMs() / 1_000) - 60;
    addressBook.add([{ service, services: 2_057n, timeSeconds }], NetAddress.parse('93.9.9.9'));
    const attempts: boolean[] = [];
    const attempt = addressBook.attempt.bind(addressBook);
    addressBook.attempt = (tried, isFailureCounted) => {
      attempts.push(isFailureCounted);
      attempt(tried, isFailureCounted);
    };
    const listener = world.listen(PLACE);
    const node = await world.node({ addressBook, noConnect: true });
    const addr = { service, services: 2_057n };
    const request = { connectionType: 'outbound-full-relay', addr, usesV2: true, isFailureCounted: true } as const;
    await Promise.all([node.connman.openNetworkConnection(request), world.settle()]);
    listener.peers[0]!.end();
    await world.pass(1_000, 100);
    expect(onlyNode(node.connman)).toMatchObject({ connectionType: 'outbound-full-relay' });
    expect(listener.peers).toHaveLength(2);
    expect(attempts).toEqual([true, false]);
  });

  it('is dialed once more, with V1', async () => {
    const { node, dialsSeen } = await hangUp(V1_HEADER_BYTES, new Uint8Array(0));
    expect(dialsSeen()).toBe(2);
    const made = onlyNode(node.connman);
    expect(made.transportInfo.transportType).toBe('v1');
    expect([made.connectionType, made.dest]).toEqual(['manual', PLACE]);
    expect(node.greeter.finalized).toEqual([0]);
  });

  it('is not dialed again if it said anything', async () => {
    const { node, dialsSeen } = await hangUp(V1_HEADER_BYTES, Uint8Array.of(1));
    expect(dialsSeen()).toBe(1);
    expect(node.connman.getNodeCount()).toBe(0);
  });

  it('is not dialed again when it hangs up over V1 as well', async () => {
    const listener = world.listen(PLACE);
    const node = await world.node();
    await dial(node, PLACE);
    listener.peers[0]!.end();
    await world.pass(1_000, 100);
    listener.peers[1]!.end();
    await world.pass(10_000, 100);
    expect(listener.peers).toHaveLength(2);
    expect(node.connman.getNodeCount()).toBe(0);
  });

  it('is not dialed again when the network was switched off', async () => {
    const listener = world.listen(PLACE);
    const node = await world.node();
    await dial(node, PLACE);
    node.connman.setNetworkActive(false);
    listener.peers[0]!.end();
    await world.pass(1_000, 100);
    node.connman.setNetworkActive(true);
    await world.pass(1_000, 100);
    expect(listener.peers).toHaveLength(1);
  });

  it('keeps its slot meanwhile, and gives it back when it is gone', async () => {
    const listener = world.listen(PLACE);
    const node = await world.node({ maxConnections: 1 });
    expect(node.connman.budget.outboundSlots).toBe(1);
    const dialed = node.connman.addConnection(PLACE, 'outbound-full-relay');
    await world.settle();
    expect(await dialed).toBe('connected');
    const attempts: string[] = [];
    const other = (): void => {
      void node.connman.addConnection(OTHER_PLACE, 'feeler').then((outcome) => attempts.push(outcome));
    };
    node.connman.on('closedConnection', other);
    listener.peers[0]!.end();
    await world.pass(1_000, 100);
    expect(attempts).toEqual(['full']);
    expect(listener.peers).toHaveLength(2);
    // Gone for good: the slot is free, and the next dial gets through to a peer that listens.
    world.listen(OTHER_PLACE);
    listener.peers[1]!.end();
    await world.pass(1_000, 100);
    expect(attempts).toEqual(['full', 'connected']);
  });
});

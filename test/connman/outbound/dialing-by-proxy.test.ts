// Which way a dial goes: what is resolved, where, and through which proxy.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { HostLookup } from '../../../ts/connman/settings/name-lookup.ts';
import type { ConnmanOptions } from '../../../ts/connman/settings/options.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import type { MemoryPeer, MemoryPeerListener } from '../../../ts/testing.ts';
import { bytesOf } from '../../harness/peers/handshake.ts';
import { World, onlyNode } from '../world.ts';

const PROXY = '127.0.0.1:9050';
const ONION_PROXY = '127.0.0.1:9150';
const BRIDGE = '127.0.0.1:7656';
const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';
const WRONG_ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscsad.onion';
const I2P = `${'a'.repeat(52)}.b32.i2p`;

let world: World;
let proxy: MemoryPeerListener;
let onionProxy: MemoryPeerListener;
let bridge: MemoryPeerListener;
/** What a resolver was asked. */
let asked: string[];

beforeEach(() => {
  world = new World();
  proxy = world.listen(PROXY);
  onionProxy = world.listen(ONION_PROXY);
  bridge = world.listen(BRIDGE);
  asked = [];
});
afterEach(() => world.destroy());

const lookUpHost: HostLookup = (name) => {
  asked.push(name);
  return Promise.resolve(['93.0.0.1', '93.0.0.2', '93.0.0.3'].map((text) => NetAddress.parse(text)));
};

/** Dials, and lets a proxy answer the greeting. @returns The address the proxy was asked for; undefined for nobody. */
async function asksFor(dest: string, options: ConnmanOptions, at = proxy): Promise<string | undefined> {
  const { connman } = await world.node({ lookUpHost, noConnect: true, proxyRandomize: false, ...options });
  void connman.connectTo(dest);
  await world.settle();
  const [peer] = at.peers;
  if (peer === undefined) return undefined;
  expect(Buffer.from(peer.take()).toString('hex')).toBe('050100');
  peer.send(bytesOf('0500'));
  await world.settle();
  return hostIn(peer);
}

/** The `host:port` of a SOCKS5 request. */
function hostIn(peer: MemoryPeer): string {
  const request = Buffer.from(peer.take());
  expect(request.subarray(0, 4).toString('hex')).toBe('05010003');
  const end = 5 + request[4]!;
  return `${request.subarray(5, end).toString()}:${request.readUInt16BE(end)}`;
}

describe('with a proxy for everything', () => {
  it.each([
    ['93.0.0.1', '93.0.0.1:18444'],
    ['93.0.0.1:99', '93.0.0.1:99'],
    ['[2a02::1]:99', '2a02::1:99'],
    [ONION, `${ONION}:18444`],
    ['node.example', 'node.example:18444'],
    ['node.example:99', 'node.example:99'],
    [WRONG_ONION, `${WRONG_ONION}:18444`],
    ['stats.i2p:1', 'stats.i2p:1'],
  ])('the proxy is asked for %s, and no resolver', async (dest, expected) => {
    expect(await asksFor(dest, { proxy: PROXY })).toBe(expected);
    expect(asked).toEqual([]);
  });

  it.each(['127.0.0.1:99', '[::1]:99', '10.0.0.1:99', '192.168.1.1:99', '[fd6c::1]:99'])(
    '%s is dialed directly: it is on no public network',
    async (dest) => {
      const listener = world.listen(dest);
      const { connman } = await world.node({ proxy: PROXY, noConnect: true });
      const dialed = connman.connectTo(dest);
      await world.settle();
      expect(await dialed).toBe(true);
      expect(listener.peers).toHaveLength(1);
      expect(proxy.peers).toEqual([]);
    },
  );

  it('an onion proxy of its own takes the onion addresses', async () => {
    const options = { proxy: PROXY, onion: ONION_PROXY };
    expect(await asksFor(ONION, options, onionProxy)).toBe(`${ONION}:18444`);
    expect(proxy.peers).toEqual([]);
  });

  it('onion addresses go nowhere when their proxy is switched off', async () => {
    expect(await asksFor(ONION, { proxy: PROXY, onion: false })).toBeUndefined();
  });

  it('I2P addresses go to the bridge, with port 0 whatever the default', async () => {
    const { connman } = await world.node({ proxy: PROXY, i2pSam: BRIDGE, noConnect: true });
    void connman.connectTo(I2P);
    await world.settle();
    expect(bridge.peers[0]?.takeText()).toBe('HELLO VERSION MIN=3.1 MAX=3.1\n');
    expect(proxy.peers).toEqual([]);
  });
});

describe('without a name proxy', () => {
  it.each([WRONG_ONION, 'x.onion:8333', 'X.ONION.', 'stats.i2p', `${'a'.repeat(53)}.b32.i2p`, 'a\0b', ':8333'])(
    '%j never reaches the resolver',
    async (dest) => {
      const { connman } = await world.node({ lookUpHost, onion: ONION_PROXY, noConnect: true });
      const failures: string[] = [];
      connman.on('failedConnection', ({ errmsg }) => failures.push(errmsg));
      const dialed = connman.connectTo(dest);
      await world.settle();
      expect(await dialed).toBe(false);
      expect(asked).toEqual([]);
      expect(failures).toEqual(['the name has no address']);
      expect(onionProxy.peers).toEqual([]);
    },
  );

  it('a name is looked up without its port, and its addresses are tried in an order of chance', async () => {
    const orders = new Set<string>();
    for (let run = 0; run < 30; run++) {
      const tried: string[] = [];
      const { connman } = await world.node({ lookUpHost, noConnect: true });
      connman.on('failedConnection', ({ errmsg }) => tried.push(/93\.0\.0\.\d:99/.exec(errmsg)![0]));
      const dialed = connman.connectTo('node.example:99');
      await world.settle();
      expect(await dialed).toBe(false);
      expect([...tried].sort()).toEqual(['93.0.0.1:99', '93.0.0.2:99', '93.0.0.3:99']);
      orders.add(tried.join());
    }
    expect(new Set(asked)).toEqual(new Set(['node.example']));
    // Six orders; that thirty draws give one only has odds of 6 to the power of -29.
    expect(orders.size).toBeGreaterThan(1);
  });

  it('a name whose addresses need a proxy of their network gets it', async () => {
    const { connman } = await world.node({
      lookUpHost: () => Promise.resolve([NetAddress.parse(ONION)]),
      onion: ONION_PROXY,
      proxyRandomize: false,
      noConnect: true,
    });
    void connman.connectTo('node.example');
    await world.settle();
    expect(onionProxy.peers).toHaveLength(1);
  });
});

describe('a proxy', () => {
  it('that gives every connection credentials of its own is the default', async () => {
    const { connman } = await world.node({ proxy: PROXY, noConnect: true });
    void connman.connectTo('93.0.0.1');
    await world.settle();
    expect(Buffer.from(proxy.peers[0]!.take()).toString('hex')).toBe('05020002');
  });

  it('that a dial brings along goes before that of the network', async () => {
    const { connman } = await world.node({ noConnect: true, proxy: PROXY });
    const addr = { service: Service.parse('93.0.0.1:1'), services: 0n };
    const proxyOverride = { endpoint: Service.parse(ONION_PROXY) };
    const request = { connectionType: 'private-broadcast', addr, usesV2: false, proxyOverride } as const;
    void connman.openNetworkConnection(request);
    await world.settle();
    expect([proxy.peers.length, onionProxy.peers.length]).toEqual([0, 1]);
  });

  it('dialed by name leaves a node without an address, under its name', async () => {
    const { connman } = await world.node({ proxy: PROXY, noConnect: true, proxyRandomize: false });
    const dialed = connman.connectTo('node.example');
    await world.settle();
    for (const answer of ['0500', '05000001000000000000']) {
      proxy.peers[0]!.send(bytesOf(answer));
      await world.settle();
    }
    expect(await dialed).toBe(true);
    const node = onlyNode(connman);
    expect([node.addrName, String(node.addr)]).toEqual(['node.example', '[::]:0']);
  });

  it.each<[string, ConnmanOptions]>([
    ['at port 0', { proxy: '127.0.0.1:0' }],
    ['at an unreadable port', { proxy: '127.0.0.1:http' }],
    ['for onions at port 0', { onion: '127.0.0.1:0' }],
    ['at a path that is too long', { proxy: `unix:/${'a'.repeat(107)}` }],
    ['that isolates or not', { proxy: PROXY, proxyRandomize: 1 as unknown as boolean }],
    ['for I2P at port 0', { i2pSam: '127.0.0.1:0' }],
    ['for I2P at a path', { i2pSam: 'unix:/run/sam' }],
  ])('%s is refused at the start', (_what, options) => {
    expect(() => world.make(options)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
  });
});

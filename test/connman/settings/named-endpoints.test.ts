// Proxies, the I2P bridge, Tor's control port and ourselves by name: looked up by the node, at its start.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { HostLookup } from '../../../ts/connman/settings/name-lookup.ts';
import type { ConnmanOptions } from '../../../ts/connman/settings/options.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { createSockMan } from '../../../ts/sockman/create-sock-man.ts';
import { OnionService } from '../../../ts/tor/onion-service.ts';
import { World } from '../world.ts';

const PLACE = '10.0.0.1:18444';

let world: World;
/** What the resolver was asked, and what it knows. */
let asked: string[];
let names: Map<string, string[]>;

beforeEach(() => {
  world = new World();
  asked = [];
  names = new Map([
    ['tor', ['10.9.0.1', '10.9.0.2']],
    ['i2p', ['10.9.0.3']],
    ['me.example', ['93.0.0.1', '2a00::1']],
  ]);
});
afterEach(() => world.destroy());

const lookUpHost: HostLookup = (name) => {
  asked.push(name);
  return Promise.resolve((names.get(name) ?? []).map((text) => NetAddress.parse(text)));
};

const failed = (code: string): unknown => expect.objectContaining({ code });

describe('a node with proxies by name', () => {
  it('looks each name up once when it starts, and dials through its first address', async () => {
    const proxy = world.listen('10.9.0.1:9050');
    const { connman, greeter } = world.make({
      proxy: ['tor', 'tor=onion'],
      i2pSam: 'i2p',
      lookUpHost,
      noConnect: true,
    });
    expect(asked).toEqual([]);
    await connman.start(greeter);
    expect(asked).toEqual(['tor', 'i2p']);
    const proxies = connman.getNetworkInfo().networks.map(({ name, proxy: at }) => `${name} ${at}`);
    expect(proxies).toEqual([
      'ipv4 10.9.0.1:9050',
      'ipv6 10.9.0.1:9050',
      'onion 10.9.0.1:9050',
      'i2p 10.9.0.3:7656',
      'cjdns 10.9.0.1:9050',
    ]);
    void connman.connectTo('node.example');
    await world.settle();
    // The proxy looks names of peers up, and nobody else.
    expect([asked, proxy.peers.length]).toEqual([['tor', 'i2p'], 1]);
  });

  it('dials nobody and asks no resolver for a peer before it knows where its proxy is', async () => {
    const { connman } = world.make({ proxy: 'tor', lookUpHost });
    await expect(connman.connectTo('node.example')).rejects.toThrow(failed('ERR_SOCKMAN_STATE'));
    await expect(connman.connectTo('93.0.0.9')).rejects.toThrow(failed('ERR_SOCKMAN_STATE'));
    expect(asked).toEqual([]);
  });

  it.each<[string, ConnmanOptions, string]>([
    ['a proxy', { proxy: 'nobody:9050' }, 'proxy: nobody:9050 has no address'],
    ['a bridge', { i2pSam: 'nobody' }, 'i2pSam: nobody:7656 has no address'],
    ['an address of ours', { externalIp: ['nobody'] }, 'externalIp: nobody:18444 has no address'],
  ])('does not start where %s has no address, and listens on nothing', async (_what, options, message) => {
    const { connman, greeter } = world.make({ bind: [PLACE], lookUpHost, ...options });
    await expect(connman.start(greeter)).rejects.toThrow(message);
    await expect(connman.start(greeter)).rejects.toThrow(failed('ERR_SOCKMAN_SYSTEM'));
    expect(connman.listeningAt).toEqual([]);
    names.set('nobody', ['10.9.0.9']);
    await connman.start(greeter);
    expect(connman.listeningAt.map(String)).toEqual([PLACE]);
  });

  it('stops while the resolver is silent', async () => {
    const { connman, greeter } = world.make({ proxy: 'tor', lookUpHost: () => new Promise(() => {}) });
    const started = connman.start(greeter);
    await expect(connman.start(greeter)).rejects.toThrow(failed('ERR_SOCKMAN_STATE'));
    const stopped = connman.stop();
    await expect(started).rejects.toThrow(failed('ERR_SOCKMAN_STATE'));
    await stopped;
  });

  it('knows its own addresses by name', async () => {
    const { connman } = await world.node({ bind: [PLACE], externalIp: ['me.example', '93.0.0.2'], lookUpHost });
    expect(connman.localAddresses().map(({ service }) => String(service))).toEqual([
      '93.0.0.2:18444',
      '93.0.0.1:18444',
    ]);
  });
});

describe('Tor’s control port by name', () => {
  const options = { virtualPort: 8_333, target: '127.0.0.1:8334' };

  it('is dialed at each address of the name, anew with every try', async () => {
    const control = world.listen('10.9.0.2:9051');
    const { connman } = await world.node({ lookUpHost });
    const onion = new OnionService(connman.controlNetwork, { ...options, control: 'tor', clock: world.net.clock });
    onion.start();
    await world.pass(500, 50);
    expect([asked, control.peers.length]).toEqual([['tor'], 1]);
    names.set('tor', ['10.9.0.7']);
    const moved = world.listen('10.9.0.7:9051');
    control.peers[0]!.close();
    await world.pass(5_000, 100);
    expect([asked.length > 1, moved.peers.length]).toEqual([true, 1]);
    await onion.stop();
  });

  it('may have no address, which is a failed dial', async () => {
    const { connman } = await world.node({ lookUpHost });
    for (const host of ['nobody', 'tor.onion', 'tor.b32.i2p.']) {
      const dialed = await connman.controlNetwork.connectAndMakeNodeId({ host, port: 9_051 });
      expect(dialed).toMatchObject({ nodeId: undefined, code: 'host-unreachable', proxyFailed: false });
    }
    expect(asked).toEqual(['nobody']);
  });

  it('does not keep an onion service from its end while the resolver is silent', async () => {
    const { connman } = await world.node({ lookUpHost: () => new Promise(() => {}) });
    const onion = new OnionService(connman.controlNetwork, { ...options, control: 'tor', clock: world.net.clock });
    onion.start();
    await world.settle();
    await onion.stop();
  });

  it.each(['tor.onion', 'to r', 'tor:0', '127.0.0.1'])('is refused: %s', async (control) => {
    const { connman } = await world.node({ lookUpHost });
    expect(() => new OnionService(connman.controlNetwork, { ...options, control })).toThrow(
      failed('ERR_SOCKMAN_INVALID_ARG'),
    );
  });

  it('is refused where names are not looked up', async () => {
    const { connman } = await world.node({ lookUpHost, dns: false });
    const refused = failed('ERR_SOCKMAN_INVALID_ARG');
    expect(() => new OnionService(connman.controlNetwork, { ...options, control: 'tor' })).toThrow(refused);
    const sockets = createSockMan({ eventGotData() {} }, { backend: world.net.createBackend });
    expect(() => new OnionService(sockets, { ...options, control: 'tor:9051' })).toThrow(refused);
    await sockets[Symbol.asyncDispose]();
  });
});

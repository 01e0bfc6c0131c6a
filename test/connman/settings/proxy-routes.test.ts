// Which proxy leads where: each form of the options `proxy` and `onion`, read, and used by a node that dials.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { ConnmanOptions } from '../../../ts/connman/settings/options.ts';
import { resolveProxyRoutes } from '../../../ts/connman/settings/proxy-routes.ts';
import { resolveConnmanOptions } from '../../../ts/connman/settings/resolve-options.ts';
import type { MemoryPeerListener } from '../../../ts/testing.ts';
import { World } from '../world.ts';

const A = '127.0.0.1:9001';
const B = '127.0.0.1:9002';
const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';

/** The routes as texts, without those that lead nowhere. */
function routesOf(proxy?: string | string[], onion?: string | false): Record<string, string> {
  const routes = Object.entries(resolveProxyRoutes(proxy, onion));
  return Object.fromEntries(routes.filter(([, at]) => at !== undefined).map(([route, at]) => [route, String(at)]));
}

const everywhere = (at: string): Record<string, string> => ({ ipv4: at, ipv6: at, onion: at, cjdns: at, names: at });

describe('the option proxy', () => {
  it('leads nowhere when it is not given', () => {
    expect(routesOf()).toEqual({});
  });

  it.each<[string, string | string[], Record<string, string>]>([
    ['an address leads everywhere but to I2P', A, everywhere(A)],
    ['=ipv4 leads to IPv4 and to names', `${A}=ipv4`, { ipv4: A, names: A }],
    ['=ipv6 leads to IPv6 and to names', `${A}=ipv6`, { ipv6: A, names: A }],
    ['=onion leads to onion addresses', `${A}=onion`, { onion: A }],
    ['=cjdns leads to CJDNS', `${A}=cjdns`, { cjdns: A }],
    ['the name of a network may be in capitals', `${A}=IPv4`, { ipv4: A, names: A }],
    ['an address without port is at Tor’s', '127.0.0.1', everywhere('127.0.0.1:9050')],
    ['an IPv6 address has brackets before a port', '[::1]:9001=cjdns', { cjdns: '[::1]:9001' }],
    ['a path leads everywhere', 'unix:/run/tor', everywhere('unix:/run/tor')],
    ['a path may be for one network', 'unix:/run/tor=onion', { onion: 'unix:/run/tor' }],
    ['a name leads everywhere', 'tor', everywhere('tor:9050')],
    ['a name has a port and a network', 'my_tor-1.example.:9051=onion', { onion: 'my_tor-1.example.:9051' }],
    ['0 leads nowhere', '0', {}],
    ['nothing leads nowhere', '', {}],
    ['an empty list leads nowhere', [], {}],
    ['a later one overrides', [A, B], everywhere(B)],
    ['one for a network overrides there', [A, `${B}=onion`], { ...everywhere(A), onion: B }],
    ['one for IPv6 takes the names with it', [`${A}=ipv4`, `${B}=ipv6`], { ipv4: A, ipv6: B, names: B }],
    ['one for all overrides those before', [`${A}=onion`, B], everywhere(B)],
    ['0 takes all away', [A, `${B}=onion`, '0'], {}],
    ['nothing takes all away', [A, ''], {}],
    ['0 for a network takes that away', [A, '0=onion'], { ipv4: A, ipv6: A, cjdns: A, names: A }],
    ['nothing for a network takes that away', [A, '=cjdns'], { ipv4: A, ipv6: A, onion: A, names: A }],
    ['0 for IPv4 takes the names away', [A, '0=ipv4'], { ipv6: A, onion: A, cjdns: A }],
    ['what was taken away may come again', [A, '0', `${B}=cjdns`], { cjdns: B }],
  ])('%s: %j', (_what, proxy, expected) => {
    expect(routesOf(proxy)).toEqual(expected);
  });

  it.each<[string, unknown]>([
    ['nothing behind =', `${A}=`],
    ['only =', '='],
    ['an unknown network', `${A}=ethernet`],
    ['I2P, which has no SOCKS5 proxies', `${A}=i2p`],
    ['an unknown network to take away', '0=ethernet'],
    ['two networks', `${A}=ipv4=ipv6`],
    ['a network that is there in every object', `${A}=constructor`],
    ['a name of an overlay', 'proxy.onion:9050'],
    ['a name that looks like an address', '127.0.0.256:9050'],
    ['a name with a space', 'to r:9050'],
    ['a name longer than any', `${'a'.repeat(254)}:9050`],
    ['port 0', '127.0.0.1:0'],
    ['a port that is no number', '127.0.0.1:http'],
    ['a port of 65536', '127.0.0.1:65536'],
    ['no port behind the colon', '127.0.0.1:=ipv4'],
    ['a space', ` ${A}`],
    ['a path that does not fit', `unix:/${'a'.repeat(107)}`],
    ['no path', 'unix:'],
    ['no path for a network', 'unix:=onion'],
    ['a wrong one among good ones', [A, `${A}=`]],
    ['a number', 9_050],
    ['numbers', [9_050]],
    ['null', null],
  ])('refuses %s', (_what, proxy) => {
    const options = { proxy } as ConnmanOptions;
    expect(() => resolveConnmanOptions(options)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
  });

  it.each<[string | string[], boolean]>([
    [A, true],
    [`${A}=onion`, true],
    [[A, '0=ipv4'], true],
    ['0', false],
    ['', false],
    [[A, '0'], false],
  ])('%j changes the defaults of listen and discover: %s', (proxy, isBehindProxy) => {
    const { isListening, discovers } = resolveConnmanOptions({ proxy });
    expect([isListening, discovers]).toEqual([!isBehindProxy, !isBehindProxy]);
  });
});

describe('the option onion', () => {
  it.each<[string, string | undefined, string | false, Record<string, string>]>([
    ['an address is for onion addresses', undefined, A, { onion: A }],
    ['an address comes before proxy', A, B, { ...everywhere(A), onion: B }],
    ['an address comes before proxy=onion', `${A}=onion`, B, { onion: B }],
    ['false leaves none, whatever proxy says', `${A}=onion`, false, {}],
    ['0 leaves none, whatever proxy says', A, '0', { ipv4: A, ipv6: A, cjdns: A, names: A }],
    ['nothing leaves it to proxy', A, '', everywhere(A)],
    ['a path', undefined, 'unix:/run/tor', { onion: 'unix:/run/tor' }],
  ])('%s', (_what, proxy, onion, expected) => {
    expect(routesOf(proxy, onion)).toEqual(expected);
  });

  it.each(['127.0.0.1:0', 'localhost:0', `${A}=onion`, 5, true])('refuses %j', (onion) => {
    const options = { onion } as ConnmanOptions;
    expect(() => resolveConnmanOptions(options)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
  });
});

describe('a node with proxies by network', () => {
  let world: World;
  let a: MemoryPeerListener;
  let b: MemoryPeerListener;
  let direct: MemoryPeerListener;

  beforeEach(() => {
    world = new World();
    a = world.listen(A);
    b = world.listen(B);
    direct = world.listen('93.0.0.1:18444');
  });
  afterEach(() => world.destroy());

  /** Where a dial arrives: at proxy `a` or `b`, at the peer itself, or nowhere. */
  async function wayTo(dest: string, proxy: string[]): Promise<string> {
    const { connman } = await world.node({ proxy, noConnect: true, cjdnsReachable: true, dns: false });
    void connman.connectTo(dest);
    await world.settle();
    const ways = { a, b, direct };
    return (
      Object.entries(ways)
        .filter(([, { peers }]) => peers.length > 0)
        .map(([name]) => name)
        .join(' and ') || 'nowhere'
    );
  }

  it.each<[string, string, string[], string]>([
    ['IPv4', '93.0.0.1', [`${A}=ipv4`, `${B}=ipv6`], 'a'],
    ['IPv6', '2a00::1', [`${A}=ipv4`, `${B}=ipv6`], 'b'],
    ['names', 'node.example', [`${A}=ipv4`, `${B}=ipv6`], 'b'],
    ['names', 'node.example', [`${A}=ipv6`, `${B}=ipv4`], 'b'],
    ['onion', ONION, [A, `${B}=onion`], 'b'],
    ['CJDNS', 'fc00::1', [A, `${B}=cjdns`], 'b'],
    ['IPv4 without its proxy', '93.0.0.1', [A, '0=ipv4'], 'direct'],
    ['IPv4 beside a proxy for another', '93.0.0.1', [`${A}=cjdns`], 'direct'],
    ['names without a proxy for them', 'node.example', [A, '0=ipv4'], 'nowhere'],
    ['onion without its proxy', ONION, [A, '0=onion'], 'nowhere'],
    ['onion beside a proxy for IPv4', ONION, [`${A}=ipv4`], 'nowhere'],
  ])('dials %s: %s with %j arrives at %s', async (_what, dest, proxy, expected) => {
    expect(await wayTo(dest, proxy)).toBe(expected);
  });

  it('reaches onion addresses by itself only where a proxy leads to them', async () => {
    const reachable = async (proxy: string[]): Promise<boolean> => {
      const { connman } = await world.node({ proxy, noConnect: true });
      return connman.getNetworkInfo().networks.some(({ name, reachable: is }) => name === 'onion' && is);
    };
    expect(await reachable([`${A}=ipv4`])).toBe(false);
    expect(await reachable([`${A}=onion`])).toBe(true);
    expect(await reachable([A, '0=onion'])).toBe(false);
  });
});

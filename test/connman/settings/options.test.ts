import { describe, expect, it, vi } from 'vitest';
import type { ConnmanOptions } from '../../../ts/connman/settings/options.ts';
import { resolveConnmanOptions } from '../../../ts/connman/settings/resolve-options.ts';
import { NetworkState } from '../../../ts/connman/reach/network-state.ts';
import { Connman } from '../../../ts/connman/connman.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';

const SAM = '127.0.0.1';
const PROXY = '127.0.0.1:9999';

describe('options', () => {
  it('have the defaults of Bitcoin Core', () => {
    const settings = resolveConnmanOptions({});
    expect(settings.chain.name).toBe('main');
    expect(settings).toMatchObject({
      isListening: true,
      discovers: true,
      port: 8_333,
      maxConnections: 125,
      maxSendBufferBytes: 1_000_000,
      maxReceiveBufferBytes: 5_000_000,
      maxLongMessageBytes: 192 * 1_048_576,
      peerTimeoutMs: 60_000,
      connectTimeoutMs: 5_000,
      dns: true,
      dnsSeed: true,
      fixedSeeds: true,
      whitelistRelay: true,
      whitelistForceRelay: false,
      networkActive: true,
      // Encryption, and nothing that a program without blocks could keep.
      localServices: 2_048n,
    });
  });

  // What is given, whether it listens, discovers, and asks DNS seeds.
  it.each<[ConnmanOptions, boolean, boolean, boolean]>([
    [{ connect: ['1.2.3.4'] }, false, false, false],
    [{ noConnect: true }, false, false, false],
    [{ connect: ['0'] }, false, false, false],
    [{ proxy: PROXY }, false, false, true],
    [{ maxConnections: 0 }, false, false, false],
    [{ externalIp: ['1.2.3.4'] }, true, false, true],
    [{ connect: ['1.2.3.4'], bind: ['1.2.3.4'] }, true, true, false],
    [{ proxy: PROXY, whiteBind: ['1.2.3.4:5'] }, true, false, true],
    [{ proxy: PROXY, onionBind: ['127.0.0.1'] }, true, false, true],
    [{ proxy: PROXY, listen: true }, true, false, true],
    [{ bind: ['1.2.3.4'], listen: false }, false, false, true],
    [{ connect: ['1.2.3.4'], dnsSeed: true, discover: true }, false, true, true],
    [{ onlyNet: ['onion'], onion: PROXY }, true, true, false],
    [{ onlyNet: ['onion', 'IPv6'], onion: PROXY }, true, true, true],
  ])('%o change the defaults of others', (options, isListening, discovers, dnsSeed) => {
    expect(resolveConnmanOptions(options)).toMatchObject({ isListening, discovers, dnsSeed });
  });

  it('let forced relay include relay', () => {
    const settings = resolveConnmanOptions({ whitelistForceRelay: true, whitelistRelay: false });
    expect(settings.whitelistRelay).toBe(true);
  });

  it('fall back on the default time of a dial', () => {
    expect(resolveConnmanOptions({ connectTimeoutMs: 0 }).connectTimeoutMs).toBe(5_000);
    expect(resolveConnmanOptions({ connectTimeoutMs: -1 }).connectTimeoutMs).toBe(5_000);
    expect(resolveConnmanOptions({ connectTimeoutMs: 1 }).connectTimeoutMs).toBe(1);
  });

  it('dial nobody for the one name 0, and anybody where no network is named', () => {
    expect(resolveConnmanOptions({ connect: ['0'] })).toMatchObject({ connect: [], dialsOnlyConnect: true });
    // Among others it is a name that nobody has.
    expect(() => resolveConnmanOptions({ connect: ['0', '1.2.3.4'] })).toThrow(TypeError);
    expect(resolveConnmanOptions({ onlyNet: [] })).toMatchObject({ onlyNet: undefined, dnsSeed: true });
  });

  it('take encryption out of the services when it is off', () => {
    expect(resolveConnmanOptions({ localServices: 2_057n, v2Transport: false }).localServices).toBe(9n);
  });

  it('take encryption out of the services where the engine cannot do it, and refuse to be told otherwise', async () => {
    vi.resetModules();
    vi.stubGlobal('WebAssembly', undefined);
    try {
      const { resolveConnmanOptions: resolve } = await import('../../../ts/connman/settings/resolve-options.ts');
      expect(resolve({ localServices: 9n }).localServices).toBe(9n);
      expect(() => resolve({ v2Transport: true })).toThrow(
        expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }),
      );
    } finally {
      vi.unstubAllGlobals();
      vi.resetModules();
    }
  });

  it('put comments into the user agent', () => {
    expect(resolveConnmanOptions({ userAgentComments: ['a', 'b c'] }).userAgent).toMatch(
      /^\/sockman:[\d.]+\(a; b c\)\/$/,
    );
  });

  it.each<[string, ConnmanOptions]>([
    ['a chain that does not exist', { chain: 'nochain' as never }],
    ['a chain of Object.prototype', { chain: 'constructor' as never }],
    ['a negative number of connections', { maxConnections: -1 }],
    ['half a connection', { maxConnections: 1.5 }],
    ['no time for peers', { peerTimeoutSeconds: 0 }],
    ['an unknown network', { onlyNet: ['ethernet'] }],
    ['CJDNS only, without CJDNS', { onlyNet: ['cjdns'] }],
    ['onion only, with a proxy that is switched off for it', { onlyNet: ['onion'], proxy: PROXY, onion: false }],
    ['I2P only, without a router', { onlyNet: ['i2p'] }],
    ['DNS seeds without IP', { onlyNet: ['onion'], onion: PROXY, dnsSeed: true }],
    ['forced DNS seeds that are off', { dnsSeed: false, forceDnsSeed: true }],
    ['half a second for peers', { peerTimeoutSeconds: 0.5 }],
    ['more time for peers than a number can count', { peerTimeoutSeconds: 2 ** 53 }],
    ['private broadcast without Tor and I2P', { privateBroadcast: true, onion: false }],
    ['private broadcast where Tor is switched off by text', { privateBroadcast: true, onion: '0' }],
    ['private broadcast where only IPv4 is wanted', { privateBroadcast: true, onion: PROXY, onlyNet: ['ipv4'] }],
    ['private broadcast beside connect', { privateBroadcast: true, onion: PROXY, connect: ['1.2.3.4'] }],
    ['private broadcast beside noConnect', { privateBroadcast: true, onion: PROXY, noConnect: true }],
    ['a network that is in no list', { onlyNet: 'ipv4' as never }],
    ['a comment that is in no list', { userAgentComments: 'x' as never }],
    ['a switch that is a text', { listen: 'no' as never }],
    ['a time of a dial that is a text', { connectTimeoutMs: '5' as never }],
    ['a time of a dial that is none', { connectTimeoutMs: NaN }],
    ['a limit of descriptors that is none', { descriptorLimit: NaN }],
    ['an upload target that is a number', { maxUploadTarget: 5 as never }],
    ['a comment with a bracket', { userAgentComments: ['(x'] }],
    ['a user agent of more than 256 bytes', { userAgentComments: ['x'.repeat(250)] }],
    ['services beyond 64 bits', { localServices: 2n ** 64n }],
    ['services that are a number', { localServices: 1 as never }],
    ['a list that is a text', { connect: '1.2.3.4' as never }],
    ['a proxy that is a name, where names are not looked up', { proxy: 'tor:9050', dns: false }],
    ['an I2P bridge that is a path', { i2pSam: 'unix:/run/i2p' }],
    ['an I2P bridge at port 0', { i2pSam: '127.0.0.1:0' }],
    ['an I2P bridge that is a name, where names are not looked up', { i2pSam: 'i2p', dns: false }],
    ['an external address that is a name, where names are not looked up', { externalIp: ['me.example'], dns: false }],
    ['an upload target that is none', { maxUploadTarget: 'much' }],
    ['a whitelist entry that is none', { whitelist: ['noban@nowhere'] }],
    ['an external address that is none', { externalIp: ['no where'] }],
    ['a bind that is none', { bind: ['nowhere'] }],
    ['captured messages without a folder', { captureMessages: '' }],
    ['captured messages that are just on', { captureMessages: true as never }],
  ])('refuse %s', (_what, options) => {
    expect(() => new Connman(options)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/INVALID_ARG|OUT_OF_RANGE/) }),
    );
  });

  it.each<[string, ConnmanOptions]>([
    ['onion only, whose proxy comes later', { onlyNet: ['onion'] }],
    ['private broadcast, whose proxy comes later', { privateBroadcast: true }],
    ['private broadcast through I2P alone', { privateBroadcast: true, onion: false, i2pSam: SAM }],
    ['a day and a second for peers', { peerTimeoutSeconds: 86_401 }],
    ['as much time for peers as there is', { peerTimeoutSeconds: Number.MAX_SAFE_INTEGER }],
  ])('take %s', (_what, options) => {
    expect(() => new Connman(options)).not.toThrow();
  });

  it.each(['descriptorLimit', 'connectTimeoutMs'])('are named by what refuses them: %s', (name) => {
    expect(() => new Connman({ [name]: NaN })).toThrow(name);
  });
});

describe('the state of the networks', () => {
  const stateOf = (options: ConnmanOptions): NetworkState => new NetworkState(resolveConnmanOptions(options));

  it('reaches what there is a way to', () => {
    expect(stateOf({}).reachableNetworks()).toEqual(['ipv4', 'ipv6']);
    expect(stateOf({ proxy: PROXY }).reachableNetworks()).toEqual(['ipv4', 'ipv6', 'onion']);
    expect(stateOf({ onion: PROXY, i2pSam: SAM, cjdnsReachable: true }).reachableNetworks()).toEqual([
      'ipv4',
      'ipv6',
      'onion',
      'i2p',
      'cjdns',
    ]);
    expect(stateOf({ onlyNet: ['i2p', 'ipv6'], i2pSam: SAM }).reachableNetworks()).toEqual(['ipv6', 'i2p']);
  });

  it('knows through what each network is dialed, and default ports', () => {
    const state = stateOf({ proxy: '127.0.0.1', onion: 'unix:/run/tor', i2pSam: SAM });
    const endpoint = (network: 'ipv4' | 'onion' | 'i2p' | 'cjdns'): string => String(state.proxyFor(network)?.endpoint);
    expect(['ipv4', 'onion', 'i2p', 'cjdns'].map((name) => endpoint(name as 'ipv4'))).toEqual([
      '127.0.0.1:9050',
      'unix:/run/tor',
      '127.0.0.1:7656',
      '127.0.0.1:9050',
    ]);
    expect(state.nameProxy?.streamIsolation).toBe(true);
    expect(stateOf({ onion: PROXY }).nameProxy).toBeUndefined();
    expect(state.isProxy(NetAddress.parse('127.0.0.1'))).toBe(true);
    expect(state.isProxy(NetAddress.parse('::'))).toBe(false);
  });
});

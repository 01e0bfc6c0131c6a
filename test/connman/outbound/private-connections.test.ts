import { describe, expect, it } from 'vitest';
import { AddrMan } from '../../../ts/addrman/addr-man.ts';
import type { OpenRequest } from '../../../ts/connman/outbound/dialing.ts';
import { LocalServices } from '../../../ts/connman/reach/local-services.ts';
import { NetworkState } from '../../../ts/connman/reach/network-state.ts';
import type { ConnmanOptions } from '../../../ts/connman/settings/options.ts';
import { PrivateConnections } from '../../../ts/connman/outbound/private-connections.ts';
import { resolveConnmanOptions } from '../../../ts/connman/settings/resolve-options.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { Services } from '../../../ts/p2p/protocol.ts';
import { VirtualClock } from '../../../ts/testing.ts';
import { silentLogger } from '../../../ts/util/logger.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';

const TOR = '127.0.0.1:9050';

/** Broadcasts over a book of onion, I2P and IPv4 addresses, with dials that do as `dial` says. */
function set(options: ConnmanOptions, dial: (request: OpenRequest) => boolean, entries = 20) {
  const clock = new VirtualClock();
  const random = seededUint32(7);
  const book = new AddrMan({ clock, random });
  const timeSeconds = Math.floor(clock.wallTimeMs() / 1_000) - 60;
  for (let index = 0; index < entries; index++) {
    const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (index * 37 + at * 11) & 0xff);
    const addresses = [
      new NetAddress('onion', bytes(32)),
      new NetAddress('i2p', bytes(32)),
      NetAddress.parse(`${20 + index}.1.2.3`),
    ];
    for (const address of addresses) {
      const service = new Service(address, address.isI2P() ? 0 : 8_333);
      book.add([{ service, services: 2_057n, timeSeconds }], NetAddress.parse(`93.${index}.1.1`));
    }
  }
  const interrupt = new AbortController();
  const requests: OpenRequest[] = [];
  const warnings: string[] = [];
  const network = new NetworkState(resolveConnmanOptions(options));
  const connections = new PrivateConnections({
    network,
    addressBook: book,
    clock,
    random,
    logger: { ...silentLogger, warn: (line) => void warnings.push(line) },
    interrupt: interrupt.signal,
    localServices: new LocalServices(Services.P2P_V2),
    localAddresses: { has: () => false },
    dialing: {
      open: (request) => {
        requests.push(request);
        return Promise.resolve(dial(request));
      },
    },
  });
  const done = connections.run();
  const networks = (): Set<string> => new Set(requests.map(({ addr }) => addr!.service.address.network));
  return { connections, clock, interrupt, network, requests, warnings, networks, done };
}

describe('private broadcasts', () => {
  it('open as many connections as are asked for, of their own type and through privacy networks', async () => {
    const { connections, clock, requests, networks } = set({ onion: TOR, i2pSam: '127.0.0.1' }, () => true);
    await clock.settle();
    expect(requests).toEqual([]);
    connections.addToOpen(30);
    await clock.settle();
    expect(requests).toHaveLength(30);
    expect(connections.toOpen).toBe(0);
    expect(networks()).toEqual(new Set(['onion', 'i2p']));
    for (const { connectionType, isFailureCounted, usesV2, proxyOverride } of requests) {
      expect([connectionType, isFailureCounted, usesV2, proxyOverride]).toEqual([
        'private-broadcast',
        true,
        true,
        undefined,
      ]);
    }
  });

  it('warn where circuits through Tor may be linked to others', () => {
    const warningsWith = (options: ConnmanOptions): string[] => set(options, () => true).warnings;
    expect(warningsWith({ onion: TOR, proxyRandomize: false })).toEqual([expect.stringContaining('proxyRandomize')]);
    expect(warningsWith({ onion: TOR })).toEqual([]);
    expect(warningsWith({ i2pSam: '127.0.0.1', proxyRandomize: false })).toEqual([]);
  });

  it('reach IPv4 through Tor once it is certain that it is Tor, and never before', async () => {
    const { connections, clock, requests, networks } = set({ onion: TOR }, () => true);
    connections.addToOpen(20);
    await clock.settle();
    expect(networks()).toEqual(new Set(['onion']));
    connections.noteTorWorks();
    connections.addToOpen(40);
    await clock.settle();
    const overIp = requests.filter(({ addr }) => addr!.service.address.isIPv4());
    expect(overIp.length).toBeGreaterThan(5);
    for (const { proxyOverride } of overIp) expect(String(proxyOverride?.endpoint)).toBe(TOR);
  });

  it('keep to 64 connections at a time', async () => {
    const { connections, clock, requests } = set({ onion: TOR }, () => true);
    connections.addToOpen(100);
    await clock.settle();
    expect(requests).toHaveLength(64);
    expect(connections.toOpen).toBe(36);
    for (const { grant } of requests.slice(0, 2)) grant!.release();
    await clock.settle();
    expect(requests).toHaveLength(66);
  });

  it('try another address a moment after a dial failed, with the same need', async () => {
    let failures = 3;
    const { connections, clock, requests } = set({ onion: TOR }, () => failures-- <= 0);
    connections.addToOpen(1);
    await clock.settle();
    expect(requests).toHaveLength(1);
    for (let step = 0; step < 3; step++) {
      clock.advance(100);
      await clock.settle();
    }
    expect(requests).toHaveLength(4);
    expect(connections.toOpen).toBe(0);
    // One connection, and a slot taken in advance for the next.
    expect(connections.slots.freeCount).toBe(64 - 2);
  });

  it('need never less than none', () => {
    const { connections } = set({ onion: TOR }, () => true);
    connections.addToOpen(-5);
    expect(connections.toOpen).toBe(0);
  });

  it('rest while the address book has nothing', async () => {
    const { connections, clock, requests, interrupt, done } = set({ onion: TOR }, () => true, 0);
    connections.addToOpen(1);
    for (let step = 0; step < 10; step++) {
      clock.advance(500);
      await clock.settle();
    }
    expect(requests).toEqual([]);
    expect(connections.slots.freeCount).toBe(64);
    interrupt.abort();
    await done;
  });

  it('warn and rest where no network hides us, and while the network is off', async () => {
    const { connections, clock, network, requests, warnings } = set({ onion: TOR }, () => true);
    network.setReachable('onion', false);
    connections.addToOpen(1);
    await clock.settle();
    expect(warnings).toHaveLength(1);
    network.isActive = false;
    clock.advance(5_000);
    await clock.settle();
    network.setReachable('onion', true);
    clock.advance(4_999);
    await clock.settle();
    expect(requests).toEqual([]);
    network.isActive = true;
    clock.advance(1);
    await clock.settle();
    expect(requests).toHaveLength(1);
    expect(warnings).toHaveLength(1);
  });

  it.each(['nothing is asked for', 'a slot is waited for'])('end at the interrupt while %s', async (what) => {
    const { connections, clock, interrupt, done } = set({ onion: TOR }, () => true);
    if (what !== 'nothing is asked for') connections.addToOpen(100);
    await clock.settle();
    interrupt.abort();
    await done;
  });
});

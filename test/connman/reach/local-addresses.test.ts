import { describe, expect, it } from 'vitest';
import { LOCAL_SCORES, LocalAddresses, reachabilityRank } from '../../../ts/connman/reach/local-addresses.ts';
import type { AddressedPeer, LocalAddressesOptions } from '../../../ts/connman/reach/local-addresses.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import type { NetworkClass } from '../../../ts/netaddr/networks/network.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';
const I2P = 'ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p';
const ADDRESSES: Record<string, NetAddress> = {
  ipv4: NetAddress.parse('8.8.8.8'),
  ipv6: NetAddress.parse('2a01:4f8::1'),
  tunnelled: NetAddress.parse('2002:808:808::1'),
  teredo: NetAddress.parse('2001:0:4136:e378:8000:63bf:3fff:fdd2'),
  onion: NetAddress.parse(ONION),
  i2p: NetAddress.parse(I2P),
  cjdns: NetAddress.parse('fc00::1').toCJDNSIfInRange(),
  unroutable: NetAddress.parse('10.0.0.1'),
};

const at = (name: string, port = 8333): Service => new Service(ADDRESSES[name]!, port);

function locals(options: Partial<LocalAddressesOptions> = {}): LocalAddresses {
  const isReachable = (network: NetworkClass): boolean => network !== 'not_publicly_routable';
  return new LocalAddresses({
    discovers: true,
    cjdnsReachable: true,
    random: seededUint32(7),
    isReachable,
    ...options,
  });
}

function peer(name: string, options: Partial<AddressedPeer> = {}): AddressedPeer {
  const addr = at(name, 50_000);
  return {
    addr,
    addrLocal: undefined,
    isInbound: true,
    connectedThroughNetwork: addr.address.getNetClass(),
    isConnectedThroughPrivacyNetwork: addr.address.isPrivacyNetwork(),
    ...options,
  };
}

describe('the rank of an own address', () => {
  const OWN = ['ipv4', 'ipv6', 'tunnelled', 'teredo', 'onion', 'i2p', 'cjdns'];

  it.each([
    ['ipv4', [4, 1, 1, 1, 1, 1, 1]],
    ['ipv6', [4, 5, 3, 2, 1, 1, 1]],
    ['teredo', [4, 3, 3, 2, 1, 1, 1]],
    ['onion', [4, 1, 1, 1, 6, 1, 1]],
    ['i2p', [1, 1, 1, 1, 1, 6, 1]],
    ['cjdns', [1, 1, 1, 1, 1, 1, 6]],
    ['unroutable', [4, 3, 3, 2, 6, 1, 1]],
  ])('for a peer on %s', (from, ranks) => {
    expect(OWN.map((own) => reachabilityRank(ADDRESSES[own]!, ADDRESSES[from]!))).toEqual(ranks);
    expect(reachabilityRank(ADDRESSES['unroutable']!, ADDRESSES[from]!)).toBe(0);
  });
});

describe('own addresses', () => {
  it('score one more each time they are confirmed, and take the newest port', () => {
    const own = locals();
    expect(own.add(at('ipv4', 1), LOCAL_SCORES.bind)).toBe(true);
    expect(own.add(at('ipv4', 2), LOCAL_SCORES.interface)).toBe(true);
    expect(own.list()).toEqual([{ service: at('ipv4', 1), score: 2 }]);
    own.add(at('ipv4', 3), LOCAL_SCORES.bind);
    expect(own.list()).toEqual([{ service: at('ipv4', 3), score: 3 }]);
    expect(own.seen(at('ipv4', 9))).toBe(true);
    expect(own.list()).toEqual([{ service: at('ipv4', 3), score: 4 }]);
    expect(own.seen(at('ipv6'))).toBe(false);
    expect(own.has(at('ipv4', 77))).toBe(true);
    own.remove(at('ipv4', 78));
    expect(own.has(at('ipv4', 3))).toBe(false);
  });

  it('stay at the largest score', () => {
    const own = locals();
    own.add(at('ipv4'), 2 ** 31 - 1);
    own.seen(at('ipv4'));
    expect(own.list()[0]!.score).toBe(2 ** 31 - 1);
  });

  it('are refused when unroutable, unreachable, or found though only given ones are wanted', () => {
    expect(locals().add(at('unroutable'), LOCAL_SCORES.manual)).toBe(false);
    expect(locals({ isReachable: () => false }).add(at('ipv4'), LOCAL_SCORES.manual)).toBe(false);
    const given = locals({ discovers: false });
    expect(given.add(at('ipv4'), LOCAL_SCORES.mapped)).toBe(false);
    expect(given.add(at('ipv4'), LOCAL_SCORES.manual)).toBe(true);
  });

  it('are those of the interfaces when they are to be found', () => {
    const own = locals();
    own.discover(8333, [ADDRESSES['ipv4']!, ADDRESSES['unroutable']!, NetAddress.parse('fc00::1')]);
    expect(own.list()).toEqual([
      { service: at('ipv4'), score: 1 },
      { service: at('cjdns'), score: 1 },
    ]);
  });
});

describe('what a peer is told', () => {
  it('is the address it reaches best, then the one with the best score', () => {
    const own = locals({ discovers: true });
    own.add(at('ipv4'), 4);
    own.add(at('ipv6'), 1);
    expect(own.forPeer(peer('ipv6'), true, 8333)).toEqual(at('ipv6'));
    expect(own.forPeer(peer('ipv4'), true, 8333)).toEqual(at('ipv4'));
    const better = new Service(NetAddress.parse('8.8.4.4'), 8333);
    own.add(better, 5);
    expect(own.forPeer(peer('ipv4'), true, 8333)).toEqual(better);
    expect(own.forPeer(peer('ipv4'), false, 8333)).toBeUndefined();
  });

  it.each(['onion', 'i2p'])('never crosses the border of %s', (hidden) => {
    const own = locals();
    own.add(at(hidden), 4);
    expect(own.forPeer(peer('ipv4'), true, 8333)).toBeUndefined();
    expect(own.forPeer(peer('cjdns'), true, 8333)).toBeUndefined();
    expect(own.forPeer(peer(hidden), true, 8333)).toEqual(at(hidden));
    const open = locals();
    for (const name of ['ipv4', 'ipv6', 'cjdns']) open.add(at(name), 4);
    expect(open.forPeer(peer(hidden), true, 8333)).toBeUndefined();
  });

  it('is the onion address for who comes through our onion service', () => {
    const own = locals();
    own.add(at('ipv4'), 4);
    own.add(at('onion'), 4);
    const throughTor = peer('unroutable', { connectedThroughNetwork: 'onion', isConnectedThroughPrivacyNetwork: true });
    expect(own.forPeer(throughTor, true, 8333)).toEqual(at('onion'));
  });

  it('is what it reported where we know nothing: with its port if it dialed, with ours if we did', () => {
    const own = locals();
    const addrLocal = new Service(NetAddress.parse('9.9.9.9'), 1234);
    expect(own.forPeer(peer('ipv4', { addrLocal }), true, 8333)).toEqual(addrLocal);
    const outbound = peer('ipv4', { addrLocal, isInbound: false });
    expect(own.forPeer(outbound, true, 8333)).toEqual(new Service(addrLocal.address, 8333));
    expect(own.forPeer(outbound, false, 8333)).toEqual(new Service(addrLocal.address, 8333));
    expect(locals({ discovers: false }).forPeer(peer('ipv4', { addrLocal }), true, 8333)).toBeUndefined();
    expect(own.forPeer(peer('unroutable', { addrLocal }), true, 8333)).toBeUndefined();
    expect(own.forPeer(peer('ipv4', { addrLocal: at('unroutable') }), true, 8333)).toBeUndefined();
  });

  // 4,000 draws; the bounds are five standard deviations from the mean: a chance of less than one in a million to fail.
  it.each([
    [LOCAL_SCORES.manual, 1 / 2],
    [LOCAL_SCORES.manual + 1, 1 / 8],
  ])('is what it reported instead of an address of score %i with a probability of %f', (score, probability) => {
    const own = locals();
    own.add(at('ipv4'), score);
    const addrLocal = new Service(NetAddress.parse('9.9.9.9'), 1234);
    const draws = 4_000;
    let reported = 0;
    for (let draw = 0; draw < draws; draw++) {
      if (own.forPeer(peer('ipv4', { addrLocal }), true, 8333)!.equals(addrLocal)) reported++;
    }
    const deviation = Math.sqrt(draws * probability * (1 - probability));
    expect(Math.abs(reported - draws * probability)).toBeLessThan(5 * deviation);
  });
});

// Ranges, validity, classes and groups: ts/netaddr/{ranges,classify,net-group}.ts, through NetAddress.

import { describe, expect, test } from 'vitest';
import { writeAddressV1, writeAddressV2 } from '../../../ts/netaddr/encoding.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import type { NetworkClass, NetworkName } from '../../../ts/netaddr/networks/network.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { fromHex, readVectorCsv, readVectorJson, toHex } from '../../harness/data/vectors.ts';
import { encoded } from '../encoded.ts';
import { vectorAddress } from '../vector-address.ts';

/** The predicates of an address. */
type Predicate = Extract<keyof NetAddress, `is${string}`>;

/** The address before or behind another of its family; undefined past the end. */
function neighbour(address: NetAddress, distance: bigint): NetAddress | undefined {
  const digits = address.bytes.length * 2;
  const value = BigInt(`0x${toHex(address.bytes)}`) + distance;
  if (value < 0n || value >= 1n << BigInt(digits * 4)) return undefined;
  return new NetAddress(address.network, fromHex(value.toString(16).padStart(digits, '0')));
}

describe('ranges', () => {
  const RANGES: readonly [Predicate, string, string][] = [
    ['isRFC1918', '10.0.0.0', '10.255.255.255'],
    ['isRFC1918', '172.16.0.0', '172.31.255.255'],
    ['isRFC1918', '192.168.0.0', '192.168.255.255'],
    ['isRFC2544', '198.18.0.0', '198.19.255.255'],
    ['isRFC3927', '169.254.0.0', '169.254.255.255'],
    ['isRFC6598', '100.64.0.0', '100.127.255.255'],
    ['isRFC5737', '192.0.2.0', '192.0.2.255'],
    ['isRFC5737', '198.51.100.0', '198.51.100.255'],
    ['isRFC5737', '203.0.113.0', '203.0.113.255'],
    ['isRFC3849', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['isRFC3964', '2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['isRFC4193', 'fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['isRFC4380', '2001::', '2001:0:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['isRFC4843', '2001:10::', '2001:1f:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['isRFC7343', '2001:20::', '2001:2f:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['isRFC4862', 'fe80::', 'fe80::ffff:ffff:ffff:ffff'],
    ['isRFC6052', '64:ff9b::', '64:ff9b::ffff:ffff'],
    ['isRFC6145', '::ffff:0:0:0', '::ffff:0:ffff:ffff'],
    ['isHurricaneElectric', '2001:470::', '2001:470:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['isLocal', '127.0.0.0', '127.255.255.255'],
    ['isLocal', '0.0.0.0', '0.255.255.255'],
    ['isLocal', '::1', '::1'],
    ['isBindAny', '0.0.0.0', '0.0.0.0'],
    ['isBindAny', '::', '::'],
  ];

  test.each(RANGES)('%s holds from %s to %s and not one beyond', (predicate, firstText, lastText) => {
    const first = NetAddress.parse(firstText);
    const last = NetAddress.parse(lastText);
    expect([first[predicate](), last[predicate]()]).toEqual([true, true]);
    expect(neighbour(first, -1n)?.[predicate]() ?? false).toBe(false);
    expect(neighbour(last, 1n)?.[predicate]() ?? false).toBe(false);
  });

  test('are looked at in their own network only: a CJDNS address is in none', () => {
    const predicates = RANGES.map(([predicate]) => predicate);
    for (const [, firstText] of RANGES) {
      const { bytes } = NetAddress.parse(firstText);
      if (bytes.length !== 16) continue;
      for (const predicate of predicates) expect(new NetAddress('cjdns', bytes)[predicate]()).toBe(false);
    }
  });
});

describe('the vectors', () => {
  test.each(readVectorCsv<'address' | 'property' | 'value'>('address_properties.csv'))(
    '$address: $property is $value',
    ({ address, property, value }) => {
      const name = property === 'Tor' ? 'isOnion' : (`is${property}` as Predicate);
      expect(NetAddress.parse(address)[name]()).toBe(value === '1');
    },
  );

  test.each(readVectorCsv<'address' | 'network'>('address_network.csv'))(
    'counts $address as $network',
    ({ address, network }) => {
      expect(vectorAddress(address).getNetwork()).toBe(network);
    },
  );

  test.each(readVectorCsv<'address' | 'group'>('netgroup.csv'))('groups $address as $group', ({ address, group }) => {
    expect(toHex(vectorAddress(address).netGroup())).toBe(group);
  });

  interface Row {
    address: string | null;
    internalName: string | null;
    cjdns: boolean;
    net: NetworkName;
    addrHex: string;
    isValid: boolean;
    isRoutable: boolean;
    isLocal: boolean;
    network: NetworkClass;
    netClass: NetworkClass;
    linkedIpv4: string | null;
    addrBytes: string;
    v1: string;
    v2: string;
    key8333: string;
    groupNoAsmap: string;
  }
  test.each(readVectorJson<{ rows: Row[] }>('addrman_netgroup.json').rows)(
    'classifies and writes $net $addrHex',
    (row) => {
      const address = new NetAddress(row.net, fromHex(row.addrHex));
      if (row.address !== null) {
        const parsed = NetAddress.parse(row.address);
        expect((row.cjdns ? parsed.toCJDNSIfInRange() : parsed).equals(address)).toBe(true);
      }
      if (row.internalName !== null) {
        expect(NetAddress.fromInternalName(row.internalName).equals(address)).toBe(true);
      }
      const linkedIPv4 = address.getLinkedIPv4();
      expect({
        isValid: address.isValid(),
        isRoutable: address.isRoutable(),
        isLocal: address.isLocal(),
        network: address.getNetwork(),
        netClass: address.getNetClass(),
        linkedIpv4: linkedIPv4 === undefined ? null : linkedIPv4.join('.'),
        addrBytes: toHex(address.getAddrBytes()),
        v1: toHex(encoded(writeAddressV1, address)),
        v2: toHex(encoded(writeAddressV2, address)),
        key8333: toHex(new Service(address, 8333).getKey()),
        groupNoAsmap: toHex(address.netGroup()),
      }).toEqual({
        isValid: row.isValid,
        isRoutable: row.isRoutable,
        isLocal: row.isLocal,
        network: row.network,
        netClass: row.netClass,
        linkedIpv4: row.linkedIpv4,
        addrBytes: row.addrBytes,
        v1: row.v1,
        v2: row.v2,
        key8333: row.key8333,
        groupNoAsmap: row.groupNoAsmap,
      });
      expect(address.hasLinkedIPv4()).toBe(row.linkedIpv4 !== null);
    },
  );
});

describe('IPv6 that embeds a private IPv4 address', () => {
  test.each([
    ['2002:a00:1::', '10.0.0.1'],
    ['64:ff9b::a00:1', '10.0.0.1'],
    ['::ffff:0:a00:1', '10.0.0.1'],
    ['2001:0:1:2:3:4:f5ff:fffe', '10.0.0.1'],
  ])('%s is routable: only the outer address counts', (text, linked) => {
    const address = NetAddress.parse(text);
    expect(address.isRoutable()).toBe(true);
    expect(address.getNetwork()).toBe('ipv6');
    expect(address.getNetClass()).toBe('ipv4');
    expect(address.getLinkedIPv4()?.join('.')).toBe(linked);
    expect(toHex(address.netGroup())).toBe('010a00');
  });
});

describe('fc00::1', () => {
  test('as IPv6 is valid and unroutable, as CJDNS it is routable', () => {
    const ipv6 = NetAddress.parse('fc00::1');
    const cjdns = ipv6.toCJDNSIfInRange();
    expect([ipv6.isValid(), ipv6.isRoutable(), ipv6.getNetwork()]).toEqual([true, false, 'not_publicly_routable']);
    expect([cjdns.isValid(), cjdns.isRoutable(), cjdns.getNetwork()]).toEqual([true, true, 'cjdns']);
  });

  test('with another first byte is no CJDNS address', () => {
    for (const first of [0xfb, 0xfd, 0]) {
      const bytes = new Uint8Array(16).fill(1);
      bytes[0] = first;
      expect(new NetAddress('cjdns', bytes).isValid()).toBe(false);
    }
  });
});

test('what networks are good for', () => {
  const samples: Record<NetworkName, NetAddress> = {
    ipv4: NetAddress.parse('1.2.3.4'),
    ipv6: NetAddress.parse('2a00::1'),
    onion: new NetAddress('onion', new Uint8Array(32)),
    i2p: new NetAddress('i2p', new Uint8Array(32)),
    cjdns: NetAddress.parse('fc00::1').toCJDNSIfInRange(),
    internal: NetAddress.fromInternalName('a'),
  };
  const holding = (predicate: Predicate): string[] =>
    Object.entries(samples)
      .filter(([, address]) => address[predicate]())
      .map(([network]) => network);
  expect(holding('isPrivacyNetwork')).toEqual(['onion', 'i2p']);
  expect(holding('isV1Compatible')).toEqual(['ipv4', 'ipv6', 'internal']);
  expect(holding('isRelayable')).toEqual(['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns']);
  expect(holding('isRoutable')).toEqual(['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns']);
  expect(holding('isIPv4')).toEqual(['ipv4']);
  expect(holding('isIPv6')).toEqual(['ipv6']);
  expect(holding('isOnion')).toEqual(['onion']);
  expect(holding('isI2P')).toEqual(['i2p']);
  expect(holding('isCJDNS')).toEqual(['cjdns']);
  expect(holding('isInternal')).toEqual(['internal']);
});

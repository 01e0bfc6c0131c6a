import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { NETWORK_BYTES, NETWORK_NUMBERS } from '../../ts/netaddr/networks/network.ts';
import type { NetworkName } from '../../ts/netaddr/networks/network.ts';
import { fromHex, readVectorCsv, toHex } from '../harness/data/vectors.ts';
import { anyAddress } from './arbitraries.ts';

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';
const I2P = 'ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p';

describe('the constructor', () => {
  test.each(Object.entries(NETWORK_BYTES) as [NetworkName, number][])(
    'takes %s with %i bytes only',
    (network, count) => {
      const bytes = new Uint8Array(count);
      expect(new NetAddress(network, bytes).bytes).toBe(bytes);
      for (const length of [0, count - 1, count + 1]) {
        expect(() => new NetAddress(network, new Uint8Array(length))).toThrow(
          expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }),
        );
      }
    },
  );

  test('refuses networks that do not exist', () => {
    for (const network of ['tor', 'not_publicly_routable', '__proto__', 'constructor']) {
      expect(() => new NetAddress(network as NetworkName, new Uint8Array(4))).toThrow(TypeError);
    }
  });
});

describe('text', () => {
  test.each(readVectorCsv<'input' | 'network' | 'address_bytes' | 'canonical'>('special_addresses.csv'))(
    'reads $input as $network',
    ({ input, network, address_bytes, canonical }) => {
      const address = NetAddress.tryParse(input.replaceAll('\\0', '\0'));
      if (network === 'reject') {
        expect(address).toBeUndefined();
        return;
      }
      expect(address?.network).toBe(network);
      expect(toHex(address!.bytes)).toBe(address_bytes);
      expect(String(address)).toBe(canonical);
    },
  );

  test.each(readVectorCsv<'input' | 'canonical'>('ipv6_canonical.csv'))(
    'prints $input as $canonical',
    ({ input, canonical }) => {
      expect(String(NetAddress.parse(input))).toBe(canonical);
    },
  );

  test.each(readVectorCsv<'name' | 'address_bytes' | 'text'>('internal_addresses.csv'))(
    'derives the internal address of $name',
    ({ name, address_bytes, text }) => {
      const address = NetAddress.fromInternalName(name);
      expect(toHex(address.bytes)).toBe(address_bytes);
      expect(String(address)).toBe(text);
      expect(NetAddress.tryParse(text)).toBeUndefined();
    },
  );

  test('there is no internal address of an empty name', () => {
    expect(() => NetAddress.fromInternalName('')).toThrow(TypeError);
  });

  test('every address that text can hold comes back from it', () => {
    fc.assert(
      fc.property(anyAddress(), (address) => {
        const parsed = NetAddress.tryParse(String(address));
        const standsFor = address.isIPv6() ? NetAddress.fromIPv6Bytes(address.bytes) : address;
        if (standsFor.isInternal() || (standsFor.equals(NetAddress.UNSPECIFIED) && !address.equals(standsFor))) {
          expect(parsed).toBeUndefined();
        } else if (address.isCJDNS()) {
          expect(parsed?.network).toBe('ipv6');
          expect(parsed?.toCJDNSIfInRange().equals(address)).toBe(true);
        } else {
          expect(parsed?.equals(standsFor)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('one pair of brackets may stand around any of them', () => {
    for (const text of ['1.2.3.4', '::1', 'fe80::1%2', ONION, I2P]) {
      expect(String(NetAddress.parse(`[${text}]`))).toBe(text);
      for (const wrong of [`[[${text}]]`, `[${text}`, `${text}]`, `(${text})`]) {
        expect(NetAddress.tryParse(wrong)).toBeUndefined();
      }
    }
    expect(NetAddress.tryParse('[]')).toBeUndefined();
  });

  test('what stands for an IPv4 address is one', () => {
    for (const text of ['::ffff:1.2.3.4', '::FFFF:102:304', '0:0:0:0:0:ffff:1.2.3.4']) {
      expect(String(NetAddress.parse(text))).toBe('1.2.3.4');
    }
  });

  test('the ranges that stand for internal addresses and Tor v2 names cannot be written', () => {
    for (const prefix of ['fd6b:88c0:8724', 'fd87:d87e:eb43']) {
      expect(NetAddress.tryParse(`${prefix}::`)).toBeUndefined();
      expect(NetAddress.tryParse(`${prefix}:ffff:ffff:ffff:ffff:ffff`)).toBeUndefined();
    }
    for (const text of ['fd6b:88c0:8723:ffff::', 'fd6b:88c0:8725::', 'fd87:d87e:eb42:ffff::', 'fd87:d87e:eb44::']) {
      expect(NetAddress.parse(text).network).toBe('ipv6');
    }
  });

  test('a scope id in numbers has up to 32 bits, and is IPv6 only', () => {
    expect(NetAddress.parse('fe80::1%7').scopeId).toBe(7);
    expect(String(NetAddress.parse('fe80::1%0'))).toBe('fe80::1');
    expect(String(NetAddress.parse('fe80::1%4294967295'))).toBe('fe80::1%4294967295');
    for (const scope of ['', '4294967296', '-1', '+1', '0x1', '1e1', '1%1', '00000000001', '1 ']) {
      expect(NetAddress.tryParse(`fe80::1%${scope}`)).toBeUndefined();
    }
    expect(NetAddress.tryParse('1.2.3.4%1')).toBeUndefined();
    expect(NetAddress.parse('::ffff:1.2.3.4%1').scopeId).toBe(0);
  });

  test('overlay names that are no addresses fail as such, whatever they look like', () => {
    for (const text of ['stats.i2p', 'example.onion', 'EXAMPLE.ONION', '1.2.3.4.onion', ONION.toUpperCase()]) {
      expect(NetAddress.tryParse(text)).toBeUndefined();
    }
  });

  test('text of any length and content is refused without harm', () => {
    for (const text of ['', ' ', '\0', '1.2.3.4\0', '\u00001.2.3.4', 'localhost', ':'.repeat(1e6), '1'.repeat(1e6)]) {
      expect(NetAddress.tryParse(text)).toBeUndefined();
    }
    expect(NetAddress.tryParse(`[${ONION}]`)).toBeDefined();
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (text) => {
        const address = NetAddress.tryParse(text);
        if (address !== undefined) expect(NetAddress.parse(String(address)).equals(address)).toBe(true);
      }),
    );
  });

  test('what is not text is no address', () => {
    for (const value of [undefined, null, 1, {}, ['::1']]) {
      expect(NetAddress.tryParse(value as string)).toBeUndefined();
      expect(() => NetAddress.parse(value as string)).toThrow(
        expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }),
      );
    }
  });
});

describe('sixteen bytes', () => {
  test.each([
    ['00000000000000000000ffff01020304', 'ipv4', '1.2.3.4'],
    ['00000000000000000000fffe01020304', 'ipv6', '::fffe:102:304'],
    ['00000000000000000001ffff01020304', 'ipv6', '::1:ffff:102:304'],
    ['fd6b88c08724ca978112ca1bbdcafac2', 'internal', 'zklycewkdo64v6wc.internal'],
    ['fd87d87eeb430102030405060708090a', 'ipv6', '::'],
    ['fc000001000200030004000500060007', 'ipv6', 'fc00:1:2:3:4:5:6:7'],
  ])('%s is %s %s', (hex, network, text) => {
    const address = NetAddress.fromIPv6Bytes(fromHex(hex), 9);
    expect(address.network).toBe(network);
    expect(String(address)).toBe(network === 'ipv6' && text !== '::' ? `${text}%9` : text);
  });

  test('must be sixteen', () => {
    for (const length of [0, 4, 15, 17]) {
      expect(() => NetAddress.fromIPv6Bytes(new Uint8Array(length))).toThrow(TypeError);
    }
  });
});

describe('equality and order', () => {
  test('network and bytes count, the scope id does not', () => {
    const cjdns = new NetAddress('cjdns', fromHex('fc000001000200030004000500060007'));
    expect(NetAddress.parse('fe80::1%1').equals(NetAddress.parse('fe80::1%2'))).toBe(true);
    expect(NetAddress.parse('fe80::1').equals(NetAddress.parse('fe80::2'))).toBe(false);
    expect(cjdns.equals(new NetAddress('ipv6', cjdns.bytes))).toBe(false);
    expect(new NetAddress('onion', new Uint8Array(32)).equals(new NetAddress('i2p', new Uint8Array(32)))).toBe(false);
  });

  test('the order is total and agrees with equality', () => {
    fc.assert(
      fc.property(anyAddress(), anyAddress(), anyAddress(), (a, b, c) => {
        expect(Math.sign(a.compare(b))).toBe(-Math.sign(b.compare(a)) + 0);
        expect(a.compare(b) === 0).toBe(a.equals(b));
        if (a.compare(b) < 0 && b.compare(c) < 0) expect(a.compare(c)).toBeLessThan(0);
      }),
    );
  });

  test('sorts by network number, then bytes as unsigned', () => {
    const texts = [I2P, ONION, '::', '255.0.0.0', '9.0.0.0', '127.0.0.1', 'ffff::', '10.0.0.0'];
    const sorted = texts.map((text) => NetAddress.parse(text)).sort((a, b) => a.compare(b));
    expect(sorted.map(String)).toEqual(['9.0.0.0', '10.0.0.0', '127.0.0.1', '255.0.0.0', '::', 'ffff::', ONION, I2P]);
  });
});

describe('hash keys', () => {
  test('are copies: sixteen bytes where the legacy form holds the address, else the raw ones', () => {
    fc.assert(
      fc.property(anyAddress(), (address) => {
        const addrBytes = address.getAddrBytes();
        const raw = toHex(address.bytes);
        expect(addrBytes.length).toBe(address.isV1Compatible() ? 16 : NETWORK_BYTES[address.network]);
        expect(toHex(addrBytes).endsWith(raw)).toBe(true);
        addrBytes.fill(0xaa);
        expect(toHex(address.bytes)).toBe(raw);
      }),
    );
  });

  test('groups start with the number of the class', () => {
    fc.assert(
      fc.property(anyAddress(), (address) => {
        expect(address.netGroup()[0]).toBe(NETWORK_NUMBERS[address.getNetClass()]);
        expect(address.netGroup().length).toBeLessThanOrEqual(11);
      }),
    );
  });
});

test('only IPv6 addresses in fc00::/8 become CJDNS', () => {
  for (const text of ['fc00::', 'fcff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']) {
    expect(NetAddress.parse(text).toCJDNSIfInRange().network).toBe('cjdns');
  }
  for (const text of ['fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'fd00::', '252.0.0.1', ONION]) {
    const address = NetAddress.parse(text);
    expect(address.toCJDNSIfInRange()).toBe(address);
  }
});

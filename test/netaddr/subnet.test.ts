import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { Subnet } from '../../ts/netaddr/subnet.ts';
import { readVectorCsv } from '../harness/data/vectors.ts';

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';
const I2P = 'ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p';

describe('text', () => {
  test.each(readVectorCsv<'input' | 'valid' | 'canonical'>('subnet_parse.csv'))('reads $input', (row) => {
    const subnet = Subnet.tryParse(row.input);
    expect(subnet !== undefined).toBe(row.valid === '1');
    if (row.canonical !== '') expect(String(subnet)).toBe(row.canonical);
  });

  test.each([
    '',
    '/',
    '/24',
    '1.2.3.4/',
    '1.2.3.4/ 8',
    '1.2.3.4/8 ',
    '1.2.3.4/0x8',
    '1.2.3.4/1e1',
    '1.2.3.4/8/8',
    '1.2.3.4/99999999999999999999',
    '1.2.3.4/ffff::',
    '::1/255.0.0.0',
    'example.org/24',
    '1.2.3.4:80/24',
    `${ONION}/32`,
    `${I2P}/255.255.255.255`,
    '1.2.3.4\0',
    '1.2.3.4/8\0',
    'fd87:d87e:eb43::1',
    'fd6b:88c0:8724::1',
    '1::/fd87:d87e:eb43::',
  ])('refuses %j', (text) => {
    expect(Subnet.tryParse(text)).toBeUndefined();
    expect(() => Subnet.parse(text)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
  });

  test('single addresses of overlay networks have no bits in their text', () => {
    expect(String(Subnet.parse(ONION))).toBe(ONION);
    expect(String(Subnet.parse(I2P))).toBe(I2P);
    expect(String(Subnet.parse('fc00::1', true))).toBe('fc00::1');
    expect(String(Subnet.parse('fc00::1'))).toBe('fc00::1/128');
  });

  test('with CJDNS reachable, only single addresses of fc00::/8 are subnets', () => {
    expect(Subnet.tryParse('fc00::/8', true)).toBeUndefined();
    expect(Subnet.tryParse('fd00::/8', true)?.base.network).toBe('ipv6');
    expect(Subnet.parse('fc00::/8').base.network).toBe('ipv6');
  });

  test('a subnet comes back from its text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(128), (host, bits) => {
        const address = NetAddress.tryParse(host);
        if (address === undefined || (address.isIPv4() && bits > 32)) return;
        const subnet = new Subnet(address, bits);
        // An IPv6 base may read as IPv4 or as nothing, such as ::ffff:0:0; that is the address's matter.
        if (NetAddress.tryParse(String(subnet.base))?.network !== address.network) return;
        expect(Subnet.parse(String(subnet)).equals(subnet)).toBe(true);
      }),
    );
  });
});

describe('matching', () => {
  test.each(readVectorCsv<'subnet' | 'address' | 'match'>('subnet_match.csv'))(
    '$subnet and $address: $match',
    (row) => {
      const matches = Subnet.tryParse(row.subnet)?.matches(NetAddress.parse(row.address)) ?? false;
      expect(matches).toBe(row.match === '1');
    },
  );

  test('exactly the addresses that share the prefix match', () => {
    const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(bytes, fc.nat(127), fc.nat(128), (raw, flippedBit, bits) => {
        raw[0] = 0x20;
        raw[1] = 0x02;
        const subnet = new Subnet(new NetAddress('ipv6', raw), bits);
        const other = raw.slice();
        other[flippedBit >> 3]! ^= 0x80 >> (flippedBit & 7);
        const address = new NetAddress('ipv6', other);
        expect(subnet.matches(address)).toBe(flippedBit >= bits && address.isValid());
      }),
    );
  });

  test('single addresses match by equality, whatever their scope', () => {
    const onion = NetAddress.parse(ONION);
    expect(new Subnet(onion).matches(NetAddress.parse(ONION))).toBe(true);
    expect(new Subnet(onion).matches(new NetAddress('i2p', onion.bytes))).toBe(false);
    expect(Subnet.parse('fc00::1').matches(NetAddress.parse('fc00::1').toCJDNSIfInRange())).toBe(false);
    expect(Subnet.parse('fe80::1').matches(NetAddress.parse('fe80::1%3'))).toBe(true);
    expect(String(Subnet.parse('fe80::1%3'))).toBe('fe80::1/128');
  });

  test('an invalid CJDNS address matches nothing, not even itself', () => {
    const address = new NetAddress('cjdns', new Uint8Array(16).fill(0xaa));
    expect(new Subnet(address).matches(address)).toBe(false);
  });
});

test('the constructor refuses bits that the network does not have, and internal addresses', () => {
  const ipv4 = NetAddress.parse('1.2.3.4');
  const onion = NetAddress.parse(ONION);
  expect(new Subnet(ipv4).prefixBits).toBe(32);
  expect(new Subnet(onion, 256).prefixBits).toBe(256);
  for (const bits of [-1, 33, 1.5, NaN]) expect(() => new Subnet(ipv4, bits)).toThrow(RangeError);
  for (const bits of [0, 255, 257]) expect(() => new Subnet(onion, bits)).toThrow(RangeError);
  expect(() => new Subnet(NetAddress.fromInternalName('x'))).toThrow(TypeError);
});

test('orders by base, then the wider range first', () => {
  const texts = ['2.0.0.0/8', '1.0.0.0/16', '::/0', '1.0.0.0/8', ONION];
  const sorted = texts.map((text) => Subnet.parse(text)).sort((a, b) => a.compare(b));
  expect(sorted.map(String)).toEqual(['1.0.0.0/8', '1.0.0.0/16', '2.0.0.0/8', '::/0', ONION]);
  expect(Subnet.parse('1.2.3.4/8').compare(Subnet.parse('1.0.0.0/8'))).toBe(0);
  expect(Subnet.parse('1.2.3.4/8').equals(Subnet.parse('1.0.0.0/9'))).toBe(false);
});

test('does not change the address it was made of', () => {
  const address = NetAddress.parse('255.255.255.254');
  expect(String(new Subnet(address, 1))).toBe('128.0.0.0/1');
  expect(String(address)).toBe('255.255.255.254');
});

import { expect, test } from 'vitest';
import { NETWORK_NUMBERS, parseNetworkName } from '../../../ts/netaddr/networks/network.ts';

test('reads the names that users can give, in any case', () => {
  for (const name of ['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns']) {
    expect(parseNetworkName(name)).toBe(name);
    expect(parseNetworkName(name.toUpperCase())).toBe(name);
  }
});

test('knows no others', () => {
  for (const name of ['', 'tor', 'internal', 'not_publicly_routable', 'ipv4 ', 'ip', 'constructor', '__proto__']) {
    expect(parseNetworkName(name)).toBeUndefined();
  }
});

test('has the numbers that go into hashes', () => {
  expect(NETWORK_NUMBERS).toEqual({
    not_publicly_routable: 0,
    ipv4: 1,
    ipv6: 2,
    onion: 3,
    i2p: 4,
    cjdns: 5,
    internal: 6,
  });
});

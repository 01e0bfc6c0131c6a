import { describe, expect, test } from 'vitest';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { readVectorCsv, toHex } from '../helpers/vectors.ts';
import { vectorAddress } from './vector-address.ts';

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
});

describe('classification', () => {
  test.each(readVectorCsv<'address' | 'network'>('address_network.csv'))(
    'counts $address as $network',
    ({ address, network }) => {
      expect(vectorAddress(address).getNetwork()).toBe(network);
    },
  );

  test.each(readVectorCsv<'address' | 'group'>('netgroup.csv'))('groups $address', ({ address, group }) => {
    expect(toHex(vectorAddress(address).netGroup())).toBe(group);
  });
});

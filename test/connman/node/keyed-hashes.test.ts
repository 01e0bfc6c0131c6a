import { describe, expect, it } from 'vitest';
import { NetGroups } from '../../../ts/addrman/net-groups.ts';
import { KeyedHashes } from '../../../ts/connman/node/keyed-hashes.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Service } from '../../../ts/netaddr/service.ts';

describe('keyed hashes', () => {
  const hashes = new KeyedHashes(1n, 2n);
  const bound = Service.parse('5.6.7.8:8333');

  it('make the nonce of a node', () => {
    expect(hashes.localNonce(0)).toBe(0xb1f4_4b5d_6350_5431n);
    expect(hashes.localNonce(7)).toBe(0x0d22_7f41_74c3_0329n);
  });

  it('make the keyed network group of an address', () => {
    expect(hashes.keyedNetGroup(NetAddress.parse('1.2.3.4'), new NetGroups())).toBe(0x6550_6c32_6cd9_db90n);
    expect(hashes.keyedNetGroup(NetAddress.parse('1.2.99.99'), new NetGroups())).toBe(0x6550_6c32_6cd9_db90n);
  });

  it('make the network key of inbound, outbound and onion peers', () => {
    expect(hashes.networkKey('ipv4', bound, true)).toBe(0x0b8b_48ea_fc97_1990n);
    expect(hashes.networkKey('ipv4', bound, false)).toBe(0xb008_6877_5a2f_4766n);
    expect(hashes.networkKey('onion', Service.parse('127.0.0.1:8334'), true)).toBe(0x7e55_6136_a10e_487dn);
  });

  it('give a network key also to a connection whose own end is unknown', () => {
    expect(hashes.networkKey('ipv4', undefined, false)).toBe(hashes.networkKey('ipv4', undefined, true));
  });

  it('differ from one process to the next', () => {
    let draws = 0;
    const random = (): number => draws++;
    expect(KeyedHashes.random(random).localNonce(0)).not.toBe(KeyedHashes.random(random).localNonce(0));
  });
});

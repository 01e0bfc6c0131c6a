import { describe, expect, it } from 'vitest';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { readVectorJson, toHex } from '../harness/data/vectors.ts';
import { address, groups } from './support.ts';

interface Row {
  address: string | null;
  internalName: string | null;
  cjdns: boolean;
  groupNoAsmap: string;
}

const { rows } = readVectorJson<{ rows: Row[] }>('addrman_netgroup.json');

describe('groups of addresses', () => {
  it.each(rows)('without a map: $address $internalName', ({ address: text, internalName, cjdns, groupNoAsmap }) => {
    const target = text === null ? NetAddress.fromInternalName(internalName!) : address(text, cjdns);
    expect(toHex(groups(false).group(target))).toBe(groupNoAsmap);
    expect(groups(false).asNumber(target)).toBe(0);
  });

  it('are one for an AS over IPv4 and the IPv6 addresses that embed its IPv4', () => {
    for (const text of ['250.1.1.1', '250.200.1.1', '2002:fa01:101::1', '::ffff:0:250.1.1.1', '64:ff9b::250.1.1.1']) {
      expect(toHex(groups(true).group(address(text)))).toBe('02e8030000');
    }
  });

  it('are those of the ranges where the map has nothing to say', () => {
    const unmapped = ['1.2.3.4', '2a02::1', '10.0.0.1', '::1', 'fc00::1'].map((text) => address(text));
    const overlay = [
      address('pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion'),
      address('fc00::1', true),
      NetAddress.fromInternalName('fixedseeds'),
    ];
    for (const target of [...unmapped, ...overlay]) {
      expect(groups(true).asNumber(target)).toBe(0);
      expect(groups(true).group(target)).toEqual(target.netGroup());
    }
  });
});

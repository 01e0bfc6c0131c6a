// How well a map fits the address book: a map that knows few of the addresses protects little.

import type { AddrMan } from '../addr-man.ts';
import type { NetGroups } from '../net-groups.ts';

/** Figures over all IPv4 and IPv6 entries. */
export interface AsMapHealth {
  readonly entryCount: number;
  /** How many different autonomous systems they are in. */
  readonly asCount: number;
  /** How many of them the map does not know. */
  readonly unmappedCount: number;
}

/** Counts; meant for once a day. Without a map, everything is unmapped. */
export function measureAsMapHealth(addressBook: Pick<AddrMan, 'getAddr'>, groups: NetGroups): AsMapHealth {
  const records = [...addressBook.getAddr(0, 0, 'ipv4', false), ...addressBook.getAddr(0, 0, 'ipv6', false)];
  const asNumbers = new Set<number>();
  let unmappedCount = 0;
  for (const { service } of records) {
    const asNumber = groups.asNumber(service.address);
    if (asNumber === 0) unmappedCount++;
    else asNumbers.add(asNumber);
  }
  return { entryCount: records.length, asCount: asNumbers.size, unmappedCount };
}

// How well a map covers the address book: a map that knows few of the addresses protects little.

import type { AddrMan } from './addr-man.ts';
import type { NetGroups } from './net-groups.ts';

/** Figures over all IPv4 and IPv6 entries. */
export interface AsMapHealth {
  readonly entryCount: number;
  /** Number of different autonomous systems. */
  readonly asCount: number;
  /** Entries that the map does not know. */
  readonly unmappedCount: number;
}

/** Entries looked up in one step: a few milliseconds. A full address book would take a third of a second. */
const ENTRIES_AT_A_TIME = 1_000;

/**
 * Counts, with pauses in between; meant for once a day. Without a map, everything is unmapped.
 *
 * @param rest - Lets other work run. Resolves to false to end it. @returns Undefined if it was ended.
 */
export async function measureAsMapHealth(
  addressBook: Pick<AddrMan, 'addresses'>,
  groups: NetGroups,
  rest: () => Promise<boolean>,
): Promise<AsMapHealth | undefined> {
  const asNumbers = new Set<number>();
  let entryCount = 0;
  let unmappedCount = 0;
  let walked = 0;
  for (const address of addressBook.addresses()) {
    if (++walked % ENTRIES_AT_A_TIME === 0 && !(await rest())) return undefined;
    const netClass = address.getNetClass();
    if (netClass !== 'ipv4' && netClass !== 'ipv6') continue;
    entryCount++;
    const asNumber = groups.asNumber(address);
    if (asNumber === 0) unmappedCount++;
    else asNumbers.add(asNumber);
  }
  return { entryCount, asCount: asNumbers.size, unmappedCount };
}

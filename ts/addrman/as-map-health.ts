// How well a map fits the address book: a map that knows few of the addresses protects little.

import type { AddrMan } from './addr-man.ts';
import type { NetGroups } from './net-groups.ts';

/** Figures over all IPv4 and IPv6 entries. */
export interface AsMapHealth {
  readonly entryCount: number;
  /** How many different autonomous systems they are in. */
  readonly asCount: number;
  /** How many of them the map does not know. */
  readonly unmappedCount: number;
}

/** Entries that are looked up in one go: a few milliseconds. All of a full address book would be a third of a second. */
const ENTRIES_AT_A_TIME = 1_000;

/**
 * Counts, with rests in between; meant for once a day. Without a map, everything is unmapped.
 *
 * @param rest - Lets other work run. Resolves with false to give up.
 * @returns Undefined if it was given up.
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

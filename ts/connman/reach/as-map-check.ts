// Logs periodically how well the AS map fits the address book: one that knows few of the addresses protects little.

import { measureAsMapHealth } from '../../addrman/as-map-health.ts';
import type { AsMapHealth } from '../../addrman/as-map-health.ts';
import { sleep } from '../../util/time/sleep.ts';
import type { ResolvedConnmanOptions } from '../settings/resolve-options.ts';

/** Interval between comparisons of AS map and address book, in milliseconds. (Bitcoin Core, ASMAP_HEALTH_CHECK_INTERVAL) */
export const AS_MAP_CHECK_INTERVAL_MS = 24 * 60 * 60 * 1_000;

/**
 * Measures and logs.
 *
 * @param signal - Ends it midway. @returns The figures; undefined if there is no map, no address book, or it was ended.
 */
export async function checkAsMap(
  { addressBook, netGroups, clock, logger }: ResolvedConnmanOptions,
  signal: AbortSignal,
): Promise<AsMapHealth | undefined> {
  if (netGroups.asMap === undefined || addressBook === undefined) return undefined;
  const health = await measureAsMapHealth(addressBook, netGroups, async () => {
    await sleep(clock, 0, signal);
    return !signal.aborted;
  });
  if (health === undefined) return undefined;
  const { asCount, entryCount, unmappedCount } = health;
  logger.info(`AS map: ${entryCount} IPv4 and IPv6 addresses in ${asCount} systems, ${unmappedCount} in none`);
  return health;
}

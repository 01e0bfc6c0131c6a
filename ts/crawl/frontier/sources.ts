// Who told an address first, as one number: the row of a node, or a kind of seed.

import { NONE } from './groups.ts';

/** Sources other than nodes. They have the highest source numbers. */
export const SEED_SOURCES = ['dns-seed', 'fixed-seed', 'peers-dat', 'file', 'stdin', 'earlier-round', 'given'] as const;

/** One of `SEED_SOURCES`. */
export type SeedSource = (typeof SEED_SOURCES)[number];

/** Source numbers below it are rows. */
export const FIRST_SEED_SOURCE = NONE - SEED_SOURCES.length;

/** The source number of a kind of seed, above the rows of nodes. */
export function seedSourceNumber(source: SeedSource): number {
  return FIRST_SEED_SOURCE + SEED_SOURCES.indexOf(source);
}

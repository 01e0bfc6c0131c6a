// How many connections the operating system allows.

import { readFileSync } from 'node:fs';

/** Descriptors for files and everything else that is not a connection. (Bitcoin Core src/init.cpp, MIN_CORE_FDS) */
export const RESERVED_DESCRIPTORS = 151;

/** The soft limit of open descriptors of this process; undefined if it cannot be read without native code. */
export function readDescriptorLimit(): number | undefined {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
    return limit === null ? undefined : Number(limit[1]);
  } catch {
    return undefined;
  }
}

/**
 * As many automatic connections as fit.
 *
 * @param wanted - `maxConnections`.
 * @param others - Descriptors that are taken before: listeners, manual connections, private broadcast.
 */
export function fittingConnections(wanted: number, others: number, limit: number | undefined): number {
  if (limit === undefined) return wanted;
  return Math.min(wanted, Math.max(0, limit - others - RESERVED_DESCRIPTORS));
}

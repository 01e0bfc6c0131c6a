// Counts the open descriptors of this process.

import { existsSync, readdirSync } from 'node:fs';
import { setImmediate as nextPass } from 'node:timers/promises';
import { DEADLINE_MS } from './until.ts';

/** Why descriptors cannot be counted here; undefined where they can. */
export const noDescriptorCount = existsSync('/proc/self/fd') ? undefined : 'no /proc/self/fd on this platform';

/** Open descriptors, without the one that reads the directory. */
export function countDescriptors(): number {
  return readdirSync('/proc/self/fd').length - 1;
}

/**
 * Resolves when no more descriptors are open than before. `node:net` closes its sockets some passes of the loop after the
 * call, without an event.
 */
export async function descriptorsClosed(before: number): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (countDescriptors() > before) {
    if (performance.now() > deadline) throw new Error(`${countDescriptors()} descriptors are open, ${before} were`);
    await nextPass();
  }
}

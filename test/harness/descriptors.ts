// How many descriptors this process has open.

import { existsSync, readdirSync } from 'node:fs';

/** Why descriptors cannot be counted here; undefined where they can. */
export const noDescriptorCount = existsSync('/proc/self/fd') ? undefined : 'no /proc/self/fd on this platform';

/** Open descriptors, without the one that reads the directory. */
export function countDescriptors(): number {
  return readdirSync('/proc/self/fd').length - 1;
}

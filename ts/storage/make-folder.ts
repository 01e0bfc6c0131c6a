// Makes a folder and those it is in.
//
// Node's own `recursive` never returns where the system says ENOENT though the folder above exists, as in /proc.

import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder, unless it exists.
 *
 * @param mode - Permissions of every folder that is made. Default: the umask decides.
 * @throws {Error} Of Node: it cannot be made, or something else has its name.
 */
export function makeFolder(path: string, mode = 0o777): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const above = dirname(path);
    // A drive that is missing on Windows is above itself.
    if (code === 'ENOENT' && above !== path && !existsSync(above)) {
      makeFolder(above, mode);
      makeFolder(path, mode);
    } else if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

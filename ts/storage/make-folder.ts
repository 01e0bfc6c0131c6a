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
    if (code === 'ENOENT' && !existsSync(dirname(path))) {
      makeFolder(dirname(path), mode);
      makeFolder(path, mode);
    } else if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

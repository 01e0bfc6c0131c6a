// bcoin from npm, in its own folder: its native parts fail to build on current Node, and are not needed.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The folder whose modules see bcoin, installed there if necessary; undefined, with a message, if that fails. */
export function bcoinFolder(): string | undefined {
  const folder = import.meta.dirname;
  if (existsSync(join(folder, 'node_modules', 'bcoin', 'package.json'))) return folder;
  const { status, stderr } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (status === 0) return folder;
  console.warn(`bcoin cannot be installed, its tests are skipped: ${stderr}`);
  return undefined;
}

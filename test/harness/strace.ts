// strace, which makes system calls fail.

import { spawnSync } from 'node:child_process';
import { noBuild } from './child.ts';
import { missingPrograms } from './labs/programs.ts';

/** Why system calls of a child cannot be made to fail; undefined if they can. */
export const noStrace = ((): string | undefined => {
  const missing = noBuild ?? missingPrograms({ strace: 'strace' });
  if (missing !== undefined) return missing;
  return spawnSync('strace', ['-qq', 'true']).status === 0 ? undefined : 'processes may not be traced here';
})();

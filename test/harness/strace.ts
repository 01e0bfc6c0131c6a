// strace, which has system calls fail.

import { spawnSync } from 'node:child_process';
import { noBuild } from './child.ts';
import { missingPrograms } from './labs/programs.ts';

/** Why the kernel cannot be made to fail the calls of a child; undefined when it can. */
export const noStrace = ((): string | undefined => {
  const missing = noBuild ?? missingPrograms({ strace: 'strace' });
  if (missing !== undefined) return missing;
  return spawnSync('strace', ['-qq', 'true']).status === 0 ? undefined : 'processes may not be traced here';
})();

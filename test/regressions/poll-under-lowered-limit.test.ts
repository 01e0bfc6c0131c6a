// poll(2) gives EINVAL when more descriptors are watched than the limit allows, which was lowered since. The failure was
// swallowed: nobody was served, and the loop spun at 30 % CPU.

import { describe, expect } from 'vitest';
import { SYSTEM_BACKENDS, noBuild, runChild } from '../harness/child.ts';
import { itUnless } from '../harness/backends.ts';
import { spawnSync } from 'node:child_process';

const noPrlimit = spawnSync('prlimit', ['--version']).status === 0 ? noBuild : 'prlimit is missing (util-linux)';

describe('a descriptor limit that is lowered below what is watched', () => {
  for (const [name, env] of SYSTEM_BACKENDS) {
    itUnless(noPrlimit)(`keeps nobody from being served (${name})`, async () => {
      const result = await runChild('test/regressions/children/lowered-limit.mjs', [], { env });
      expect(result).toMatchObject({ status: 0, stderr: '', stdout: '100 of 100 answered\n' });
    });
  }
});

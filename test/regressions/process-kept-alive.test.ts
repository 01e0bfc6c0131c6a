// node-net kept process and worker alive when its sockets were bound and never started, interrupted, joined, or disposed in
// `beforeExit`, and what was dropped without a close was never collected. The backends promise one life.

import { describe, expect } from 'vitest';
import { SYSTEM_BACKENDS, WELL, noBuild, runChild } from '../harness/child.ts';
import { itUnless } from '../harness/backends.ts';

const STAGES = [
  'created',
  'bound',
  'bound-unix',
  'interrupted',
  'joined',
  'connected',
  'closed',
  'before-exit',
  'worker',
];

describe('a process', () => {
  for (const [name, env] of SYSTEM_BACKENDS) {
    for (const stage of STAGES) {
      itUnless(noBuild)(`ends by itself at the stage "${stage}" (${name})`, async () => {
        const result = await runChild('test/regressions/children/exit-at-stage.mjs', [stage], {
          env,
          timeoutMs: 10_000,
        });
        expect(result).toEqual({ ...WELL, stdout: `${stage}\n` });
      });
    }

    itUnless(noBuild)(`gets its sockets back when a SockMan is dropped without a close (${name})`, async () => {
      const nodeFlags = ['--expose-gc'];
      const result = await runChild('test/regressions/children/dropped.mjs', [], { env, nodeFlags });
      expect(result).toEqual({ ...WELL, stdout: 'collected, and the port is free\n' });
    });
  }
});

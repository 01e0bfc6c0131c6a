// `unref` and `ref`: whether a SockMan that runs keeps the process alive.

import { describe, expect } from 'vitest';
import { SYSTEM_BACKENDS, WELL, noBuild, runChild } from '../harness/child.ts';
import { itUnless } from '../harness/backends.ts';

const SCENES = [
  ['with connections', ''],
  ['with a tick that never rests', ''],
  ['before the start', ''],
  ['and still delivers while something else holds it', 'delivered\n'],
] as const;

describe.each(SYSTEM_BACKENDS)('%s: a SockMan', (_name, env) => {
  const run = (scene: string) => runChild('test/lifecycle/children/unref.mjs', [scene], { env, timeoutMs: 10_000 });

  for (const [scene, before] of SCENES) {
    itUnless(noBuild)(`that is unreferenced lets the process end: ${scene}`, async () => {
      expect(await run(scene)).toEqual({ ...WELL, stdout: `${before}${scene}\n` });
    });
  }

  itUnless(noBuild)('that is referenced again keeps it alive', async () => {
    expect(await run('held again')).toEqual({ ...WELL, stdout: 'still here\nheld again\n' });
  });
});

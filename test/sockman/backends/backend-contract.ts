// The published conformance suite (`backendChecks` of `sockman/testing`) as tests. Run over each backend by a file of its own.

import { describe, it } from 'vitest';
import type { BackendFactory } from '../../../ts/sockman/options.ts';
import { backendChecks } from '../../../ts/testing.ts';
import type { BackendLimits } from '../../../ts/testing.ts';

const CHECK_TIMEOUT_MS = 30_000;

export function describeBackendContract(name: string, createWorld: () => BackendFactory, limits?: BackendLimits): void {
  describe(`${name} backend`, () => {
    for (const check of backendChecks(createWorld, limits)) {
      if (check.skip === undefined) it(check.name, check.run, CHECK_TIMEOUT_MS);
      else it.skip(`${check.name} (skipped: ${check.skip})`, check.run);
    }
  });
}

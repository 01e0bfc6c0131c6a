// What every backend must do, as `ts/sockman/backends/backend.ts` says it. Run over each backend by a test file of its own.

import { describe } from 'vitest';
import { describeEnding } from './contract-ending.ts';
import { describeOpening } from './contract-opening.ts';
import { useContractStage } from './contract-stage.ts';
import type { BackendLimits, BackendWorld } from './contract-stage.ts';
import { describeTraffic } from './contract-traffic.ts';

export function describeBackendContract(
  name: string,
  createWorld: () => BackendWorld,
  limits: BackendLimits = {},
): void {
  describe(`${name} backend`, () => {
    const stage = useContractStage(createWorld);
    describeOpening(stage, limits);
    describeTraffic(stage);
    describeEnding(stage, limits);
  });
}

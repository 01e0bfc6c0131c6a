// The conformance suite of backends: the rules of the module comment of `backend.ts`.

import type { BackendFactory } from '../options.ts';
import { checkMaker } from './check.ts';
import type { BackendCheck, BackendLimits } from './check.ts';
import { checkEnding } from './ending.ts';
import { checkOpening } from './opening.ts';
import { checkPasses } from './passes.ts';
import { checkTraffic } from './traffic.ts';

/**
 * The checks that every backend passes, for any test runner. They listen and dial on 127.0.0.1, ::1 and in the folder for
 * temporary files, and take some seconds in total.
 *
 * @param createWorld - Called once for each check; returns the function that makes backends. These can reach each other, and
 * run by themselves.
 * @param limits - Abilities that the backend lacks on this system, with the reasons.
 * @returns The checks, in a fixed order; each can be run alone, and at the same time as others.
 * @example
 * import { test } from 'node:test';
 * import { backendChecks } from 'sockman/testing';
 *
 * for (const { name, skip, run } of backendChecks(() => (options) => new MyBackend(options))) test(name, { skip }, run);
 */
export function backendChecks(createWorld: () => BackendFactory, limits: BackendLimits = {}): BackendCheck[] {
  const checks: BackendCheck[] = [];
  const check = checkMaker(checks, createWorld);
  checkOpening(check, limits);
  checkTraffic(check);
  checkPasses(check);
  checkEnding(check, limits);
  return checks;
}

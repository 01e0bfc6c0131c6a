// One check of the contract, for any test runner.

import type { Backend, BackendOptions } from '../backends/backend.ts';
import { ContractStage } from './stage.ts';

/**
 * What a backend cannot do on this system, and why: its checks are there with a reason to skip them.
 */
export interface BackendLimits {
  /** No listeners and dials at paths of the file system. */
  readonly noUnixSockets?: string | undefined;
  /** No second listener on a port. */
  readonly noReusePort?: string | undefined;
  /** No ::1 to listen at. */
  readonly noIPv6?: string | undefined;
  /** A listener at the IPv6 wildcard takes IPv4 as well, whatever `dualStack` says. */
  readonly noIPv6Only?: string | undefined;
  /** An RST that follows unread bytes may look like an end. Default false. */
  readonly hidesResets?: boolean;
}

/** One named check. */
export interface BackendCheck {
  /** What the backend does, such as `sending: takes nothing of nothing`. Unique. */
  readonly name: string;
  /** Why the check cannot hold on this system, by the limits that were given; undefined where it can. */
  readonly skip: string | undefined;
  /**
   * Runs it; bound to its check. Each thing that it waits for has 15 seconds. Rejects with an `AssertionError` that says what was
   * expected.
   */
  readonly run: () => Promise<void>;
}

/** Adds a check. @param skip - Why it cannot hold here. */
export type CheckMaker = (
  name: string,
  body: (stage: ContractStage) => void | Promise<void>,
  skip?: string | undefined,
) => void;

/** Makes the function that adds checks to a list, each with a stage of its own. */
export function checkMaker(
  checks: BackendCheck[],
  createWorld: () => (options: BackendOptions) => Backend,
): CheckMaker {
  return (name, body, skip) => {
    const run = async (): Promise<void> => {
      const stage = new ContractStage(createWorld());
      try {
        await body(stage);
      } finally {
        stage.end();
      }
    };
    checks.push({ name, skip, run });
  };
}

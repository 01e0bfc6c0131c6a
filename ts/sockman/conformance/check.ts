// One check of the contract, for any test runner.

import type { Backend, BackendOptions } from '../backends/backend.ts';
import { ContractStage } from './stage.ts';

/** Abilities that a backend lacks on this system, with the reasons: the checks of these carry the reason as `skip`. */
export interface BackendLimits {
  /** No listeners and dials at paths of the file system. */
  readonly noUnixSockets?: string | undefined;
  /** No second listener on a port. */
  readonly noReusePort?: string | undefined;
  /** No ::1 to listen at. */
  readonly noIPv6?: string | undefined;
  /** A listener at the IPv6 wildcard takes IPv4 as well, whatever `dualStack` says. */
  readonly noIPv6Only?: string | undefined;
  /** An RST that follows unread bytes may look like EOF. Default false. */
  readonly hidesResets?: boolean;
}

/** One named check. */
export interface BackendCheck {
  /** The behaviour that is checked, such as `sending: takes nothing of nothing`. Unique. */
  readonly name: string;
  /** Why the check cannot pass on this system, according to the limits; undefined if it can. */
  readonly skip: string | undefined;
  /**
   * Runs it; bound to its check. Each wait has a limit of 15 seconds. Rejects with an `AssertionError` that names what was
   * expected.
   */
  readonly run: () => Promise<void>;
}

/** Adds a check. @param skip - Why it cannot pass here. */
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

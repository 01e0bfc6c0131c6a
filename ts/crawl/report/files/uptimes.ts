// How reliably a node answered over the last hours, days and month: a decaying mean for each of five spans.
//
// The seeders (sipa/bitcoin-seeder, dnsseedrs) compute it this way, and readers of their files choose nodes by it. Only nodes
// that have answered at least once have a history.

/** The spans, in seconds: 2 h, 8 h, 1 d, 7 d, 30 d. */
export const UPTIME_SPANS = [7_200, 28_800, 86_400, 604_800, 2_592_000] as const;

/** Most nodes that are kept; more than ten times the reachable network. */
export const MAX_UPTIMES = 500_000;

/** Assumed time since the last try for a node that is tried for the first time, in seconds. */
const FIRST_AGE_SECONDS = 1_000;

/** A node's history. Shares are 0 to 1. */
export interface Uptime {
  /** Seconds since 1970. */
  lastTry: number;
  lastSuccess: number;
  readonly shares: Float64Array;
}

/** The histories, by address and port. */
export class Uptimes {
  readonly #nodes = new Map<string, Uptime>();
  readonly #maxNodes: number;

  constructor(maxNodes: number = MAX_UPTIMES) {
    this.#maxNodes = maxNodes;
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** Notes a visit. @returns The node's history; undefined for one that never answered, or when there is no room. */
  note(endpoint: string, seconds: number, answered: boolean): Uptime | undefined {
    let node = this.#nodes.get(endpoint);
    if (node === undefined) {
      if (!answered || this.#nodes.size >= this.#maxNodes) return undefined;
      node = { lastTry: seconds - FIRST_AGE_SECONDS, lastSuccess: 0, shares: new Float64Array(UPTIME_SPANS.length) };
      this.#nodes.set(endpoint, node);
    }
    const age = Math.max(0, seconds - node.lastTry);
    for (const [at, span] of UPTIME_SPANS.entries()) {
      const kept = Math.exp(-age / span);
      node.shares[at] = node.shares[at]! * kept + (answered ? 1 - kept : 0);
    }
    node.lastTry = seconds;
    if (answered) node.lastSuccess = seconds;
    return node;
  }

  /** Restores a history from a file. */
  restore(endpoint: string, lastSuccess: number, shares: readonly number[]): void {
    if (this.#nodes.size >= this.#maxNodes) return;
    this.#nodes.set(endpoint, { lastTry: lastSuccess, lastSuccess, shares: Float64Array.from(shares) });
  }

  /** Forgets nodes that have not answered since a point in time. */
  forgetBefore(seconds: number): void {
    for (const [endpoint, { lastSuccess }] of this.#nodes) if (lastSuccess < seconds) this.#nodes.delete(endpoint);
  }
}

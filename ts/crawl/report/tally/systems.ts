// Reachable clearnet nodes by autonomous system: the largest systems, and how few of them hold half of the nodes.

import type { SystemsSummary } from './summary.ts';

/** How many systems are listed one by one. */
const TOP = 12;
/** Number of points of the curve: enough for its width on the page. */
const CURVE_POINTS = 60;

/** Counts nodes by the system they are in. There are fewer than 100,000 systems, so all are kept. */
export class Systems {
  readonly #nodes = new Map<number, { ipv4: number; ipv6: number }>();

  add(asn: number, network: 'ipv4' | 'ipv6'): void {
    let system = this.#nodes.get(asn);
    if (system === undefined) this.#nodes.set(asn, (system = { ipv4: 0, ipv6: 0 }));
    system[network] += 1;
  }

  /** Undefined when no node's system is known. */
  summary(): SystemsSummary | undefined {
    const systems = [...this.#nodes].map(([asn, { ipv4, ipv6 }]) => ({ asn, ipv4, ipv6, nodes: ipv4 + ipv6 }));
    if (systems.length === 0) return undefined;
    systems.sort((a, b) => b.nodes - a.nodes || a.asn - b.asn);
    const shares = cumulativeShares(systems.map(({ nodes }) => nodes));
    return {
      nodes: systems.reduce((sum, { nodes }) => sum + nodes, 0),
      systems: systems.length,
      halfIn: shares.findIndex((share) => share >= 0.5) + 1,
      top: systems.slice(0, TOP).map(({ asn, ipv4, ipv6 }) => ({ asn, ipv4, ipv6 })),
      curve: ranksToShow(systems.length).map((rank) => [rank, Number(shares[rank - 1]!.toFixed(4))] as const),
    };
  }
}

function cumulativeShares(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let sum = 0;
  return counts.map((count) => (sum += count) / total);
}

/** Ranks from the first to the last, spaced by equal ratios. */
function ranksToShow(last: number): number[] {
  const ranks = Array.from({ length: CURVE_POINTS }, (_, point) => Math.round(last ** (point / (CURVE_POINTS - 1))));
  return [...new Set(ranks)];
}

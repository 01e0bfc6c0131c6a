// The content of `summary.json`: everything that the report shows, and nothing about single nodes.

import type { Outcome } from '../../record/outcome.ts';
import type { Distribution, Shape } from './log-histogram.ts';
import type { TextCount, TopTexts } from './text-counts.ts';

/** The networks of the report, in its order. */
export const REPORT_NETWORKS = ['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns'] as const;

/** A network that nodes are reached through. */
export type ReportNetwork = (typeof REPORT_NETWORKS)[number];

/** A value for each network. */
export type ByNetwork<Value> = Readonly<Record<ReportNetwork, Value>>;

/** Figures of one network, or of all. */
export interface NetworkSummary {
  /** Known addresses, visited or still waiting. */
  readonly known: number;
  readonly reachable: number;
  /** How many of the reachable nodes spoke the encrypted transport (BIP 324). */
  readonly v2: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Durations at reachable nodes. */
  readonly connectMs: Distribution;
  readonly handshakeMs: Distribution;
  readonly pingMs: Distribution;
}

/** How many nodes a round found, for the line over rounds. */
export interface RoundPoint {
  readonly round: number;
  /** Milliseconds since 1970. */
  readonly endedAt: number;
  readonly reachable: number;
  readonly networks: ByNetwork<number>;
}

/** Where reachable clearnet nodes are, by autonomous system. */
export interface SystemsSummary {
  /** Nodes whose system is known. */
  readonly nodes: number;
  readonly systems: number;
  /** Number of systems, largest first, that hold half of the nodes. */
  readonly halfIn: number;
  readonly top: readonly { readonly asn: number; readonly ipv4: number; readonly ipv6: number }[];
  /** Share of the nodes in the `rank` largest systems. */
  readonly curve: readonly (readonly [rank: number, share: number])[];
}

/** The age of the addresses that nodes tell: each node counts with the median of its answer. */
export interface AgesSummary {
  readonly nodes: number;
  readonly medianSeconds?: number;
  /** Nodes by age, in the bins of `AGE_EDGES_SECONDS`. */
  readonly networks: ByNetwork<readonly number[]>;
}

/** Upper edges of the bins of ages, in seconds; the last bin is open. */
export const AGE_EDGES_SECONDS = [1, 3, 12, 24, 48, 72, 120, 168, 240].map((hours) => hours * 3_600);

/** How announcements spread: milliseconds since the first one, medians over all that were followed. */
export interface SpreadSummary {
  readonly seen: number;
  readonly all: SpreadTimes;
  readonly networks: Readonly<Partial<Record<ReportNetwork, SpreadTimes>>>;
  /** The autonomous systems with most held connections, at least ten each; left out without an AS map. */
  readonly systems?: readonly SystemSpread[];
}

/** Times at which half and nine tenths of the held connections had announced an item. */
export interface SpreadTimes {
  readonly p50?: number;
  readonly p90?: number;
}

/** How announcements spread among the held connections to one autonomous system. */
export interface SystemSpread extends SpreadTimes {
  readonly asn: number;
  /** Held connections. */
  readonly held: number;
}

/** What a monitor adds to the report. */
export interface PropagationSummary {
  readonly connections: number;
  readonly hours: number;
  readonly blocks: SpreadSummary;
  readonly transactions: SpreadSummary;
}

/** What was taken, dropped and capped. A field is undefined when records alone do not tell it. */
export interface TrustSummary {
  readonly answers: number;
  readonly addressesTold: number;
  readonly distinct?: number;
  readonly droppedForPort?: number;
  readonly droppedForTime?: number;
  readonly sourcesAtLimit: number;
  /** What those sources have in common, if anything. */
  readonly sourcesAtLimitIn?: string;
  readonly excluded?: number;
  readonly leftAlone?: number;
}

/** What a crawler knows about a round besides its records. */
export interface RoundFacts {
  /** False while addresses wait to be visited. */
  readonly isComplete?: boolean;
  /** Known addresses, by network; left out, addresses with a record are counted. */
  readonly known?: ByNetwork<number>;
  readonly distinct?: number;
  readonly droppedForPort?: number;
  readonly droppedForTime?: number;
  readonly excluded?: number;
  readonly leftAlone?: number;
  readonly propagation?: PropagationSummary;
}

/** A round in numbers. */
export interface Summary {
  /** Version of this format. */
  readonly version: 1;
  readonly madeBy: string;
  /** `main`, `testnet4`, `signet`, `regtest` … */
  readonly chain: string;
  readonly round: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly isComplete: boolean;
  /** Share of the known addresses that have been visited, 0 to 1. */
  readonly visitedShare: number;
  readonly all: NetworkSummary;
  readonly networks: ByNetwork<NetworkSummary>;
  /** Servers that answered but were not Bitcoin nodes: `http`, `tls`, `ssh`, `other`. */
  readonly notBitcoin: readonly TextCount[];
  readonly userAgents: TopTexts;
  readonly protocolVersions: TopTexts;
  readonly services: readonly TextCount[];
  readonly ports: TopTexts;
  /** Left out without an AS map. */
  readonly systems?: SystemsSummary;
  readonly ages: AgesSummary;
  /** Shapes of the durations, on a common axis; networks with fewer than 30 nodes have none. */
  readonly latency: Readonly<Partial<Record<ReportNetwork, Readonly<Record<LatencyName, Shape>>>>>;
  /** Oldest first; this round is the last. */
  readonly rounds: readonly RoundPoint[];
  readonly propagation?: PropagationSummary;
  readonly trust: TrustSummary;
}

/** The durations of a visit. */
export type LatencyName = 'connectMs' | 'handshakeMs' | 'pingMs';

// What a monitor may be told, and how much it may hold.

import type { CrawlOptions } from '../crawl-options.ts';

/** Connections to reach: all reachable nodes, with room. */
export const DEFAULT_MAX_HELD = 32_000;

/** Descriptors that are left for files, proxies and listeners. */
export const RESERVED_DESCRIPTORS = 64;

/** Options of a `Monitor`. */
export interface MonitorOptions {
  /** As for a `Crawler`: chain, routes, seeds, exclusions, rates, contact. `concurrency` is for dials at once. */
  readonly crawl: CrawlOptions;
  /** Connections at once, 1 to 1,000,000. Default 32,000. */
  readonly maxHeld?: number;
  /** Where lines and `propagation.json` go; left out, nothing is kept. */
  readonly folder?: string;
  /** Between two pings of a peer, in milliseconds, 1,000 to a day. Default 120,000. */
  readonly pingEveryMs?: number;
}

/** What a monitor sees at a moment. */
export interface MonitorPicture {
  readonly held: number;
  readonly dialing: number;
  readonly maxHeld: number;
  /** Held, by network and by transport. */
  readonly networks: Readonly<Record<string, number>>;
  readonly v2: number;
  readonly known: number;
  readonly blocksSeen: number;
  readonly transactionsSeen: number;
  readonly addressesTold: number;
  readonly sessionsEnded: number;
  readonly leftAlone: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** The medians of round trips and of sessions that ended; undefined without any. */
  readonly pingMs: number | undefined;
  readonly sessionSeconds: number | undefined;
}

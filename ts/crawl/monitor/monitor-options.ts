// Options and figures of a monitor.

import type { CrawlOptions } from '../crawl-options.ts';

/** Enough for all reachable nodes, with room to spare. */
export const DEFAULT_MAX_HELD = 32_000;

/** Descriptors that are kept free for files, proxies and listeners. */
export const RESERVED_DESCRIPTORS = 64;

/** Options of a `Monitor`. */
export interface MonitorOptions {
  /** As for a `Crawler`: chain, routes, seeds, exclusions, rates, contact. `concurrency` limits dials at once. */
  readonly crawl: CrawlOptions;
  /** Most connections at once, 1 to 1,000,000. Default 32,000. */
  readonly maxHeld?: number;
  /** Folder for the lines and `propagation.json`; left out, nothing is kept. */
  readonly folder?: string;
  /** Interval between pings of a peer, in milliseconds, 1,000 to a day. Default 120,000. */
  readonly pingEveryMs?: number;
}

/** Figures of a monitor at one moment. */
export interface MonitorPicture {
  readonly held: number;
  readonly dialing: number;
  readonly maxHeld: number;
  /** Held peers by network, and those that speak V2. */
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
  /** Medians of round trips and of the length of finished sessions; undefined before the first. */
  readonly pingMs: number | undefined;
  readonly sessionSeconds: number | undefined;
}

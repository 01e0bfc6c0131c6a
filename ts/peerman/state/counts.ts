// Counts of a `PeerManager` over all peers, including those that are gone: for metrics.

import { Histogram } from '../../util/histogram.ts';

/** Upper ends of the bins of `pingSeconds`. */
const PING_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Counts since the start. They only grow. */
export class PeerManagerCounts {
  /** Peers that broke the protocol. */
  misbehaving = 0;
  /** Addresses from peers: processed, and dropped above the rate limit. */
  addressesProcessed = 0;
  addressesRateLimited = 0;
  /** Round trips of pings, in seconds. */
  readonly pingSeconds = new Histogram(PING_SECONDS);
}

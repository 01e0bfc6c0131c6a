// What each peer gets of something that all of them have: memory, mostly.

/** As many peers as a node of Bitcoin Core has: up to here each gets in full what it would get there. */
const PEERS_IN_FULL = 125;

/**
 * The share of each peer: `full` up to 125 peers; with more, together as much as 125 had, but none less than `least`.
 *
 * @param full - A whole number.
 */
export function peerShare(full: number, least: number, peerCount: number): number {
  return Math.max(least, Math.floor((full * PEERS_IN_FULL) / Math.max(peerCount, PEERS_IN_FULL)));
}

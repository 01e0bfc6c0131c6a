// The goals of a row, relative to a bitcoind in the same run: those of docs/floods.md.

/** How many times bitcoind's figure that of a row may be. */
const FACTOR = 1.5;
const MOST_BYTES = 400e6;
/** A pong that is quick enough whatever bitcoind does, in milliseconds. */
const GOOD_PONG_MS = 300;
const GOOD_LAG_MS = 100;
const NEWCOMERS_SHARE = 0.5;

/**
 * The goals that a row of ours misses, in words; `none` if it misses none.
 * @param {Record<string, any>} ours @param {Record<string, any> | undefined} theirs @param {string} kind
 */
export function missedGoals(ours, theirs, kind) {
  const missed = [
    ours.peakBytes > MOST_BYTES && 'memory',
    ours.lagMs > GOOD_LAG_MS && 'lag',
    ours.leftBytes > FACTOR * ours.beforeBytes && 'back',
  ];
  if (theirs !== undefined) {
    missed.push(
      ours.peakBytes > FACTOR * theirs.peakBytes && 'memory to bitcoind',
      ours.worstMs > Math.max(GOOD_PONG_MS, FACTOR * theirs.worstMs) && 'pong',
      kind === 'handshakes' && ours.handshakes < NEWCOMERS_SHARE * theirs.handshakes && 'newcomers',
    );
  }
  return missed.filter(Boolean).join(', ') || 'none';
}

// `feefilter`: the lowest fee rate of transactions that peers should announce. (BIP 133; Bitcoin Core
// src/net_processing.cpp, MaybeSendFeefilter; src/policy/fees, FeeFilterRounder)

import { FEEFILTER_VERSION, MAX_MONEY_SAT } from '../../p2p/protocol.ts';
import { exponentialMs, uniformBelow } from '../../util/random.ts';
import type { PeerContext } from '../state/peer-context.ts';
import type { PeerState } from '../state/peer-state.ts';

/** Mean time between filters, and the longest delay of a large change, in milliseconds. */
const BROADCAST_MEAN_MS = 600_000;
const MAX_CHANGE_DELAY_MS = 300_000;
/** The levels: 0, then from 50 upwards in steps of a tenth. (Core FEE_FILTER_SPACING, MAX_FILTER_FEERATE) */
const FIRST_LEVEL = 50;
const LEVEL_SPACING = 1.1;
const LEVEL_LIMIT = 10_000_000;
/** The last of them: what `MAX_MONEY_SAT` is rounded to. */
export const HIGHEST_FEE_LEVEL = 9_936_506n;
/** One draw in this many rounds up; the others round down. */
const ROUNDING_DRAWS = 3;

/** The rates that are sent, ascending: rounded, so that they do not identify a node. */
export function* feeLevels(): Generator<bigint> {
  yield 0n;
  for (let level = FIRST_LEVEL; level <= LEVEL_LIMIT; level *= LEVEL_SPACING) yield BigInt(Math.floor(level));
}

/** Rounds a rate up to a level, or, two times in three, down to the one below. @param draw - 0, 1 or 2. */
export function roundFee(rate: bigint, draw: number): bigint {
  let below = 0n;
  for (const level of feeLevels()) {
    if (level >= rate) return draw === 0 ? level : below;
    below = level;
  }
  return below;
}

/** Whether a peer is sent our lowest rate: it may send transactions, and has no permission to send any it likes. */
export function isToldFeeFilter({ settings }: PeerContext, { node }: PeerState): boolean {
  if (!settings.sendsFeeFilter || settings.ignoresIncomingTxs || node.isBlockRelay) return false;
  return node.commonVersion >= FEEFILTER_VERSION && !node.hasPermission('forcerelay');
}

/** Sends a peer our lowest rate, if it is time. */
export function maybeSendFeeFilter(context: PeerContext, peer: PeerState): void {
  if (!isToldFeeFilter(context, peer)) return;
  const { hooks, random } = context;
  const { feeFilter } = peer;
  const isCatchingUp = hooks.isInitialBlockDownload?.() === true;
  // The rate that excludes everything, as long as transactions cannot be judged.
  const current = isCatchingUp ? MAX_MONEY_SAT : (hooks.minFeeRate?.() ?? 0n);
  const nowMs = context.clock.wallTimeMs();
  if (!isCatchingUp && feeFilter.sentSatPerKvB === HIGHEST_FEE_LEVEL) feeFilter.nextMs = 0;
  if (nowMs > feeFilter.nextMs) {
    const rounded = roundFee(current, uniformBelow(random, ROUNDING_DRAWS));
    // The configured floor is not rounded: many nodes have the same, and below it nothing is relayed.
    const { minRelayFeeRate } = context.settings;
    const rate = rounded > minRelayFeeRate ? rounded : minRelayFeeRate;
    if (rate !== feeFilter.sentSatPerKvB) {
      context.send(peer, { type: 'feefilter', feeRateSatPerKvB: rate });
      feeFilter.sentSatPerKvB = rate;
    }
    feeFilter.nextMs = nowMs + exponentialMs(random, BROADCAST_MEAN_MS);
  } else if (nowMs + MAX_CHANGE_DELAY_MS < feeFilter.nextMs && isLargeChange(current, feeFilter.sentSatPerKvB)) {
    feeFilter.nextMs = nowMs + uniformBelow(random, MAX_CHANGE_DELAY_MS);
  }
}

function isLargeChange(current: bigint, sent: bigint): boolean {
  return current < (3n * sent) / 4n || current > (4n * sent) / 3n;
}

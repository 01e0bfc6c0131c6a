// What kind of automatic connection is wanted next. (Bitcoin Core src/net.cpp, ThreadOpenConnections)
//
// | | condition | connection |
// |---|---|---|
// | a | anchors are left, and a block-relay-only peer is missing | block-relay-only, from the anchors |
// | b | a full-relay peer is missing | full-relay |
// | c | a block-relay-only peer is missing | block-relay-only |
// | d | the tip looks stale | full-relay, one more |
// | e | every 5 min, once near the tip | block-relay-only, one more |
// | f | every 2 min | feeler |
// | g | every 5 min, with all full-relay peers | full-relay, one more, on a network without any |
//
// The first matching row applies. Intervals are random, so that the next dial cannot be predicted.

import type { PublicNetworkName } from '../../netaddr/networks/network.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { exponentialMs } from '../../util/random.ts';
import type { ConnectionBudget } from '../settings/budget.ts';
import type { ConnectionType } from '../node/connection-types.ts';
import { MAX_FULL_RELAY_CONNECTIONS } from '../settings/budget.ts';

/** Mean intervals, in milliseconds. (Core, FEELER_INTERVAL and EXTRA_BLOCK_RELAY_ONLY_PEER_INTERVAL, EXTRA_NETWORK_PEER_INTERVAL) */
export const FEELER_INTERVAL_MS = 2 * 60_000;
export const EXTRA_BLOCK_RELAY_INTERVAL_MS = 5 * 60_000;
export const EXTRA_NETWORK_INTERVAL_MS = 5 * 60_000;

/** The current connections. */
export interface OutboundSituation {
  readonly nowMs: number;
  readonly fullRelayCount: number;
  readonly blockRelayCount: number;
  readonly hasAnchors: boolean;
  /** One more full-relay peer is wanted, because the tip looks stale. */
  readonly isTipStale: boolean;
  readonly wantsExtraBlockRelay: boolean;
  /** A reachable network that has addresses but no peers, chosen at random; undefined when there is none. */
  missingNetwork(): PublicNetworkName | undefined;
}

/** The wanted connection. */
export interface WantedConnection {
  readonly connectionType: ConnectionType;
  readonly usesAnchors: boolean;
  /** The only network to look in; undefined for all reachable ones. */
  readonly network: PublicNetworkName | undefined;
}

/** Decides, and keeps the times of periodic dials. */
export class OutboundDecision {
  readonly #budget: ConnectionBudget;
  readonly #random: RandomUint32;
  #nextFeelerMs: number;
  #nextExtraBlockRelayMs: number;
  #nextExtraNetworkMs: number;

  /** @param nowMs - The start of all intervals. */
  constructor(budget: ConnectionBudget, random: RandomUint32, nowMs: number) {
    this.#budget = budget;
    this.#random = random;
    this.#nextFeelerMs = this.#after(nowMs, FEELER_INTERVAL_MS);
    this.#nextExtraBlockRelayMs = this.#after(nowMs, EXTRA_BLOCK_RELAY_INTERVAL_MS);
    this.#nextExtraNetworkMs = this.#after(nowMs, EXTRA_NETWORK_INTERVAL_MS);
  }

  /** What is wanted now; undefined for nothing. Returning a periodic dial starts its next interval. */
  next(situation: OutboundSituation): WantedConnection | undefined {
    const { nowMs, fullRelayCount, blockRelayCount } = situation;
    const { maxFullRelay, maxBlockRelay } = this.#budget;
    const lacksBlockRelay = blockRelayCount < maxBlockRelay;
    if (situation.hasAnchors && lacksBlockRelay) return wanted('block-relay-only', { usesAnchors: true });
    if (fullRelayCount < maxFullRelay) return wanted('outbound-full-relay');
    if (lacksBlockRelay) return wanted('block-relay-only');
    if (situation.isTipStale) return wanted('outbound-full-relay');
    if (nowMs > this.#nextExtraBlockRelayMs && situation.wantsExtraBlockRelay) {
      this.#nextExtraBlockRelayMs = this.#after(nowMs, EXTRA_BLOCK_RELAY_INTERVAL_MS);
      return wanted('block-relay-only');
    }
    if (nowMs > this.#nextFeelerMs) {
      this.#nextFeelerMs = this.#after(nowMs, FEELER_INTERVAL_MS);
      return wanted('feeler');
    }
    const hasAllFullRelay = fullRelayCount === maxFullRelay && maxFullRelay === MAX_FULL_RELAY_CONNECTIONS;
    if (!hasAllFullRelay || nowMs <= this.#nextExtraNetworkMs) return undefined;
    const network = situation.missingNetwork();
    if (network === undefined) return undefined;
    this.#nextExtraNetworkMs = this.#after(nowMs, EXTRA_NETWORK_INTERVAL_MS);
    return wanted('outbound-full-relay', { network });
  }

  #after(nowMs: number, meanMs: number): number {
    return nowMs + exponentialMs(this.#random, meanMs);
  }
}

function wanted(
  connectionType: ConnectionType,
  { usesAnchors = false, network }: { usesAnchors?: boolean; network?: PublicNetworkName } = {},
): WantedConnection {
  return { connectionType, usesAnchors, network };
}

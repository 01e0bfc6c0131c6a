// How long a peer may be left alone: with thousands of peers, checking each ten times a second would cost more than all that
// is ever sent.

import type { PeerContext } from './state/peer-context.ts';
import { isToldFeeFilter } from './transactions/fee-filter.ts';
import type { PeerState } from './state/peer-state.ts';
import { PING_INTERVAL_MS, PONG_TIMEOUT_MS } from './conversation/ping.ts';
import type { Transactions } from './transactions/transactions.ts';
import { isToldAtOnce } from './transactions/tx-relay.ts';

/**
 * Longest time between two visits to a peer, in milliseconds: for things whose time is not known beforehand and that can
 * wait, such as changed answers of the embedder, tasks over all peers, and timeouts of minutes.
 */
const MAX_QUIET_MS = 1_000;

/**
 * After a visit: for how long nothing is due to a peer if nothing happens, in milliseconds. Undefined if every visit may
 * have something to do, as in the handshake, or with an embedder that is asked each time.
 */
export function quietMs(context: PeerContext, { download }: Transactions, peer: PeerState): number | undefined {
  const { chainView, hooks } = context;
  const { node, ping, gossip, txRelay, feeFilter } = peer;
  if (!node.isSuccessfullyConnected || node.isPrivateBroadcast) return undefined;
  if (chainView !== undefined || hooks.blocksToAnnounce !== undefined || download?.isWaitingFor(peer)) return undefined;
  if (txRelay !== undefined && txRelay.backlog.length > 0 && isToldAtOnce(node)) return undefined;
  const nowMs = context.clock.wallTimeMs();
  let dueMs = ping.startMs + (ping.nonce === 0n ? PING_INTERVAL_MS : PONG_TIMEOUT_MS);
  if (gossip !== undefined) dueMs = Math.min(dueMs, gossip.nextGossipMs);
  if (txRelay !== undefined) dueMs = Math.min(dueMs, txRelay.nextInvMs);
  if (isToldFeeFilter(context, peer)) dueMs = Math.min(dueMs, feeFilter.nextMs);
  return Math.max(0, Math.min(MAX_QUIET_MS, dueMs - nowMs));
}

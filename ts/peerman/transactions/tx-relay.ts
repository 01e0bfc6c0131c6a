// Announcing transactions to one peer: what it knows, what waits, and when it is sent.
//
// An observer who watches a node from many places could see from the times of its announcements where transactions come from.
// So they are collected and sent at random moments, and all inbound peers of one network get them at the same moments:
// many connections tell a spy no more than one. (Bitcoin Core src/net_processing.cpp, SendMessages; BIPs 35, 133, 339)

import type { P2PNode } from '../../connman/node/peer.ts';
import { InventoryType, MAX_INVENTORY_ITEMS } from '../../p2p/messages/inventory.ts';
import type { InventoryItem } from '../../p2p/messages/inventory.ts';
import { exponentialMs } from '../../util/random.ts';
import type { TxAnnouncement } from '../contract/announcements.ts';
import type { PeerContext } from '../state/peer-context.ts';
import type { PeerState } from '../state/peer-state.ts';
import type { TxRelayState } from '../state/tx-relay-state.ts';

/** Mean time between announcements, in milliseconds. (Core INBOUND_/OUTBOUND_INVENTORY_BROADCAST_INTERVAL) */
const INBOUND_MEAN_MS = 5_000;
const OUTBOUND_MEAN_MS = 2_000;
/** Transactions per announcement: a base, more for a long backlog, and a limit. (Core INVENTORY_BROADCAST_TARGET, _MAX) */
const BATCH_BASE = 70;
const BATCH_PER_THOUSAND = 5;
const BATCH_LIMIT = 1_000;
/** Most transactions in an answer to `mempool`, the best ones first: as many as fit into one message. */
const MAX_MEMPOOL_ITEMS = MAX_INVENTORY_ITEMS;
/** Announces waiting transactions, if it is time. */
export function maybeSendTxInvs(context: PeerContext, peer: PeerState): void {
  const { txRelay } = peer;
  if (txRelay === undefined || !isTime(context, peer, txRelay)) return;
  if (!txRelay.isWanted) txRelay.backlog.length = 0;
  const items: InventoryItem[] = [];
  if (txRelay.isMempoolWanted) {
    txRelay.isMempoolWanted = false;
    // Includes what the peer already knows: it asked for everything.
    for (const transaction of context.hooks.mempool?.(peer.node) ?? []) {
      if (items.length === MAX_MEMPOOL_ITEMS) break;
      if (passesFilters(context, peer, txRelay, transaction)) note(peer, txRelay, transaction, items);
    }
  }
  const limit = Math.min(BATCH_BASE + BATCH_PER_THOUSAND * Math.floor(txRelay.backlog.length / 1_000), BATCH_LIMIT);
  if (txRelay.backlog.length > 0) collectBacklog(context, peer, txRelay, items, items.length + limit);
  txRelay.lastInvSequence = context.nextTxSequence;
  for (let from = 0; from < items.length; from += MAX_INVENTORY_ITEMS) {
    context.send(peer, { type: 'inv', items: items.slice(from, from + MAX_INVENTORY_ITEMS) });
  }
}

/** Whether a peer is told without delay: the user vouched for it, so it is not a spy. */
export function isToldAtOnce(node: P2PNode): boolean {
  return node.hasPermission('noban');
}

function isTime(context: PeerContext, { node }: PeerState, txRelay: TxRelayState): boolean {
  const { random, inboundInvTimes } = context;
  const nowMs = context.clock.wallTimeMs();
  if (txRelay.nextInvMs >= nowMs) return isToldAtOnce(node);
  if (!node.isInbound) {
    txRelay.nextInvMs = nowMs + exponentialMs(random, OUTBOUND_MEAN_MS);
    return true;
  }
  let nextMs = inboundInvTimes.get(node.networkKey) ?? 0;
  if (nextMs < nowMs) {
    nextMs = nowMs + exponentialMs(random, INBOUND_MEAN_MS);
    inboundInvTimes.set(node.networkKey, nextMs);
  }
  txRelay.nextInvMs = nextMs;
  return true;
}

/** Moves transactions from the backlog into `items` up to `itemLimit`, in the embedder's order. */
function collectBacklog(
  context: PeerContext,
  peer: PeerState,
  txRelay: TxRelayState,
  items: InventoryItem[],
  itemLimit: number,
): void {
  const { backlog } = txRelay;
  const ordered = context.hooks.orderTxs?.(peer.node, backlog) ?? backlog;
  let doneCount = 0;
  for (; doneCount < ordered.length && items.length < itemLimit; doneCount++) {
    const transaction = ordered[doneCount]!;
    if (txRelay.isKnown(hashFor(peer, transaction)) || !passesFilters(context, peer, txRelay, transaction)) continue;
    note(peer, txRelay, transaction, items);
  }
  backlog.splice(0, backlog.length, ...ordered.slice(doneCount));
}

/** The hash by which the peer identifies transactions. */
function hashFor({ isWtxidRelay }: PeerState, { txid, wtxid }: TxAnnouncement): Uint8Array {
  return isWtxidRelay ? wtxid : txid;
}

/** Whether the filters that the peer set let a transaction through. */
function passesFilters(
  { hooks }: PeerContext,
  { node }: PeerState,
  txRelay: TxRelayState,
  tx: TxAnnouncement,
): boolean {
  const { bloomFilter, feeFilterSatPerKvB } = txRelay;
  if (tx.feeRateSatPerKvB !== undefined && tx.feeRateSatPerKvB < feeFilterSatPerKvB) return false;
  return bloomFilter === undefined || hooks.isTxRelevant?.(node, tx, bloomFilter) !== false;
}

function note(peer: PeerState, txRelay: TxRelayState, transaction: TxAnnouncement, items: InventoryItem[]): void {
  const hash = hashFor(peer, transaction);
  txRelay.noteKnown(hash);
  items.push({ type: peer.isWtxidRelay ? InventoryType.WTX : InventoryType.TX, hash });
}

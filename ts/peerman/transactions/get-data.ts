// `getdata`: a peer's requests, served in order and no faster than it reads the answers.
//
// Requests wait in a queue, and while there are any, no other message of the peer is processed: answers keep their order,
// and the queue holds at most one message's requests. Each visit serves the transactions at its front, as long as the peer
// reads and the missing ones fit into one answer, and then one other item. (Bitcoin Core src/net_processing.cpp,
// ProcessGetData)

import type { InventoryEntries, InventoryItem } from '../../p2p/messages/inventory.ts';
import {
  INVENTORY_ENTRY_BYTES,
  InventoryType,
  MAX_INVENTORY_ITEMS,
  MAX_NOTFOUND_ITEMS,
} from '../../p2p/messages/inventory.ts';
import { stripWitnesses } from '../../p2p/messages/transaction.ts';
import { Services } from '../../p2p/protocol.ts';
import { ByteWriter } from '../../util/bytes/bytes.ts';
import type { PeerContext } from '../state/peer-context.ts';
import type { PeerState } from '../state/peer-state.ts';

/** Blocks this much older than the best header are history, which is withheld once the upload target is used up. (Core) */
const HISTORICAL_BLOCK_AGE_SECONDS = 7 * 86_400;
/** How far below the tip a pruned node serves: 288 blocks, and two for blocks found meanwhile. (BIP 159, Core) */
const PRUNED_DEPTH_BLOCKS = 290;

/** Longest list of missing items, in bytes, and room for its count. */
const MAX_MISSING_BYTES = MAX_NOTFOUND_ITEMS * INVENTORY_ENTRY_BYTES;
const MAX_COUNT_BYTES = 9;

const TX_TYPES: ReadonlySet<number> = new Set([InventoryType.TX, InventoryType.WTX, InventoryType.WITNESS_TX]);
const BLOCK_TYPES: ReadonlySet<number> = new Set([
  InventoryType.BLOCK,
  InventoryType.FILTERED_BLOCK,
  InventoryType.COMPACT_BLOCK,
  InventoryType.WITNESS_BLOCK,
]);

export function takeGetData(context: PeerContext, peer: PeerState, entries: InventoryEntries): void {
  if (entries.count > MAX_INVENTORY_ITEMS) {
    return context.misbehaving(peer, `more than ${MAX_INVENTORY_ITEMS} entries in getdata`);
  }
  peer.requests.fill(entries);
  serveRequests(context, peer);
}

/** Serves what the peer can take now, at most what fits into one `notfound`. A request whose hook throws is dropped. */
export function serveRequests(context: PeerContext, peer: PeerState): void {
  const { requests, node, txRelay } = peer;
  const missing = new ByteWriter();
  try {
    while (requests.length > 0 && !node.isSendPaused && missing.length < MAX_MISSING_BYTES) {
      const { firstType: type, firstBytes } = requests;
      const isNeeded = BLOCK_TYPES.has(type) || (TX_TYPES.has(type) && context.hooks.getTx !== undefined);
      const item = isNeeded ? requests.first : undefined;
      requests.dropFirst();
      if (!TX_TYPES.has(type)) {
        if (item !== undefined) serveBlock(context, peer, item);
        break;
      }
      if (txRelay === undefined) continue;
      if (item === undefined || !serveTx(context, peer, item, txRelay.lastInvSequence)) missing.bytes(firstBytes);
    }
  } finally {
    if (missing.length > 0) sendNotFound(context, peer, missing.written());
    const payload = requests.takeEmptied();
    if (payload !== undefined) context.releasePayload('getdata', payload);
  }
}

function serveTx(context: PeerContext, peer: PeerState, item: InventoryItem, lastInvSequence: number): boolean {
  const bytes = context.hooks.getTx?.(peer.node, item, lastInvSequence);
  if (bytes === undefined) return false;
  const isWithWitnesses = item.type !== InventoryType.TX;
  context.send(peer, { type: 'tx', payload: isWithWitnesses ? bytes : stripWitnesses(bytes) });
  return true;
}

function serveBlock(context: PeerContext, peer: PeerState, item: InventoryItem): void {
  const refusal = refuseBlock(context, peer, item);
  if (refusal !== undefined) peer.node.disconnect(refusal);
  else context.hooks.onGetData?.(peer.node, item);
}

/** Why a block is not served to a peer without special permission; undefined if it is. */
function refuseBlock(context: PeerContext, peer: PeerState, item: InventoryItem): string | undefined {
  const { chainView, network, bestHeight } = context;
  const { node, ourServices } = peer;
  const block = chainView?.block(item.hash);
  if (chainView === undefined || block === undefined) return undefined;
  const isOld = block.timeSeconds < chainView.bestHeaderTimeSeconds() - HISTORICAL_BLOCK_AGE_SECONDS;
  const isCostly = isOld || item.type === InventoryType.FILTERED_BLOCK;
  if (isCostly && !node.hasPermission('download') && network.outboundTargetReached(true)) {
    return 'asks for history past the upload target';
  }
  const isPruned = (ourServices & (Services.NETWORK | Services.NETWORK_LIMITED)) === Services.NETWORK_LIMITED;
  if (isPruned && !node.hasPermission('noban') && bestHeight - block.height > PRUNED_DEPTH_BLOCKS) {
    return 'asks for a block deeper than a pruned node serves';
  }
  return undefined;
}

/** @param entries - At most `MAX_NOTFOUND_ITEMS`: peers ignore longer messages. */
function sendNotFound(context: PeerContext, peer: PeerState, entries: Uint8Array): void {
  const count = entries.length / INVENTORY_ENTRY_BYTES;
  const payload = new ByteWriter(entries.length + MAX_COUNT_BYTES).compactSize(count).bytes(entries).finish();
  context.sendPayload(peer, 'notfound', payload);
}

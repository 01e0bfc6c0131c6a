// `inv`, `tx`, `notfound`: announcements, and transactions themselves. (Bitcoin Core src/net_processing.cpp)

import type { InventoryEntries, InventoryItem, NotFoundMessage } from '../../p2p/messages/inventory.ts';
import { InventoryType, MAX_INVENTORY_ITEMS } from '../../p2p/messages/inventory.ts';
import type { TxMessage } from '../../p2p/messages/blocks.ts';
import { transactionIds } from '../../p2p/messages/transaction.ts';
import type { PeerContext } from '../state/peer-context.ts';
import type { PeerState } from '../state/peer-state.ts';
import type { Transactions } from './transactions.ts';

/**
 * `inv`: blocks, and transactions in the negotiated form. Other entries are ignored. Whatever was negotiated, a transaction
 * may also be announced by its txid with the flag for witnesses.
 */
export function takeInv(
  context: PeerContext,
  { download }: Transactions,
  peer: PeerState,
  entries: InventoryEntries,
): void {
  const { hooks } = context;
  if (entries.count > MAX_INVENTORY_ITEMS) {
    return context.misbehaving(peer, `more than ${MAX_INVENTORY_ITEMS} entries in inv`);
  }
  const txType = peer.isWtxidRelay ? InventoryType.WTX : InventoryType.TX;
  const rejectsTxs = context.rejectsIncomingTxs(peer);
  const wantsTxs = hooks.isInitialBlockDownload?.() !== true;
  const wanted: InventoryItem[] = [];
  for (let index = 0; index < entries.count; index++) {
    const type = entries.typeAt(index);
    if (type === txType || type === InventoryType.WITNESS_TX) {
      if (rejectsTxs) return peer.node.disconnect('announces transactions although we take none');
      const given = entries.itemAt(index);
      const item = type === InventoryType.WITNESS_TX ? { type: InventoryType.TX, hash: given.hash } : given;
      peer.txRelay?.noteKnown(item.hash);
      if (!wantsTxs) continue;
      download?.noteAnnounced(peer, item);
      if (hooks.onInv !== undefined) wanted.push(item);
    } else if (type === InventoryType.BLOCK && hooks.onInv !== undefined) wanted.push(entries.itemAt(index));
  }
  if (wanted.length > 0) hooks.onInv?.(peer.node, wanted);
}

/**
 * `tx`.
 *
 * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: not a transaction.
 */
export function takeTx(
  context: PeerContext,
  { download, privateBroadcast }: Transactions,
  peer: PeerState,
  { payload }: TxMessage,
): void {
  const { hooks } = context;
  if (context.rejectsIncomingTxs(peer)) return peer.node.disconnect('sends transactions although we take none');
  const ids = transactionIds(payload);
  privateBroadcast.noteReceived(ids);
  if (hooks.isInitialBlockDownload?.() === true) return;
  peer.txRelay?.noteKnown(peer.isWtxidRelay ? ids.wtxid : ids.txid);
  download?.noteReceived(peer, ids);
  hooks.onTx?.(peer.node, payload, ids);
  download?.noteJudged(ids);
}

/** `notfound`: never a reason to punish. One that is too long arrives without entries. */
export function takeNotFound(
  { hooks }: PeerContext,
  { download }: Transactions,
  peer: PeerState,
  { items }: NotFoundMessage,
): void {
  download?.noteMissing(peer, items);
  if (items.length > 0) hooks.onNotFound?.(peer.node, items);
}

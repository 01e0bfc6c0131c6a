// Where an embedder's chain, blocks and transactions come in. The package validates none of them: without hooks a node is
// chainless, serves nothing and relays no transactions, and is still a decent peer.
//
// Hooks are synchronous. What one throws is logged and loses the message that led to it, or that it was asked for, and
// nothing else. Bytes are the message's own and may be kept. Asynchronous code keeps the node id and looks the
// node up again.

import type { P2PNode } from '../../connman/node/peer.ts';
import type { InventoryItem } from '../../p2p/messages/inventory.ts';
import type { TransactionIds } from '../../p2p/messages/transaction.ts';
import type { BlockAnnouncement, TxAnnouncement } from './announcements.ts';
import type { BloomFilter } from './bloom-filter.ts';

/** Messages about the chain that the peer manager checks for their limits and hands on, in the third phase only. */
export type ChainMessageType =
  | 'headers'
  | 'getheaders'
  | 'getblocks'
  | 'block'
  | 'cmpctblock'
  | 'getblocktxn'
  | 'blocktxn'
  | 'merkleblock'
  | 'getcfilters'
  | 'cfilter'
  | 'getcfheaders'
  | 'cfheaders'
  | 'getcfcheckpt'
  | 'cfcheckpt';

/** All optional; the default of each is in its docstring. */
export interface PeerHooks {
  /** Catching up with the chain: no self-announcement, and a fee filter that wants nothing. Default: no. */
  isInitialBlockDownload?(): boolean;
  /** Reading blocks from disk: what peers say of the chain is dropped. Default: no. */
  isLoading?(): boolean;
  /**
   * The rolling minimum of the mempool, in satoshi per 1,000 virtual bytes: 0 while it has room. Peers are told it by
   * `feefilter`, rounded, and never less than the option `minRelayFeeRate`. Default: 0; without that option either, no
   * `feefilter` is sent.
   */
  minFeeRate?(): bigint;

  /** A transaction, serialized. Default: transactions are not wanted, and peers are told so. */
  onTx?(node: P2PNode, bytes: Uint8Array, ids: TransactionIds): void;
  /**
   * Whether an announced transaction is known, or not wanted. With this hook the peer manager fetches the others itself: each
   * from one peer at a time, from another when a minute passes without an answer. They come by `onTx`, after which this
   * hook is asked again whether to go on. Default: the embedder asks for what it wants, with `send`.
   *
   * @param item - Of the type `TX` or `WTX`.
   */
  isTxKnown?(item: InventoryItem): boolean;
  /** Announcements of blocks, and of transactions in the form agreed on. Default: ignored. */
  onInv?(node: P2PNode, items: readonly InventoryItem[]): void;
  /** What the peer does not have of what it was asked for. Default: ignored. */
  onNotFound?(node: P2PNode, items: readonly InventoryItem[]): void;
  /**
   * Looks up a transaction that a peer asks for. Default: none.
   *
   * For privacy, only one from the newest block, or one whose number from `announceTx` is below `lastInvSequence`: the peer
   * must not learn of what it was not told.
   *
   * @returns It, serialized, with its witnesses; undefined if there is none.
   */
  getTx?(node: P2PNode, item: InventoryItem, lastInvSequence: number): Uint8Array | undefined;
  /** A block, in one of its forms, is asked for. Default: not answered. */
  onGetData?(node: P2PNode, item: InventoryItem): void;
  /**
   * All transactions that wait for a block, for a peer that asks for them (BIP 35), best first. What the peer's `feefilter`
   * and its bloom filter (`isTxRelevant`) keep out is left out of the answer. Default: none.
   */
  mempool?(node: P2PNode): Iterable<TxAnnouncement>;
  /**
   * Whether a transaction matches the bloom filter that a light client set: asked before each announcement to such a peer,
   * answers to `mempool` included. The owner of the transaction asks `filter.matchesTx`, which lets the filter grow as the
   * client wants it. Default: every transaction does. (BIP 37)
   */
  isTxRelevant?(node: P2PNode, transaction: TxAnnouncement, filter: BloomFilter): boolean;
  /** Puts what waits to be announced to a peer into order: parents first, then the best. Default: as it came. */
  orderTxs?(node: P2PNode, backlog: readonly TxAnnouncement[]): readonly TxAnnouncement[];

  /** A message about the chain, its payload as it came. Default: ignored. */
  onChainMessage?(node: P2PNode, type: ChainMessageType, payload: Uint8Array): void;
  /** New blocks that this peer should hear of; asked in every visit, so each is to be returned once. Default: none. */
  blocksToAnnounce?(node: P2PNode): BlockAnnouncement | undefined;
  /** A message of a type that is not in the protocol. Default: ignored. */
  onUnknownMessage?(node: P2PNode, type: string, payload: Uint8Array): void;

  /** Whether one of our own transactions is still worth broadcasting. Default: yes. */
  isTxAcceptable?(bytes: Uint8Array): boolean;
  /** It is time to announce our own transactions again that nobody asked for (`announceTx`): every ten minutes or so. */
  onRebroadcastDue?(): void;

  /** The handshake is done. */
  onPeerReady?(node: P2PNode): void;
  /** The peer is gone. Also for peers that never became ready. */
  onPeerGone?(nodeId: number): void;
}

// Hooks for an embedder's chain, blocks and transactions. The package validates none of them: without hooks a node has no
// chain, serves nothing and relays no transactions, but is a well-behaved peer.
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
  /**
   * Whether the chain is being synced: then the node does not announce itself, and its fee filter excludes everything.
   * Default: no.
   */
  isInitialBlockDownload?(): boolean;
  /** Whether blocks are being read from disk: then messages about the chain are dropped. Default: no. */
  isLoading?(): boolean;
  /**
   * The rolling minimum of the mempool, in satoshi per 1,000 virtual bytes: 0 while it has room. Peers are told it by
   * `feefilter`, rounded, and never less than the option `minRelayFeeRate`. Default: 0; without that option either, no
   * `feefilter` is sent.
   */
  minFeeRate?(): bigint;

  /** Receives a serialized transaction. Default: transactions are unwanted, and peers are told so. */
  onTx?(node: P2PNode, bytes: Uint8Array, ids: TransactionIds): void;
  /**
   * Whether an announced transaction is known, or unwanted. With this hook the peer manager fetches the others itself: each
   * from one peer at a time, and from another after a minute without an answer. They arrive in `onTx`, after which this hook
   * is asked again whether to go on. Default: the embedder requests transactions with `send`.
   *
   * @param item - Of the type `TX` or `WTX`.
   */
  isTxKnown?(item: InventoryItem): boolean;
  /** Receives announcements of blocks, and of transactions in the negotiated form. Default: ignored. */
  onInv?(node: P2PNode, items: readonly InventoryItem[]): void;
  /** Receives requested items that the peer does not have. Default: ignored. */
  onNotFound?(node: P2PNode, items: readonly InventoryItem[]): void;
  /**
   * Looks up a transaction that a peer requests. Default: none.
   *
   * For privacy, return only transactions of the newest block, or those whose number from `announceTx` is below
   * `lastInvSequence`: the peer must not learn about transactions that were not announced to it.
   *
   * @returns The serialized transaction with witnesses; undefined if there is none.
   */
  getTx?(node: P2PNode, item: InventoryItem, lastInvSequence: number): Uint8Array | undefined;
  /** A peer requests a block, in one of its forms. Default: not answered. */
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
  /** Sorts the backlog of a peer: parents first, then the best. Default: unsorted. */
  orderTxs?(node: P2PNode, backlog: readonly TxAnnouncement[]): readonly TxAnnouncement[];

  /** Receives a message about the chain, as raw payload. Default: ignored. */
  onChainMessage?(node: P2PNode, type: ChainMessageType, payload: Uint8Array): void;
  /** New blocks to announce to this peer; called in every visit, so return each once. Default: none. */
  blocksToAnnounce?(node: P2PNode): BlockAnnouncement | undefined;
  /** Receives a message of an unknown type. Default: ignored. */
  onUnknownMessage?(node: P2PNode, type: string, payload: Uint8Array): void;

  /** Whether one of our own transactions is still worth broadcasting. Default: yes. */
  isTxAcceptable?(bytes: Uint8Array): boolean;
  /** Called every ten minutes or so: announce (`announceTx`) again those of our own transactions that no peer requested. */
  onRebroadcastDue?(): void;

  /** The handshake is done. */
  onPeerReady?(node: P2PNode): void;
  /** The peer is gone. Called also for peers that never became ready. */
  onPeerGone?(nodeId: number): void;
}

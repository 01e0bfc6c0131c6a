// Where an embedder's chain, blocks and transactions come in. The package validates none of them: without hooks a node is
// chainless, serves nothing and relays no transactions, and is still a decent peer.
//
// Hooks are synchronous. What one throws is logged and loses the message that led to it, nothing else. Bytes are the
// message's own and may be kept. Whoever works asynchronously keeps the node id and looks the node up again.

import type { P2PNode } from '../connman/peer.ts';

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
  /** Lowest fee rate worth hearing of, in satoshi per 1,000 virtual bytes. Default: none, and no `feefilter` is sent. */
  minFeeRate?(): bigint;

  /** A transaction, serialized. Default: transactions are not wanted, and peers are told so. */
  onTx?(node: P2PNode, bytes: Uint8Array): void;
  /** A message about the chain, its payload as it came. Default: ignored. */
  onChainMessage?(node: P2PNode, type: ChainMessageType, payload: Uint8Array): void;
  /** A message of a type that is not in the protocol. Default: ignored. */
  onUnknownMessage?(node: P2PNode, type: string, payload: Uint8Array): void;

  /** The handshake is done. */
  onPeerReady?(node: P2PNode): void;
  /** The peer is gone. Also for peers that never became ready. */
  onPeerGone?(nodeId: number): void;
}

// What an embedder has announced to peers.

import type { BlockHeader } from '../../p2p/messages/block-header.ts';

/** Blocks to be announced to one peer. */
export interface BlockAnnouncement {
  /** Ascending, one building on the other, at least one. */
  readonly headers: readonly BlockHeader[];
  /** Whether the first builds on a block that the peer is known to have: only then can it use headers. */
  readonly connects: boolean;
  /** The payload of `cmpctblock` for a single block, for peers that asked for that. */
  readonly compactBlock?: () => Uint8Array;
}

/** A transaction to be announced. Hashes are 32 bytes in wire order. */
export interface TxAnnouncement {
  readonly txid: Uint8Array;
  readonly wtxid: Uint8Array;
  /** Peers whose `feefilter` is above it are not told. Left out: all are. */
  readonly feeRateSatPerKvB?: bigint;
}

// What an embedder announces to peers.

import type { BlockHeader } from '../../p2p/messages/block-header.ts';

/** Blocks to announce to one peer. */
export interface BlockAnnouncement {
  /** Ascending, one building on the other, at least one. */
  readonly headers: readonly BlockHeader[];
  /** Whether the peer is known to have the block before the first: only then headers are useful to it. */
  readonly connects: boolean;
  /** The payload of `cmpctblock` for a single block, for peers that negotiated it. */
  readonly compactBlock?: () => Uint8Array;
}

/** A transaction to announce. Hashes are 32 bytes in wire order. */
export interface TxAnnouncement {
  readonly txid: Uint8Array;
  readonly wtxid: Uint8Array;
  /** Not announced to peers whose `feefilter` is higher. Default: announced to all. */
  readonly feeRateSatPerKvB?: bigint;
}

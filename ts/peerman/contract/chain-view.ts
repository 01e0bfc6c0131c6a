// What the outbound policy needs to know of the embedder's chain.

/**
 * The embedder's chain, as far as it decides which peers to keep. All questions are answered at once. Work is the sum of
 * the expected hashes of a chain, as in Bitcoin Core's `chainwork`.
 */
export interface ChainView {
  /** Work of our best chain. */
  tipWork(): bigint;
  /** When our best block was made, by its header, in seconds. */
  tipTimeSeconds(): number;
  /** When the best header that we know was made, in seconds. */
  bestHeaderTimeSeconds(): number;
  /** Work that any chain worth following has. */
  readonly minimumChainWork: bigint;
  /** Work of the best block that the peer is known to have; undefined if none is. */
  peerBestWork(nodeId: number): bigint | undefined;
  /** Heights of the blocks that were asked of a peer and have not come. */
  blocksInFlight(nodeId: number): readonly number[];
  /** Whether any block was asked of any peer and has not come. */
  anyBlocksInFlight(): boolean;
  /** A locator, at most 101 hashes, from the block before our best header: so that an answer is never empty. */
  headersLocator(): readonly Uint8Array[];
  /** A locator from the block before our best block. */
  tipLocator(): readonly Uint8Array[];
  /** A block of our best chain; undefined for others. */
  block(hash: Uint8Array): { readonly height: number; readonly timeSeconds: number } | undefined;
  /** For statistics; -1 for what is not known. Left out: all -1. */
  peerHeights?(nodeId: number): PeerHeights;
}

/** How far a peer's chain is known. */
export interface PeerHeights {
  readonly presyncedHeaders: number;
  readonly syncedHeaders: number;
  readonly syncedBlocks: number;
}

// What the outbound policy asks about the embedder's chain.

/**
 * The embedder's chain, for decisions about which peers to keep. All methods answer at once. Work is the sum of the expected
 * hashes of a chain, as in Bitcoin Core's `chainwork`.
 */
export interface ChainView {
  /** Work of our best chain. */
  tipWork(): bigint;
  /** Time of our best block, from its header, in seconds. */
  tipTimeSeconds(): number;
  /** Time of the best known header, in seconds. */
  bestHeaderTimeSeconds(): number;
  /** Least work of a chain worth following. */
  readonly minimumChainWork: bigint;
  /** Work of the best block that the peer is known to have; undefined if unknown. */
  peerBestWork(nodeId: number): bigint | undefined;
  /** Heights of the blocks requested from a peer that have not come. */
  blocksInFlight(nodeId: number): readonly number[];
  /** Whether any requested block of any peer has not come. */
  anyBlocksInFlight(): boolean;
  /** A locator, at most 101 hashes, from the block before our best header, so that an answer is never empty. */
  headersLocator(): readonly Uint8Array[];
  /** A locator from the block before our best block. */
  tipLocator(): readonly Uint8Array[];
  /** A block of our best chain; undefined for others. */
  block(hash: Uint8Array): { readonly height: number; readonly timeSeconds: number } | undefined;
  /** For statistics; -1 for unknown heights. Default: all -1. */
  peerHeights?(nodeId: number): PeerHeights;
}

/** The known heights of a peer's chain. */
export interface PeerHeights {
  readonly presyncedHeaders: number;
  readonly syncedHeaders: number;
  readonly syncedBlocks: number;
}

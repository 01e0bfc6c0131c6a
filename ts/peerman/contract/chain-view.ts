// What the outbound policy needs to know of the embedder's chain, and what it keeps of each peer.

import { Services } from '../../p2p/protocol.ts';
import type { PeerState } from '../state/peer-state.ts';

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

/** The race of one peer against our tip, noted when it began. (Bitcoin Core, ChainSyncTimeoutState) */
export interface ChainSync {
  deadlineMs: number;
  /** Of our tip then. */
  readonly work: bigint;
  readonly locator: readonly Uint8Array[];
  isHeadersSent: boolean;
}

/** What is kept of a peer for the policy. Times are wall-clock milliseconds; 0 is never. */
export class PeerChainState {
  /** To be asked for blocks before others. */
  isPreferredDownload = false;
  isSendHeadersSent = false;
  /** The last unanswered `getheaders`. */
  lastGetHeadersMs = 0;
  /** Headers are synced from this peer. */
  isSyncing = false;
  /** When its first headers must have come; `Infinity` once we have caught up. */
  syncDeadlineMs = Infinity;
  /** Undefined while the peer keeps up. */
  race: ChainSync | undefined;
  /** Not disconnected for staying behind. */
  isProtected = false;
  /** In seconds. */
  lastBlockAnnouncementSeconds = 0;
}

/** What is counted over all peers, so that nobody has to walk through thousands of them in every turn. */
type CountedFlag = 'isPreferredDownload' | 'isSyncing' | 'isProtected';

/** How many peers have each flag. */
export class ChainCounts implements Readonly<Record<CountedFlag, number>> {
  isPreferredDownload = 0;
  isSyncing = 0;
  isProtected = 0;

  /** Sets or clears a flag of a peer. Nobody else writes them. */
  set(chain: PeerChainState, flag: CountedFlag, isSet: boolean): void {
    if (chain[flag] === isSet) return;
    chain[flag] = isSet;
    this[flag] += isSet ? 1 : -1;
  }

  /** Clears all flags of a peer that is gone. */
  release(chain: PeerChainState): void {
    this.set(chain, 'isPreferredDownload', false);
    this.set(chain, 'isSyncing', false);
    this.set(chain, 'isProtected', false);
  }
}

/** Whether a peer offers blocks. */
export function servesBlocks({ theirServices }: PeerState): boolean {
  return (theirServices & (Services.NETWORK | Services.NETWORK_LIMITED)) !== 0n;
}

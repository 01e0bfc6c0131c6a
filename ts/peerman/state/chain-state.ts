// What the outbound policy keeps of each peer's chain, and counts over all peers.

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

/** What is counted over all peers, so that nobody has to walk through thousands of them in every visit. */
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

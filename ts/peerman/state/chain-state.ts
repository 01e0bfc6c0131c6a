// The outbound policy's state of each peer's chain, and counts over all peers.

/** The race of one peer against our tip, as it began. (Bitcoin Core, ChainSyncTimeoutState) */
export interface ChainSync {
  deadlineMs: number;
  /** Work of our tip then. */
  readonly work: bigint;
  readonly locator: readonly Uint8Array[];
  isHeadersSent: boolean;
}

/** A peer's state for the policy. Times are wall-clock milliseconds; 0 is never. */
export class PeerChainState {
  /** Preferred as a source of blocks. */
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

/** Flags that are counted over all peers, so that no visit has to walk through thousands of peers. */
type CountedFlag = 'isPreferredDownload' | 'isSyncing' | 'isProtected';

/** The number of peers with each flag. */
export class ChainCounts implements Readonly<Record<CountedFlag, number>> {
  isPreferredDownload = 0;
  isSyncing = 0;
  isProtected = 0;

  /** Sets or clears a flag of a peer. Flags are written only here. */
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

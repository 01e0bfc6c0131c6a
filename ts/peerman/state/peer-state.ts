// What the peer manager knows of one peer. (Bitcoin Core src/net_processing.cpp, struct Peer)

import type { P2PNode } from '../../connman/node/peer.ts';
import { Services } from '../../p2p/protocol.ts';
import type { TokenBucket } from '../../util/time/token-bucket.ts';
import { newAddressTokens } from './address-state.ts';
import type { AddressState } from './address-state.ts';
import { PeerChainState } from './chain-state.ts';
import { RequestQueue } from './request-queue.ts';
import { TxRelayState } from './tx-relay-state.ts';
import type { TxRelaySurroundings } from './tx-relay-state.ts';

/** The ping under way, or the last one. */
export interface PingState {
  /** 0: none is out, or one that has no answer. */
  nonce: bigint;
  /** When the last ping was sent, wall-clock milliseconds; 0 before the first. */
  startMs: number;
  /** When the peer was last asked whether it is there; see `maybeAskFlooder`. */
  askedMs: number;
  /** Somebody asked for a ping. */
  isQueued: boolean;
}

/** The `feefilter` that the peer was sent last. */
export interface FeeFilterState {
  sentSatPerKvB: bigint;
  /** Wall-clock milliseconds. */
  nextMs: number;
}

export class PeerState {
  readonly node: P2PNode;
  /** What this peer is offered: fixed for the connection. */
  readonly ourServices: bigint;
  theirServices = 0n;
  /** Our `version` is on its way. */
  isVersionSent = false;
  /** What it did wrong: acted upon in the next `sendMessages`. */
  misbehaviour: string | undefined;
  readonly ping: PingState = { nonce: 0n, startMs: 0, askedMs: 0, isQueued: false };
  /** Peer's clock less ours at its `version`, in seconds. */
  timeOffsetSeconds = 0;

  // ---- What was negotiated ------------------------------------------------------------------------------------------

  /** Transactions are announced by wtxid. (BIP 339) */
  isWtxidRelay = false;
  /** Reads `addrv2`. (BIP 155) */
  wantsAddrV2 = false;
  /** Wants blocks announced by headers. (BIP 130) */
  prefersHeaders = false;
  /** Understands compact blocks of version 2. (BIP 152) */
  providesCompactBlocks = false;
  /** Our half of the key for reconciling transactions, as sent; undefined if it was not. (BIP 330) */
  reconciliationSalt: bigint | undefined;
  /** The peer's half; undefined until it registers. */
  theirReconciliationSalt: bigint | undefined;

  /** Undefined before the peer's `version`, and for peers with which transactions are never relayed. */
  txRelay: TxRelayState | undefined;
  /** What the peer asked for and did not get yet. */
  readonly requests = new RequestQueue();
  readonly feeFilter: FeeFilterState = { sentSatPerKvB: 0n, nextMs: 0 };

  // ---- The chain ----------------------------------------------------------------------------------------------------

  readonly chain = new PeerChainState();

  // ---- Addresses ----------------------------------------------------------------------------------------------------

  /** Undefined as long as the peer takes no part in gossip. */
  gossip: AddressState | undefined;
  readonly addressTokens: TokenBucket;
  addressesProcessed = 0;
  addressesRateLimited = 0;
  /** We sent `getaddr`, and its answer may still be coming. */
  isGetAddrOut = false;
  /** It sent `getaddr`. */
  hasAskedForAddresses = false;

  constructor(node: P2PNode, ourServices: bigint, nowMs: number) {
    this.node = node;
    const bloom = node.hasPermission('bloomfilter') ? Services.BLOOM : 0n;
    this.ourServices = ourServices | bloom;
    this.addressTokens = newAddressTokens(nowMs);
  }

  /** Its `version` came, and was good. */
  get isVersioned(): boolean {
    return this.node.version !== 0;
  }

  /** Whether it offers blocks. */
  get servesBlocks(): boolean {
    return (this.theirServices & (Services.NETWORK | Services.NETWORK_LIMITED)) !== 0n;
  }

  /** Notes the last field of the peer's `version`. */
  noteRelayWish(isWanted: boolean, surroundings: TxRelaySurroundings): void {
    const { node } = this;
    if (isWanted) node.relaysTxs = true;
    // A peer that may set a bloom filter can ask for transactions later.
    const mayWantLater = (this.ourServices & Services.BLOOM) !== 0n;
    if (node.isBlockRelay || node.isFeeler || !(isWanted || mayWantLater)) return;
    this.txRelay = new TxRelayState(isWanted, surroundings);
  }
}

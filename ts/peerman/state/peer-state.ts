// The state of one peer. (Bitcoin Core src/net_processing.cpp, struct Peer)

import type { P2PNode } from '../../connman/node/peer.ts';
import { Services } from '../../p2p/protocol.ts';
import type { TokenBucket } from '../../util/time/token-bucket.ts';
import { newAddressTokens } from './address-state.ts';
import type { AddressState } from './address-state.ts';
import { PeerChainState } from './chain-state.ts';
import { RequestQueue } from './request-queue.ts';
import { TxRelayState } from './tx-relay-state.ts';
import type { TxRelaySurroundings } from './tx-relay-state.ts';

/** The pending ping, or the last one. */
export interface PingState {
  /** 0: no ping is pending, or one that gets no answer. */
  nonce: bigint;
  /** When the last ping was sent, wall-clock milliseconds; 0 before the first. */
  startMs: number;
  /** When a ping last checked whether the peer is there; see `maybeAskFlooder`. */
  askedMs: number;
  /** A ping was requested. */
  isQueued: boolean;
}

/** The last `feefilter` sent to the peer. */
export interface FeeFilterState {
  sentSatPerKvB: bigint;
  /** Wall-clock milliseconds. */
  nextMs: number;
}

export class PeerState {
  readonly node: P2PNode;
  /** The services offered to this peer: fixed for the connection. */
  readonly ourServices: bigint;
  theirServices = 0n;
  /** Our `version` was sent. */
  isVersionSent = false;
  /** The peer's fault, acted on in the next `sendMessages`. */
  misbehaviour: string | undefined;
  readonly ping: PingState = { nonce: 0n, startMs: 0, askedMs: 0, isQueued: false };
  /** The peer's clock less ours at its `version`, in seconds. */
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

  /** Undefined before the peer's `version`, and if transactions are never relayed with this peer. */
  txRelay: TxRelayState | undefined;
  /** Requests of the peer that are not answered yet. */
  readonly requests = new RequestQueue();
  readonly feeFilter: FeeFilterState = { sentSatPerKvB: 0n, nextMs: 0 };

  // ---- The chain ----------------------------------------------------------------------------------------------------

  readonly chain = new PeerChainState();

  // ---- Addresses ----------------------------------------------------------------------------------------------------

  /** Undefined while the peer takes no part in gossip. */
  gossip: AddressState | undefined;
  readonly addressTokens: TokenBucket;
  addressesProcessed = 0;
  addressesRateLimited = 0;
  /** We sent `getaddr`, and may still get the answer. */
  isGetAddrOut = false;
  /** The peer sent `getaddr`. */
  hasAskedForAddresses = false;

  constructor(node: P2PNode, ourServices: bigint, nowMs: number) {
    this.node = node;
    const bloom = node.hasPermission('bloomfilter') ? Services.BLOOM : 0n;
    this.ourServices = ourServices | bloom;
    this.addressTokens = newAddressTokens(nowMs);
  }

  /** Its `version` was received and accepted. */
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
    // A peer that may set a bloom filter can request transactions later.
    const mayWantLater = (this.ourServices & Services.BLOOM) !== 0n;
    if (node.isBlockRelay || node.isFeeler || !(isWanted || mayWantLater)) return;
    this.txRelay = new TxRelayState(isWanted, surroundings);
  }
}

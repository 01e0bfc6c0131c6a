// The contract between the connection manager and the message processor.
//
// `Connman` owns connections and bytes and knows nothing of what messages mean; the message processor that implements `NetEvents` (the
// `PeerManager`) knows that, and nothing of sockets. All methods are synchronous and called one at a time, never nested,
// always from `Connman`'s event loop. (Bitcoin Core src/net.h, class NetEventsInterface)

import type { NetAddress } from '../../netaddr/net-address.ts';
import type { NetworkClass } from '../../netaddr/networks/network.ts';
import type { Service } from '../../netaddr/service.ts';
import type { ChainParams } from '../../p2p/chain-params.ts';
import type { PeerAddress } from '../../p2p/messages/addresses.ts';
import type { ReceivedMessage } from '../../p2p/transport/transport.ts';
import type { SipHash } from '../../util/hashing/siphash.ts';
import type { P2PNode } from '../node/peer.ts';

/** What `Connman` tells and asks the message processor. */
export interface NetEvents {
  /**
   * The network starts: called once, by `Connman.start`, before any other call.
   *
   * @param network - What the message processor may do from now on.
   */
  attach(network: PeerNetwork): void;

  /**
   * A new peer. Called once for each node, before it is in the table and before any other call for it.
   *
   * @param ourServices - Our services at this moment: those that this peer is offered, whatever changes later.
   */
  initializeNode(node: P2PNode, ourServices: bigint): void;

  /**
   * A node is gone: out of the table, its socket closed. Called once for each node, also at shutdown; no call for it comes
   * afterwards.
   */
  finalizeNode(node: P2PNode): void;

  /** Whether these services are all that we want of an outbound peer. No side effects; the answer may change with time. */
  hasAllDesirableServiceFlags(services: bigint): boolean;

  /**
   * Processes at most one message of a peer (`PeerNetwork.pollMessage`). Not called for nodes marked for disconnection.
   *
   * What a handler of one message throws is caught in here: the message is lost, the peer stays. What gets out all the same
   * disconnects the peer and is reported to `onCallbackError`.
   *
   * @param interrupt - Aborted when the network is being stopped: return soon.
   * @returns Whether there is more to do for this node now.
   */
  processMessages(node: P2PNode, interrupt: AbortSignal): boolean;

  /**
   * Sends what is due, periodic messages included: called for every node every 100 ms, or as late as its last answer
   * allows, and right after `processMessages`, even if that marked the node.
   *
   * @returns Milliseconds until the next visit. It comes earlier if the node has a message to process or can be sent to
   *   again, or if `wakeMessageHandler` is called. Nothing returned: 100 ms.
   */
  sendMessages(node: P2PNode): number | void;

  /**
   * What the message processor knows of a peer, for `Connman.getPeerStats`; undefined for a peer it does not know, which is
   * then left out.
   */
  getNodeStateStats(nodeId: number): NodeStateStats | undefined;

  /** What the message processor knows of the network as a whole, for `Connman.getNetworkInfo`. */
  getNetworkStateStats(): NetworkStateStats;
}

/** The fields of `getnetworkinfo` that the message processor supplies. */
export interface NetworkStateStats {
  /** Median of the clocks of peers that we dialed, less ours, in seconds; 0 while there are too few. */
  readonly timeOffsetSeconds: number;
  /** Peers are told to send no transactions. */
  readonly ignoresIncomingTxs: boolean;
  /** The lowest fee rate that we relay, in satoshi per 1,000 virtual bytes. Left out: Core's default, 100. */
  readonly minRelayFeeRateSatPerKvB?: number;
  /** What the user should look at, one sentence each. */
  readonly warnings: readonly string[];
}

/** The fields of `getpeerinfo` that the message processor supplies. Defaults for what it has no hook for are given. */
export interface NodeStateStats {
  /** What the peer's `version` offers; 0 before. */
  readonly services: bigint;
  readonly relayTransactions: boolean;
  /** 0 without relay of transactions. */
  readonly lastInvSequence: number;
  readonly invToSend: number;
  /** Peer's clock less ours at its `version`, in seconds. */
  readonly timeOffsetSeconds: number;
  /** How long the outstanding ping has waited; undefined when none is. */
  readonly pingWaitMs: number | undefined;
  /** -1 without a chain. */
  readonly presyncedHeaders: number;
  readonly syncedHeaders: number;
  readonly syncedBlocks: number;
  /** Heights of the blocks asked of this peer. */
  readonly inFlight: readonly number[];
  readonly isAddrRelayEnabled: boolean;
  readonly addrProcessed: number;
  readonly addrRateLimited: number;
  /** The peer's `feefilter`, in satoshi per 1,000 virtual bytes; 0 without one. */
  readonly minFeeFilterSatPerKvB: number;
}

/** A message taken from the queue of a peer. */
export interface PolledMessage {
  readonly message: ReceivedMessage;
  /** More messages of this peer wait. */
  readonly hasMore: boolean;
}

/** What a message processor may do with the network: handed over by `NetEvents.attach`. All of it may be called from any `NetEvents` method. */
export interface PeerNetwork {
  /**
   * Queues a message for a peer, and hands it to the kernel at once where nothing else waits. However full the queue is, it
   * takes it: see `P2PNode.isSendPaused`. On private-broadcast connections everything but version, verack, inv, tx and ping
   * is dropped.
   *
   * @param payload - Lent until it is sent: must not be changed any more.
   * @param maxBytes - Longest payload, in bytes. Default 4,000,000: a receiver hangs up on more.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` and {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: no transport could send it.
   */
  pushMessage(node: P2PNode, type: string, payload: Uint8Array, maxBytes?: number): void;

  /** Takes the next message of a peer; undefined when none waits. */
  pollMessage(node: P2PNode): PolledMessage | undefined;

  /**
   * Frees the memory of a payload that came from `pollMessage` now instead of when garbage is collected. It is never called for
   * you, and does nothing for what a listener of `inboundMessage` was shown, or for any other array.
   *
   * @param payload - Nothing may refer to it any more: it is empty afterwards. A layer between `Connman` and a message
   *   processor that keeps payloads passes no call on.
   */
  releasePayload(payload: Uint8Array): void;

  /**
   * Starts a round of `processMessages` and `sendMessages` at once: for this node and others with something to do, or,
   * without a node, for all.
   */
  wakeMessageHandler(node?: P2PNode): void;

  /** The chain: its first block has the least work that a header may have. */
  readonly chain: ChainParams;

  /** The name of a peer in log lines: `peer=7`, with its address only if the user wants that. */
  nameInLog(node: P2PNode): string;

  /** The autonomous system of a peer, by the map that the node was given; 0 without one, or if it has none. */
  asNumberOf(node: P2PNode): number;

  /** The node with this id; undefined when it is gone. */
  node(nodeId: number): P2PNode | undefined;

  /** Calls `visit` for every node whose handshake is done and that is not marked for disconnection. */
  forEachNode(visit: (node: P2PNode) => void): void;

  /** Marks every node at this address, whatever its port, type and permissions. @returns Whether there was one. */
  disconnectAddress(address: NetAddress, reason: string): boolean;

  /** False when a nonce is that of one of our own dials: the peer is ourselves. */
  checkIncomingNonce(nonce: bigint): boolean;

  /** What to tell a peer as our address; undefined when nothing fits. */
  getLocalAddrForPeer(node: P2PNode): Service | undefined;

  /** An inbound peer says it reached us here. */
  seenLocal(service: Service): void;

  /** Whether automatic dials, gossip and own addresses of this network are wanted. */
  isReachable(network: NetworkClass): boolean;

  /** Whether this is the address of one of our proxies. */
  isProxy(address: NetAddress): boolean;

  /** What we call ourselves in `version`. (BIP 14) */
  readonly userAgent: string;
  readonly isListening: boolean;
  readonly isNetworkActive: boolean;
  /** Whether dials come from the address book, and not only from a given list. */
  readonly usesAddressBook: boolean;

  /** Addresses to answer a getaddr with: the same for about a day for all peers of one network on one of our addresses. */
  getAddresses(node: P2PNode, maxCount: number, maxPercent: number): readonly PeerAddress[];

  /** Addresses fresh from the book, for trusted callers. */
  getAddressesUnsafe(maxCount: number, maxPercent: number, network?: NetworkClass, isFiltered?: boolean): PeerAddress[];

  /** Whether the upload target is used up; for `historical` blocks some of it is held back. */
  outboundTargetReached(isHistorical?: boolean): boolean;

  /** Whether the node is old enough for ping and inactivity timeouts. */
  shouldRunInactivityChecks(node: P2PNode, nowMs: number): boolean;

  /** A keyed hash of this process, for choices that peers must not predict. `id` keeps uses apart. */
  deterministicRandomizer(id: bigint): SipHash;

  // ---- Outbound policy ----------------------------------------------------------------------------------------------

  /** One more full-relay peer is wanted, because the tip looks stale. */
  tryNewOutboundPeer: boolean;
  /** From now on a further block-relay-only peer is tried every few minutes. Stays on. */
  startExtraBlockRelayPeers(): void;
  /** How many full-relay peers that are fully connected and unmarked are above the limit; 0 or more. */
  extraFullOutboundCount(): number;
  /** The same for block-relay-only peers. */
  extraBlockRelayCount(): number;
  /** Whether there is more than one manual or full-relay connection on this network. */
  hasMultipleManualOrFullOutbound(network: NetworkClass): boolean;
  /** Asks for this many more private-broadcast connections (negative: fewer). */
  addPrivateBroadcastsToOpen(count: number): void;
}

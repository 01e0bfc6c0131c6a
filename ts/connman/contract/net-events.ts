// The contract between the connection manager and the message processor.
//
// `Connman` owns connections and bytes and knows nothing about the meaning of messages; the message processor that
// implements `NetEvents` (the `PeerManager`) knows their meaning, and nothing about sockets. All methods are synchronous and
// called one at a time, never nested, always from `Connman`'s event loop. (Bitcoin Core src/net.h, class NetEventsInterface)

import type { NetAddress } from '../../netaddr/net-address.ts';
import type { NetworkClass } from '../../netaddr/networks/network.ts';
import type { Service } from '../../netaddr/service.ts';
import type { ChainParams } from '../../p2p/chain-params.ts';
import type { PeerAddress } from '../../p2p/messages/addresses.ts';
import type { ReceivedMessage } from '../../p2p/transport/transport.ts';
import type { SipHash } from '../../util/hashing/siphash.ts';
import type { P2PNode } from '../node/peer.ts';

/** Calls from `Connman` to the message processor. */
export interface NetEvents {
  /**
   * The network starts: called once, by `Connman.start`, before any other call.
   *
   * @param network - The operations that the message processor may use from now on.
   */
  attach(network: PeerNetwork): void;

  /**
   * A new peer. Called once for each node, before it is in the table and before any other call for it.
   *
   * @param ourServices - Our services at this moment, which this peer is offered, whatever changes later.
   */
  initializeNode(node: P2PNode, ourServices: bigint): void;

  /**
   * A node is gone: out of the table, its socket closed. Called once for each node, also at shutdown; no call for it comes
   * afterwards.
   */
  finalizeNode(node: P2PNode): void;

  /** Whether services suffice for an outbound peer. No side effects; the answer may change with time. */
  hasAllDesirableServiceFlags(services: bigint): boolean;

  /**
   * Processes at most one message of a peer (`PeerNetwork.pollMessage`). Not called for nodes marked for disconnection.
   *
   * Catch errors of message handlers in here: the message is lost, and the peer stays. An error that escapes disconnects the
   * peer, and is reported to `onCallbackError`.
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

  /** Facts of a peer for `Connman.getPeerStats`; undefined for an unknown peer, which is then left out. */
  getNodeStateStats(nodeId: number): NodeStateStats | undefined;

  /** Facts of the whole network for `Connman.getNetworkInfo`. */
  getNetworkStateStats(): NetworkStateStats;
}

/** The fields of `getnetworkinfo` that the message processor supplies. */
export interface NetworkStateStats {
  /** Median offset of the clocks of peers that we dialed, relative to ours, in seconds; 0 if there are too few. */
  readonly timeOffsetSeconds: number;
  /** Peers are told to send no transactions. */
  readonly ignoresIncomingTxs: boolean;
  /** The lowest fee rate that is relayed, in satoshi per 1,000 virtual bytes. Default: Core's, 100. */
  readonly minRelayFeeRateSatPerKvB?: number;
  /** Warnings for the user, one sentence each. */
  readonly warnings: readonly string[];
}

/** The fields of `getpeerinfo` that the message processor supplies. Fields without a hook have defaults. */
export interface NodeStateStats {
  /** The services in the peer's `version`; 0 before. */
  readonly services: bigint;
  readonly relayTransactions: boolean;
  /** 0 without relay of transactions. */
  readonly lastInvSequence: number;
  readonly invToSend: number;
  /** The peer's clock less ours at its `version`, in seconds. */
  readonly timeOffsetSeconds: number;
  /** How long the outstanding ping has waited; undefined if there is none. */
  readonly pingWaitMs: number | undefined;
  /** -1 without a chain. */
  readonly presyncedHeaders: number;
  readonly syncedHeaders: number;
  readonly syncedBlocks: number;
  /** Heights of the blocks requested from this peer. */
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

/**
 * The network operations of a message processor, passed to `NetEvents.attach`. All may be called from any `NetEvents`
 * method.
 */
export interface PeerNetwork {
  /**
   * Queues a message for a peer, and hands it to the kernel at once if nothing else waits. A full queue takes it as well:
   * see `P2PNode.isSendPaused`. On private-broadcast connections everything but version, verack, inv, tx and ping is
   * dropped.
   *
   * @param payload - Lent until it is sent: do not change it.
   * @param maxBytes - Longest payload, in bytes. Default 4,000,000: a receiver disconnects for more.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` and {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: no transport could send it.
   */
  pushMessage(node: P2PNode, type: string, payload: Uint8Array, maxBytes?: number): void;

  /** Takes the next message of a peer; undefined if none waits. */
  pollMessage(node: P2PNode): PolledMessage | undefined;

  /**
   * Frees the memory of a payload from `pollMessage` at once, without waiting for garbage collection. It is never called for
   * you. It does nothing for a payload that a listener of `inboundMessage` received, or for any other array.
   *
   * @param payload - Nothing may refer to it any more: it is empty afterwards. A layer between `Connman` and a message
   * processor that keeps payloads must not pass the call on.
   */
  releasePayload(payload: Uint8Array): void;

  /**
   * Starts a round of `processMessages` and `sendMessages` at once: for this node and others with something to do, or,
   * without a node, for all.
   */
  wakeMessageHandler(node?: P2PNode): void;

  /** The chain: its first block has the least work that a header may have. */
  readonly chain: ChainParams;

  /** The name of a peer for log lines: `peer=7`, with its address only if the user wants that. */
  nameInLog(node: P2PNode): string;

  /** The autonomous system of a peer, by the map that the node was given; 0 without one, or if it has none. */
  asNumberOf(node: P2PNode): number;

  /** The node with this id; undefined when it is gone. */
  node(nodeId: number): P2PNode | undefined;

  /** Calls `visit` for every node whose handshake is done and that is not marked for disconnection. */
  forEachNode(visit: (node: P2PNode) => void): void;

  /** Marks every node at this address, whatever its port, type and permissions. @returns Whether there were any. */
  disconnectAddress(address: NetAddress, reason: string): boolean;

  /** False if a nonce belongs to one of our own dials: the peer is ourselves. */
  checkIncomingNonce(nonce: bigint): boolean;

  /** The own address to send to a peer; undefined if none fits. */
  getLocalAddrForPeer(node: P2PNode): Service | undefined;

  /** Reports an inbound peer's statement that it reached us at an address. */
  seenLocal(service: Service): void;

  /** Whether automatic dials, gossip and own addresses of this network are wanted. */
  isReachable(network: NetworkClass): boolean;

  /** Whether this is the address of one of our proxies. */
  isProxy(address: NetAddress): boolean;

  /** The user agent of our `version`. (BIP 14) */
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

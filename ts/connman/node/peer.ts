// One peer at connection level: its identity, its traffic, its queues. (Bitcoin Core src/net.h, class CNode)
//
// A node lives from a successful dial or accept until its removal, in this order: made, `NetEvents.initializeNode`, in the
// table of `Connman`, marked for disconnection, out of the table and its socket closed, `NetEvents.finalizeNode`.
// There are no locks and no reference counts: everything happens on one event loop. Asynchronous code keeps
// the id and asks `Connman.node(id)` again.

import type { NetworkClass } from '../../netaddr/networks/network.ts';
import type { Service } from '../../netaddr/service.ts';
import { INITIAL_PROTOCOL_VERSION } from '../../p2p/protocol.ts';
import type { OutboundMessage, Transport, TransportInfo } from '../../p2p/transport/transport.ts';
import type { Proxy } from '../../sockman/dial/connect-options.ts';
import { SockManError } from '../../util/errors/errors.ts';
import type { MemoryAccount } from '../../util/memory/memory-budget.ts';
import * as types from './connection-types.ts';
import type { ConnectionType } from './connection-types.ts';
import { MessageQueue } from './message-queue.ts';
import { hasPermission } from './permission-flags.ts';
import type { PermissionName } from './permission-flags.ts';
import type { ReceivedBytes } from './received-bytes.ts';
import type { SlotGrant } from './slots.ts';
import { TimeUse } from './time-use.ts';

const NO_TYPES: ReadonlyMap<string, number> = new Map();

/** Fields of a node that are known before it is made: what tells one connection from another when it begins. */
export interface ConnectionInfo extends Pick<
  P2PNode,
  | 'id'
  | 'addr'
  | 'addrServices'
  | 'addrBind'
  | 'dest'
  | 'connectionType'
  | 'isInboundOnion'
  | 'permissions'
  | 'preferEvict'
> {
  readonly proxyOverride?: Proxy | undefined;
}

/** Fields of a node that its `Connman` makes. */
interface NodeParts extends Pick<
  P2PNode,
  'keyedNetGroup' | 'networkKey' | 'localNonce' | 'connectedAtMs' | 'transport' | 'received'
> {
  /** Accounts for the send queue, and decides when sending is paused. */
  readonly sendAccount: MemoryAccount;
}

/**
 * The state of one peer. Times are wall-clock milliseconds, or seconds where the name says so; 0 is never.
 *
 * Fields of the second group are written by the message processor and read by `Connman`, for eviction and statistics. Users
 * of a `Connman` see a `NodeView`.
 */
export class P2PNode {
  // ---- Known from the start -----------------------------------------------------------------------------------------

  /** The node id of `SockMan`: never used again. */
  readonly id: number;
  /** The peer's address. For a dial by name through a proxy, which alone knows the address, the unspecified one. */
  readonly addr: Service;
  /** The peer's services from the address book; 0 for inbound peers and dials by name. */
  readonly addrServices: bigint;
  /** Our end of the connection; undefined if unknown. */
  readonly addrBind: Service | undefined;
  /** The dialed text if there is one, else `addr` as text: the name in `disconnectNode` and `getpeerinfo`. */
  readonly addrName: string;
  /** The dialed text; undefined for inbound peers and dials by address. */
  readonly dest: string | undefined;
  readonly connectionType: ConnectionType;
  /** Came in through our onion service: `addr` is then the Tor process, not the peer. */
  readonly isInboundOnion: boolean;
  /** Bits of `PERMISSION_FLAGS`. */
  readonly permissions: number;
  /** Evicted before other inbound peers. */
  readonly preferEvict: boolean;
  /** The proxy that it was dialed through instead of the configured one. */
  readonly proxyOverride: Proxy | undefined;
  /** The peer's network group, hashed under our secret key: 64 bits. */
  readonly keyedNetGroup: bigint;
  /**
   * Our address and network that the connection uses, hashed likewise: peers with the same value get the same list of
   * addresses.
   */
  readonly networkKey: bigint;
  /** The nonce of our `version`: 64 bits. */
  readonly localNonce: bigint;
  readonly connectedAtMs: number;
  readonly transport: Transport;
  /**
   * What the peer sent and nobody has processed yet. Says when receiving pauses.
   * @internal
   */
  readonly received: ReceivedBytes;

  // ---- Written by Connman -------------------------------------------------------------------------------------------

  /** @internal */
  readonly sendQueue = new MessageQueue<OutboundMessage>();
  /**
   * How much time its messages took recently.
   * @internal
   */
  readonly timeUse = new TimeUse();
  /** Too much waits to be sent: no message that could add to it is processed. */
  isSendPaused = false;
  lastSendMs = 0;
  lastReceiveMs = 0;
  sentBytes = 0;
  receivedBytes = 0;

  /** Latest time of the node's next visit, set by the message processor, in monotonic milliseconds. */
  nextVisitMs = 0;
  /** The node has work, and waits for a visit of the pump. */
  isAwaitingVisit = false;
  /**
   * The connection's slot, from its dial to its removal.
   * @internal
   */
  grant: SlotGrant | undefined;

  // ---- Written by the message processor -----------------------------------------------------------------------------

  /** The handshake is done: `verack` came. */
  isSuccessfullyConnected = false;
  /** What the peer's `version` says; 0 before. */
  version = 0;
  /** The peer's user agent, safe characters only. */
  cleanSubVer = '';
  hasAllWantedServices = false;
  /** The peer wants transactions. Never becomes false again. */
  relaysTxs = false;
  isBloomFilterLoaded = false;
  /** When the peer was last the first to send a block that was kept, in seconds. */
  lastBlockTimeSeconds = 0;
  /** When the peer was last the first to send a transaction that was kept, in seconds. */
  lastTxTimeSeconds = 0;
  /** Undefined until the first pong. */
  lastPingTimeMs: number | undefined;
  /** `Infinity` until the first pong. */
  minPingTimeMs = Infinity;
  /** We asked the peer to announce blocks in compact form, at once. (BIP 152) */
  isBip152HighBandwidthTo = false;
  /** The peer asked us likewise. */
  isBip152HighBandwidthFrom = false;

  #commonVersion = INITIAL_PROTOCOL_VERSION;
  #addrLocal: Service | undefined;
  #disconnectReason: string | undefined;
  /** Made with the first message: most of a flood's connections end without one. */
  #sentBytesByType: Map<string, number> | undefined;
  #receivedBytesByType: Map<string, number> | undefined;
  readonly #sendAccount: MemoryAccount;
  readonly #onMarked: (node: P2PNode) => void;

  /**
   * @param onMarked - Called once, when the node is marked for disconnection.
   * @internal
   */
  constructor(connection: ConnectionInfo, parts: NodeParts, onMarked: (node: P2PNode) => void) {
    this.id = connection.id;
    this.addr = connection.addr;
    this.addrServices = connection.addrServices;
    this.addrBind = connection.addrBind;
    this.addrName = connection.dest ?? connection.addr.toString();
    this.dest = connection.dest;
    this.connectionType = connection.connectionType;
    this.isInboundOnion = connection.isInboundOnion;
    this.permissions = connection.permissions;
    this.preferEvict = connection.preferEvict;
    this.proxyOverride = connection.proxyOverride;
    this.keyedNetGroup = parts.keyedNetGroup;
    this.networkKey = parts.networkKey;
    this.localNonce = parts.localNonce;
    this.connectedAtMs = parts.connectedAtMs;
    this.transport = parts.transport;
    this.received = parts.received;
    this.#sendAccount = parts.sendAccount;
    this.#onMarked = onMarked;
  }

  // ---- What kind of connection it is --------------------------------------------------------------------------------

  get isInbound(): boolean {
    return this.connectionType === 'inbound';
  }

  get isManual(): boolean {
    return this.connectionType === 'manual';
  }

  get isFullOutbound(): boolean {
    return this.connectionType === 'outbound-full-relay';
  }

  get isBlockRelay(): boolean {
    return this.connectionType === 'block-relay-only';
  }

  get isFeeler(): boolean {
    return this.connectionType === 'feeler';
  }

  get isAddrFetch(): boolean {
    return this.connectionType === 'addr-fetch';
  }

  get isPrivateBroadcast(): boolean {
    return this.connectionType === 'private-broadcast';
  }

  /** See the functions of the same names in `connection-types.ts`. */
  get isOutboundOrBlockRelay(): boolean {
    return types.isOutboundOrBlockRelay(this.connectionType);
  }

  get isManualOrFullOutbound(): boolean {
    return types.isManualOrFullOutbound(this.connectionType);
  }

  get expectsServices(): boolean {
    return types.expectsServices(this.connectionType);
  }

  get mayRelayAddresses(): boolean {
    return types.mayRelayAddresses(this.connectionType);
  }

  /** The protocol version in our `version` message on this connection. */
  get advertisedProtocolVersion(): number {
    return types.advertisedProtocolVersion(this.connectionType);
  }

  /** The network the peer comes through; `onion` for a peer that comes from our onion service. */
  get connectedThroughNetwork(): NetworkClass {
    return this.isInboundOnion ? 'onion' : this.addr.address.getNetClass();
  }

  /** Whether the network between us hides the peer's location. CJDNS does not. */
  get isConnectedThroughPrivacyNetwork(): boolean {
    return this.isInboundOnion || this.addr.address.isPrivacyNetwork();
  }

  /** Whether the peer has a permission, by its name in the options. */
  hasPermission(name: PermissionName): boolean {
    return hasPermission(this.permissions, name);
  }

  /** The transport of the connection: V1, V2 with its session id, or not known yet. */
  get transportInfo(): TransportInfo {
    return this.transport.getInfo();
  }

  /**
   * Whether the peer closed the connection after our V2 key without an answer: it may know only V1, and is dialed again with
   * that.
   */
  get shouldReconnectV1(): boolean {
    return this.transport.shouldReconnectV1();
  }

  // ---- What is agreed on once ---------------------------------------------------------------------------------------

  /** The lower of both versions; 209 until the peer's `version` came. */
  get commonVersion(): number {
    return this.#commonVersion;
  }

  /** @throws {SockManError} `ERR_SOCKMAN_STATE`: it was set before. */
  setCommonVersion(version: number): void {
    if (this.#commonVersion !== INITIAL_PROTOCOL_VERSION) throw alreadySet('commonVersion', this.id);
    this.#commonVersion = version;
  }

  /** Our address as the peer reported it; undefined until then. Unverified. */
  get addrLocal(): Service | undefined {
    return this.#addrLocal;
  }

  /** @throws {SockManError} `ERR_SOCKMAN_STATE`: it was set before. */
  setAddrLocal(service: Service): void {
    if (this.#addrLocal !== undefined) throw alreadySet('addrLocal', this.id);
    this.#addrLocal = service;
  }

  // ---- What was exchanged -------------------------------------------------------------------------------------------

  /** Bytes on the wire by message type, types that occurred only. A peer can add no keys: unknown ones count as `*other*`. */
  get sentBytesByType(): ReadonlyMap<string, number> {
    return this.#sentBytesByType ?? NO_TYPES;
  }

  /** As `sentBytesByType`. */
  get receivedBytesByType(): ReadonlyMap<string, number> {
    return this.#receivedBytesByType ?? NO_TYPES;
  }

  /** Counts bytes of a message, or of a part of it, that went out. */
  countSent(type: string, bytes: number): void {
    count((this.#sentBytesByType ??= new Map()), type, bytes);
  }

  /** Counts the bytes of a message that came. */
  countReceived(type: string, bytes: number): void {
    count((this.#receivedBytesByType ??= new Map()), type, bytes);
  }

  // ---- Flow control -------------------------------------------------------------------------------------------------

  /** Too much waits to be processed: further bytes stay in the peer's and our kernel. */
  get isReceivePaused(): boolean {
    return this.received.isPaused;
  }

  /** Memory of bytes that wait to be processed, in bytes. */
  get receivedMemoryBytes(): number {
    return this.received.memoryBytes;
  }

  /** Memory of the send queue and the transport, in bytes. */
  get sendMemoryBytes(): number {
    return this.sendQueue.memoryBytes + this.transport.getSendMemoryUsage();
  }

  /** Updates the account of the send queue, and whether sending is paused. */
  bookSendMemory(): void {
    const change = this.sendMemoryBytes - this.#sendAccount.waitingBytes;
    if (change > 0) this.#sendAccount.add(change);
    else this.#sendAccount.remove(-change);
    this.isSendPaused = this.#sendAccount.isPaused;
  }

  /** Frees everything that waits, in both directions: the connection is gone. */
  dropQueues(): void {
    this.received.close();
    this.transport.dropReceived();
    this.sendQueue.clear();
    this.#sendAccount.close();
  }

  // ---- The end ------------------------------------------------------------------------------------------------------

  /** Why the node is being disconnected; undefined if it is not. Printable, without text from the peer. */
  get disconnectReason(): string | undefined {
    return this.#disconnectReason;
  }

  get isMarkedForDisconnect(): boolean {
    return this.#disconnectReason !== undefined;
  }

  /**
   * Marks the node: it is removed in the next macrotask. No further message of it is processed, and its send queue is lost.
   * The first reason stays. Safe in any callback.
   */
  disconnect(reason: string): void {
    if (this.#disconnectReason !== undefined) return;
    this.#disconnectReason = reason;
    this.#onMarked(this);
  }
}

/**
 * A node as users of a `Connman` see it: live and read-only. `disconnect` ends it. Fields for `Connman` and the message
 * processor alone are left out.
 */
export interface NodeView extends Readonly<
  Omit<
    P2PNode,
    | 'transport'
    | 'received'
    | 'sendQueue'
    | 'timeUse'
    | 'grant'
    | 'nextVisitMs'
    | 'isAwaitingVisit'
    | 'setCommonVersion'
    | 'setAddrLocal'
    | 'bookSendMemory'
    | 'dropQueues'
    | 'countSent'
    | 'countReceived'
  >
> {}

function count(bytesByType: Map<string, number>, type: string, bytes: number): void {
  bytesByType.set(type, (bytesByType.get(type) ?? 0) + bytes);
}

function alreadySet(what: string, connectionId: number): SockManError {
  return new SockManError('ERR_SOCKMAN_STATE', `${what} of node ${connectionId} was set before`, { connectionId });
}

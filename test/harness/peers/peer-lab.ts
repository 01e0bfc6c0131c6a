// A peer manager with peers, without sockets: real nodes, real messages, a clock that stands still until a test moves it.
//
// `PeerLab` stands in for `Connman` as far as `PeerNetwork` reaches, and decides nothing: its answers are fields that a test
// sets. A `LabPeer` is the other end of one connection.

import type { ConnectionType } from '../../../ts/connman/node/connection-types.ts';
import { KeyedHashes } from '../../../ts/connman/node/keyed-hashes.ts';
import type { PeerNetwork, PolledMessage } from '../../../ts/connman/contract/net-events.ts';
import { BlockPool } from '../../../ts/connman/node/block-pool.ts';
import { P2PNode } from '../../../ts/connman/node/peer.ts';
import { ReceivedBytes } from '../../../ts/connman/node/received-bytes.ts';
import { requireSendable } from '../../../ts/p2p/transport/outbound-message.ts';
import type { ReceivedMessage } from '../../../ts/p2p/transport/transport.ts';
import { MemoryBudget } from '../../../ts/util/memory/memory-budget.ts';
import { releaseMemory } from '../../../ts/util/memory/release-memory.ts';
import type { PermissionName } from '../../../ts/connman/node/permission-flags.ts';
import { PERMISSION_FLAGS } from '../../../ts/connman/node/permission-flags.ts';
import type { NetAddress } from '../../../ts/netaddr/net-address.ts';
import type { NetworkClass } from '../../../ts/netaddr/networks/network.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { CHAIN_PARAMS } from '../../../ts/p2p/chain-params.ts';
import type { PeerAddress } from '../../../ts/p2p/messages/addresses.ts';
import type { MessageType } from '../../../ts/p2p/messages/message-types.ts';
import { decodeMessage, encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import type { Message, MessageMap } from '../../../ts/p2p/messages/registry.ts';
import { NO_VERSION_ADDRESS } from '../../../ts/p2p/messages/version.ts';
import type { VersionMessage } from '../../../ts/p2p/messages/version.ts';
import { V1Transport } from '../../../ts/p2p/transport/v1.ts';
import { PeerManager } from '../../../ts/peerman/peer-manager.ts';
import type { PeerManagerOptions } from '../../../ts/peerman/contract/options.ts';
import { VirtualClock } from '../../../ts/sockman/backends/memory/virtual-clock.ts';
import type { SipHash } from '../../../ts/util/hashing/siphash.ts';
import { seededUint32 } from '../data/seeded-uint32.ts';

/** Full blocks with witnesses: what automatic outbound peers must offer. */
const FULL_NODE = 9n;
const NEVER_ABORTED = new AbortController().signal;
/** Rounds a connection may need to come to rest. */
const MAX_ROUNDS = 300_000;

/** Properties of a peer that differ from the defaults. */
export interface LabPeerOptions {
  readonly type?: ConnectionType;
  readonly address?: string;
  readonly permissions?: readonly PermissionName[];
  readonly addrServices?: bigint;
  readonly ourServices?: bigint;
  readonly networkKey?: bigint;
  readonly nonce?: bigint;
  readonly isInboundOnion?: boolean;
}

export class PeerLab implements PeerNetwork {
  readonly clock = new VirtualClock({ wallTimeMs: 1_700_000_000_000 });
  readonly manager: PeerManager;
  readonly peers = new Map<number, LabPeer>();
  /** Lines of the manager's log. */
  readonly log: string[] = [];
  /** `initializeNode` and `finalizeNode` of each node. */
  readonly finalized: number[] = [];
  readonly hashes: KeyedHashes;
  #nextId = 0;

  // ---- What the network answers -------------------------------------------------------------------------------------

  readonly chain = CHAIN_PARAMS.regtest;
  userAgent = '/sockman:0.1.0/';
  isListening = false;
  isNetworkActive = true;
  usesAddressBook = true;
  tryNewOutboundPeer = false;
  localService: Service | undefined;
  /** The autonomous system of every peer; 0 for no map. */
  asNumber = 0;
  readonly seen: string[] = [];
  readonly ownNonces = new Set<bigint>();
  readonly proxies = new Set<string>();
  readonly unreachable = new Set<NetworkClass>();
  addresses: PeerAddress[] = [];
  freshAddresses: PeerAddress[] = [];
  isUploadTargetReached = false;
  hasExtraBlockRelay = false;
  maxFullRelay = 8;
  maxBlockRelay = 2;
  privateBroadcastsToOpen = 0;
  wakeCount = 0;

  constructor(
    options: Omit<PeerManagerOptions, 'clock' | 'random' | 'logger'> = {},
    seeds: readonly [bigint, bigint] = [1n, 2n],
  ) {
    this.hashes = new KeyedHashes(...seeds);
    const note = (line: string): void => void this.log.push(line);
    const logger = { debug: note, info: note, warn: note, error: note };
    this.manager = new PeerManager({ ...options, clock: this.clock, random: seededUint32(1), logger });
    this.manager.attach(this);
  }

  // ---- Driving ------------------------------------------------------------------------------------------------------

  /** A new connection. Nothing is sent on it before `settle`. */
  connect(options: LabPeerOptions = {}): LabPeer {
    const id = this.#nextId++;
    const type = options.type ?? 'inbound';
    const addr = Service.parse(options.address ?? `1.2.${id >> 8}.${id & 0xff}:8333`);
    const permissions = (options.permissions ?? []).reduce((flags, name) => flags | PERMISSION_FLAGS[name], 0);
    const addrBind = type === 'inbound' ? Service.parse('5.6.7.8:8333') : undefined;
    const budget = new MemoryBudget();
    const node = new P2PNode(
      {
        id,
        addr,
        addrServices: options.addrServices ?? 0n,
        addrBind,
        dest: undefined,
        connectionType: type,
        isInboundOnion: options.isInboundOnion ?? false,
        permissions,
        preferEvict: false,
      },
      {
        keyedNetGroup: 0n,
        networkKey: options.networkKey ?? 0n,
        localNonce: options.nonce ?? this.hashes.localNonce(id),
        connectedAtMs: this.clock.wallTimeMs(),
        transport: new V1Transport(CHAIN_PARAMS.regtest.magic),
        received: new ReceivedBytes(budget.open(), new BlockPool()),
        sendAccount: budget.open(),
      },
      () => {},
    );
    this.manager.initializeNode(node, options.ourServices ?? FULL_NODE);
    const peer = new LabPeer(this, node);
    this.peers.set(id, peer);
    return peer;
  }

  /** A connection whose handshake is done; what was sent for it is forgotten. */
  connectReady(options: LabPeerOptions & { readonly version?: Partial<VersionMessage> } = {}): LabPeer {
    const peer = this.connect(options);
    peer.shakeHands(options.version);
    this.settle();
    return peer;
  }

  /** One round of the message pump: at most one message of each peer. @returns Whether there is more to do. */
  round(): boolean {
    for (const { node } of [...this.peers.values()]) if (node.isMarkedForDisconnect) this.#remove(node);
    let hasMore = false;
    for (const { node } of [...this.peers.values()]) {
      if (node.isMarkedForDisconnect) continue;
      if (this.manager.processMessages(node, NEVER_ABORTED) && !node.isSendPaused) hasMore = true;
      this.manager.sendMessages(node);
    }
    return hasMore || [...this.peers.values()].some(({ node }) => node.isMarkedForDisconnect);
  }

  /** Rounds until nothing is left to do: at least two, so that what one sends in the first is answered. */
  settle(): void {
    this.round();
    let rounds = 1;
    while (this.round()) if (++rounds > MAX_ROUNDS) throw new Error('the peer manager finds no rest');
  }

  /** Lets time pass, with a round each `stepMs`, as the pump has it. */
  pass(ms: number, stepMs = 100): void {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(stepMs, left));
      this.settle();
    }
  }

  /** Jumps ahead, as if the process had been asleep. */
  jump(ms: number): void {
    this.clock.advance(ms);
    this.settle();
  }

  #remove(node: P2PNode): void {
    this.peers.delete(node.id);
    this.finalized.push(node.id);
    this.manager.finalizeNode(node);
  }

  /** Ends a connection as if the peer had. */
  drop(peer: LabPeer): void {
    peer.node.disconnect('closed by the peer');
    if (this.peers.has(peer.node.id)) this.#remove(peer.node);
  }

  // ---- PeerNetwork --------------------------------------------------------------------------------------------------

  pushMessage(node: P2PNode, type: string, payload: Uint8Array, maxBytes?: number): void {
    requireSendable({ type, payload, maxBytes });
    this.peers.get(node.id)?.received.push({ ...decodeMessage(type, payload), raw: payload });
  }

  pollMessage(node: P2PNode): PolledMessage | undefined {
    const sent = this.peers.get(node.id)?.sent ?? [];
    const message = sent.shift();
    return message && { message, hasMore: sent.length > 0 };
  }

  releasePayload(payload: Uint8Array): void {
    releaseMemory(payload);
  }

  wakeMessageHandler(_node?: P2PNode): void {
    this.wakeCount++;
  }

  node(nodeId: number): P2PNode | undefined {
    return this.peers.get(nodeId)?.node;
  }

  forEachNode(visit: (node: P2PNode) => void): void {
    for (const { node } of this.peers.values()) {
      if (node.isSuccessfullyConnected && !node.isMarkedForDisconnect) visit(node);
    }
  }

  disconnectAddress(address: NetAddress, reason: string): boolean {
    const there = [...this.peers.values()].filter(({ node }) => node.addr.address.equals(address));
    for (const { node } of there) node.disconnect(reason);
    return there.length > 0;
  }

  checkIncomingNonce(nonce: bigint): boolean {
    return !this.ownNonces.has(nonce);
  }

  getLocalAddrForPeer(): Service | undefined {
    return this.localService;
  }

  seenLocal(service: Service): void {
    this.seen.push(service.toString());
  }

  nameInLog({ id }: P2PNode): string {
    return `peer=${id}`;
  }

  asNumberOf(): number {
    return this.asNumber;
  }

  isReachable(network: NetworkClass): boolean {
    return !this.unreachable.has(network);
  }

  isProxy(address: NetAddress): boolean {
    return this.proxies.has(address.toString());
  }

  getAddresses(): readonly PeerAddress[] {
    return this.addresses;
  }

  getAddressesUnsafe(): PeerAddress[] {
    return this.freshAddresses;
  }

  outboundTargetReached(): boolean {
    return this.isUploadTargetReached;
  }

  shouldRunInactivityChecks(node: P2PNode, nowMs: number): boolean {
    return node.connectedAtMs + 60_000 < nowMs;
  }

  deterministicRandomizer(id: bigint): SipHash {
    return this.hashes.randomizer(id);
  }

  startExtraBlockRelayPeers(): void {
    this.hasExtraBlockRelay = true;
  }

  extraFullOutboundCount(): number {
    return Math.max(0, this.#countReady((node) => node.isFullOutbound) - this.maxFullRelay);
  }

  extraBlockRelayCount(): number {
    return Math.max(0, this.#countReady((node) => node.isBlockRelay) - this.maxBlockRelay);
  }

  hasMultipleManualOrFullOutbound(network: NetworkClass): boolean {
    const nodes = [...this.peers.values()].map(({ node }) => node);
    const isThere = ({ addr }: P2PNode): boolean => addr.address.getNetwork() === network;
    return nodes.filter((node) => node.isManualOrFullOutbound && isThere(node)).length > 1;
  }

  addPrivateBroadcastsToOpen(count: number): void {
    this.privateBroadcastsToOpen += count;
  }

  #countReady(isCounted: (node: P2PNode) => boolean): number {
    let count = 0;
    this.forEachNode((node) => (count += isCounted(node) ? 1 : 0));
    return count;
  }
}

/** A message as a peer got it. */
export type Received = Message & { readonly raw: Uint8Array };

/** The other end of one connection. */
export class LabPeer {
  readonly lab: PeerLab;
  readonly node: P2PNode;
  /** What it sent and the peer manager has not taken yet. */
  readonly sent: ReceivedMessage[] = [];
  /** What was sent to it, in order. */
  readonly received: Received[] = [];

  constructor(lab: PeerLab, node: P2PNode) {
    this.lab = lab;
    this.node = node;
  }

  /** Sends messages; they wait for the next round. */
  send(...messages: readonly Message[]): this {
    for (const message of messages) {
      const { type, payload } = encodeMessage(message);
      this.sendRaw(type, payload);
    }
    return this;
  }

  sendRaw(type: string, payload: Uint8Array = new Uint8Array(0)): this {
    const timeMs = this.lab.clock.wallTimeMs();
    const rawBytes = payload.length + 24;
    this.sent.push({ type, payload, timeMs, rawBytes, rejectReason: undefined });
    return this;
  }

  sendVersion(fields: Partial<VersionMessage> = {}): this {
    return this.send({ ...versionMessage(this.lab.clock.wallTimeMs() / 1_000), ...fields });
  }

  /** `version`, `wtxidrelay` and `sendaddrv2` where the version has them, `verack`. */
  shakeHands(fields: Partial<VersionMessage> = {}): this {
    this.sendVersion(fields);
    if ((fields.protocolVersion ?? 70_017) >= 70_016) this.send({ type: 'wtxidrelay' }, { type: 'sendaddrv2' });
    return this.send({ type: 'verack' });
  }

  /** The types of what it received, in order. */
  get types(): string[] {
    return this.received.map(({ type }) => type);
  }

  /** Messages of one type. */
  got<T extends MessageType>(type: T): (MessageMap[T] & { readonly raw: Uint8Array })[] {
    return this.received.filter((message) => message.type === type) as (MessageMap[T] & { raw: Uint8Array })[];
  }

  /** Takes what it received since the last call. */
  take(): Received[] {
    return this.received.splice(0);
  }

  /** Sends, lets the manager work, and takes the answers. */
  ask(...messages: readonly Message[]): Received[] {
    this.take();
    this.send(...messages);
    this.lab.settle();
    return this.take();
  }

  get isGone(): boolean {
    return this.node.isMarkedForDisconnect;
  }

  get stats() {
    return this.lab.manager.getNodeStateStats(this.node.id)!;
  }
}

/** The introduction of a current full node. */
export function versionMessage(timeSeconds: number): VersionMessage {
  return {
    type: 'version',
    protocolVersion: 70_017,
    services: FULL_NODE,
    timeSeconds: Math.floor(timeSeconds),
    receiver: NO_VERSION_ADDRESS,
    sender: NO_VERSION_ADDRESS,
    nonce: 77n,
    userAgent: '/lab:1.0/',
    startHeight: 100,
    relay: true,
  };
}

// What stands behind a `Connman`: its parts, and its life from start to stop.

import type { NetAddress } from '../netaddr/net-address.ts';
import { NamedEndpoint } from '../netaddr/named-endpoint.ts';
import type { NetworkClass } from '../netaddr/network.ts';
import type { Service } from '../netaddr/service.ts';
import type { Subnet } from '../netaddr/subnet.ts';
import { Services } from '../p2p/protocol.ts';
import type { OutboundMessage } from '../p2p/transport/transport.ts';
import type { StartOptions } from '../sockman/core.ts';
import { beforeAbort } from '../util/time/before-abort.ts';
import { debugLog } from '../util/debug-log.ts';
import { Emitter } from '../util/emitter.ts';
import { SockManError } from '../util/errors/errors.ts';
import { Intervals } from '../util/time/intervals.ts';
import { throwLater } from '../util/errors/throw-later.ts';
import { AddressCache } from './reach/address-cache.ts';
import { admitInbound } from './inbound/admission.ts';
import { AS_MAP_CHECK_INTERVAL_MS, checkAsMap } from './reach/as-map-check.ts';
import { MAX_ADDED_NODE_CONNECTIONS, MAX_PRIVATE_BROADCAST_CONNECTIONS, connectionBudget } from './settings/budget.ts';
import type { ConnectionBudget } from './settings/budget.ts';
import { fittingConnections } from './settings/descriptor-limit.ts';
import { Dialing } from './outbound/dialing.ts';
import { loggedPeer } from './contract/events.ts';
import type { ConnmanEvents, DialEvent, FailedDialEvent } from './contract/events.ts';
import { pickNodeToEvict } from './inbound/eviction.ts';
import { BLOCK_BYTES } from './node/block-pool.ts';
import { KeyedHashes } from './node/keyed-hashes.ts';
import { ListeningSockets } from './inbound/listening-sockets.ts';
import { planListening } from './inbound/listen-plan.ts';
import type { ListenPlan } from './inbound/listen-plan.ts';
import { LOCAL_SCORES, LocalAddresses } from './reach/local-addresses.ts';
import { captureMessages } from './messages/message-capture.ts';
import { logMessages } from './messages/message-log.ts';
import { MessagePump } from './messages/message-pump.ts';
import type { NetEvents, PeerNetwork } from './contract/net-events.ts';
import { NetworkState } from './reach/network-state.ts';
import { NodeMaker } from './node/node-maker.ts';
import { NodeTable } from './node/node-table.ts';
import type { ConnmanOptions } from './settings/options.ts';
import { Outbound } from './outbound/outbound.ts';
import type { P2PNode } from './node/peer.ts';
import { Permissions, parseWhiteBind } from './inbound/permissions.ts';
import { Removal } from './removal.ts';
import type { ResolvedConnmanOptions } from './settings/resolve-options.ts';
import { lookUpEndpoint, parseEndpoint } from './settings/endpoint.ts';
import { SAVE_INTERVAL_MS, Saving } from './saving.ts';
import { Tasks } from '../util/time/background-tasks.ts';
import { NodeSockets } from './sockets.ts';
import type { SocketOwner } from './sockets.ts';
import { INACTIVITY_SWEEP_MS, inactivityReason } from './node/timeouts.ts';
import { Traffic } from './messages/wire.ts';
import { UploadTarget, parseUploadTarget } from './messages/upload-target.ts';

/** Default of `receiveChunkBytes`: what a peer may exceed its share of the memory budget by, and enough for small messages. */
const RECEIVE_CHUNK_BYTES = BLOCK_BYTES;
/** Default of `acceptBatch`: when the slots are full, each newcomer takes somebody's place. */
const ACCEPT_BATCH = 4;

/** Where a `Connman` is in its life. */
type Stage = 'made' | 'starting' | 'started' | 'stopped';

export class ConnmanCore implements SocketOwner {
  readonly settings: ResolvedConnmanOptions;
  readonly budget: ConnectionBudget;
  readonly events: Emitter<ConnmanEvents>;
  readonly sockets: NodeSockets;
  readonly table = new NodeTable();
  readonly network: NetworkState;
  readonly hashes: KeyedHashes;
  readonly traffic: Traffic;
  readonly dialing: Dialing;
  readonly addressCache: AddressCache;
  readonly listeners: ListeningSockets;
  readonly outbound: Outbound;
  readonly localAddresses: LocalAddresses;
  readonly uploadTarget: UploadTarget;
  localServices: bigint;

  readonly #listenPlan: ListenPlan;
  /** Own addresses of which only the name is known yet. */
  readonly #externalNames: NamedEndpoint[] = [];
  readonly #permissions: Permissions;
  readonly #maker: NodeMaker;
  readonly #removal: Removal;
  readonly #tasks: Tasks;
  readonly #saving: Saving;
  readonly #interrupt = new AbortController();
  readonly #reportError: (error: unknown, where: string, nodeId: number | undefined) => void;
  readonly #intervals: Intervals;
  #stage: Stage = 'made';
  #netEvents: NetEvents | undefined;
  #pump: MessagePump | undefined;
  /** Nodes that the last look for silence would have ended, had nothing of theirs waited. */
  #spared: ReadonlySet<P2PNode> = new Set();
  #stopping: Promise<void> | undefined;
  #announcedCount = 0;
  #isCountNoted = false;
  #isAcceptingRested = false;

  constructor(options: ConnmanOptions, settings: ResolvedConnmanOptions) {
    const { clock, random, addressBook, banMan, logger, captureMessages: captureFolder } = settings;
    this.sockets = new NodeSockets(
      {
        receiveChunkBytes: RECEIVE_CHUNK_BYTES,
        acceptBatch: ACCEPT_BATCH,
        ...options,
        connectTimeoutMs: settings.connectTimeoutMs,
      },
      this,
    );
    this.settings = settings;
    this.localServices = settings.localServices;
    this.#reportError = options.onCallbackError ?? throwLater;
    this.events = new Emitter((error, name) => this.#reportError(error, name, undefined));
    this.#tasks = new Tasks((error, name) => this.#reportError(error, name, undefined));
    this.#saving = new Saving(settings);
    this.#intervals = new Intervals(clock);
    this.network = new NetworkState(settings);
    this.hashes = KeyedHashes.random(random);
    this.#listenPlan = planListening({ ...settings, whiteBind: settings.whiteBind.map(parseWhiteBind) });
    this.budget = connectionBudget(this.#fittingConnections());
    this.#warnWithoutInboundSlots();
    this.#permissions = new Permissions(settings);
    this.uploadTarget = new UploadTarget(parseUploadTarget(settings.maxUploadTarget), clock);
    this.localAddresses = this.#makeLocalAddresses();
    const { sockets, localAddresses } = this;
    this.listeners = new ListeningSockets(this.#listenPlan, { sockets, localAddresses, logger });
    this.addressCache = new AddressCache({ addressBook, banMan, clock, random });
    this.#maker = new NodeMaker(
      settings,
      this.hashes,
      (node) => this.#noteMarked(node),
      (nodeId) => sockets.wake(nodeId),
    );
    this.traffic = this.#makeTraffic();
    this.#removal = this.#makeRemoval();
    this.dialing = this.#makeDialing();
    this.outbound = this.#makeOutbound();
    const debug = debugLog();
    if (debug !== undefined) logMessages(this.events, debug);
    if (captureFolder !== undefined) captureMessages({ events: this.events, folder: captureFolder, clock, logger });
  }

  // ---- Life ---------------------------------------------------------------------------------------------------------

  get isStarted(): boolean {
    return this.#stage === 'started';
  }

  /** The message processor. @throws {SockManError} `ERR_SOCKMAN_STATE`: there is none before `start`. */
  get netEvents(): NetEvents {
    if (this.#netEvents === undefined) throw new SockManError('ERR_SOCKMAN_STATE', 'not started');
    return this.#netEvents;
  }

  async start(netEvents: NetEvents, network: PeerNetwork): Promise<void> {
    if (this.#stage !== 'made') throw new SockManError('ERR_SOCKMAN_STATE', `start: ${this.#stage} before`);
    const { clock, random } = this.settings;
    if (this.network.namedProxies.length > 0 || this.#externalNames.length > 0) await this.#lookUpNames();
    if (this.settings.isListening) {
      this.listeners.openAll();
      this.localAddresses.completePorts(this.listeners.port);
    }
    if (this.settings.discovers && this.#listenPlan.bindsAny) this.localAddresses.discover(this.listeners.port);
    this.#stage = 'starting';
    netEvents.attach(network);
    const anchors = this.outbound.usesAddressBook ? await this.#saving.takeAnchors() : [];
    if (this.#interrupt.signal.aborted) throw new SockManError('ERR_SOCKMAN_STATE', 'start: interrupted meanwhile');
    this.#stage = 'started';
    this.#netEvents = netEvents;
    this.sockets.startSocketsThreads({ name: 'connman', ...this.#i2pOptions() });
    this.outbound.start(netEvents, anchors);
    this.#pump = new MessagePump(
      { table: this.table, clock, random, reportError: this.#reportError },
      netEvents,
      this.#interrupt.signal,
    );
    this.#pump.start();
    this.#checkAsMap();
    // Not by the timer itself: after a pause of the process, what the peers said meanwhile is still in the kernel.
    this.#intervals.every(INACTIVITY_SWEEP_MS, () => this.sockets.deadline(0, () => this.checkInactivity()));
    this.#intervals.every(SAVE_INTERVAL_MS, () => this.#tasks.run('save', () => this.#saving.save()));
    this.#intervals.every(AS_MAP_CHECK_INTERVAL_MS, () => this.#checkAsMap());
  }

  /** Finds out where proxies and we ourselves are. @throws {SockManError} `ERR_SOCKMAN_SYSTEM`: a name has no address. */
  async #lookUpNames(): Promise<void> {
    this.#stage = 'starting';
    const lookUp = async (option: string, name: NamedEndpoint): Promise<Service> => {
      const found = await beforeAbort(lookUpEndpoint(option, name, this.settings.lookUpHost), this.#interrupt.signal);
      if (found === undefined) throw new SockManError('ERR_SOCKMAN_STATE', 'start: interrupted meanwhile');
      return found;
    };
    try {
      await this.network.lookUpProxies(lookUp);
      for (const name of this.#externalNames) {
        this.#addExternal(this.localAddresses, await lookUp('externalIp', name));
      }
      this.#externalNames.length = 0;
    } finally {
      this.#stage = 'made';
    }
  }

  #checkAsMap(): void {
    this.#tasks.run('AS map', async () => {
      const health = await checkAsMap(this.settings, this.#interrupt.signal);
      if (health !== undefined) this.events.emit('asMapHealth', health);
    });
  }

  /** How to listen for I2P peers, if we do. */
  #i2pOptions(): StartOptions {
    const { i2pPrivateKeyFile, i2pAcceptIncoming } = this.settings;
    const bridge = this.network.proxyFor('i2p');
    if (bridge === undefined || i2pPrivateKeyFile === undefined || !i2pAcceptIncoming) return {};
    const { endpoint: sam, sessionOptions } = bridge;
    return { i2p: { sam, privateKeyFile: i2pPrivateKeyFile, ...(sessionOptions !== undefined && { sessionOptions }) } };
  }

  interrupt(): void {
    this.#interrupt.abort();
    this.#intervals.stop();
    this.sockets.interruptNet();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const wasStarted = this.#stage === 'started';
    this.interrupt();
    await this.#tasks.settled();
    await this.sockets.joinSocketsThreads();
    this.#stage = 'stopped';
    // Saved before nodes are finalized, as Core does: that they were connected is news for the next run.
    if (wasStarted) {
      await this.#saving.save();
      if (this.outbound.usesAddressBook) await this.#saving.saveAnchors(this.outbound.anchors());
    }
    for (const node of this.table.values()) {
      node.disconnect('shutting down');
      this.#removal.remove(node, false);
    }
    this.#removal.stop();
    this.sockets.closeSockets();
    this.listeners.clear();
    this.#saving.release();
  }

  // ---- Nodes come ---------------------------------------------------------------------------------------------------

  /** @see SockManCallbacks.eventNewConnectionAccepted */
  accept(id: number, me: Service, them: Service): boolean {
    const { node, refusal } = admitInbound(
      {
        table: this.table,
        network: this.network,
        maker: this.#maker,
        banMan: this.settings.banMan,
        maxInbound: this.budget.maxInbound,
        localServices: this.localServices,
        findListener: (bound) => this.listeners.find(bound),
        inboundPermissions: (listener, from) => this.#permissions.inbound(listener?.permissions, from?.address),
        evictOne: () => this.#evictOne(),
      },
      id,
      { me, them },
    );
    if (node === undefined) {
      const from = this.settings.logIps ? ` from ${them}` : '';
      this.settings.logger.debug(`connection${from} dropped (${refusal})`);
      return false;
    }
    return this.#admit(node);
  }

  #evictOne(): boolean {
    const evicted = pickNodeToEvict(this.table, this.budget.maxInbound, this.settings.clock.wallTimeMs());
    if (evicted === undefined) return false;
    this.markAndClose(evicted, 'evicted to make room');
    this.#restAccepting();
    this.events.emit('evictedInboundConnection', evicted);
    return true;
  }

  /** When the slots are full, who was accepted is heard before the next are: the kernel keeps those meanwhile. */
  #restAccepting(): void {
    if (this.#isAcceptingRested) return;
    this.#isAcceptingRested = true;
    this.sockets.pauseAccepting();
    this.settings.clock.soon(() => {
      this.#isAcceptingRested = false;
      this.sockets.resumeAccepting();
    });
  }

  /** Makes a node known: to the message processor first, then to everybody. @returns False if that failed. */
  #admit(node: P2PNode): boolean {
    try {
      this.netEvents.initializeNode(node, this.localServices);
    } catch (error) {
      this.#reportError(error, 'initializeNode', node.id);
      return false;
    }
    this.table.add(node);
    this.#noteCount();
    const to = this.settings.logIps ? ` to ${node.addrName}` : '';
    this.settings.logger.debug(`Added connection${to} peer=${node.id}`);
    this.events.emit(node.isInbound ? 'inboundConnection' : 'outboundConnection', node);
    return true;
  }

  /** Whether we speak the encrypted transport. */
  get usesV2(): boolean {
    return (this.localServices & Services.P2P_V2) !== 0n;
  }

  // ---- Nodes go -----------------------------------------------------------------------------------------------------

  /** Tells how many nodes there are, once for all that come and go in one macrotask. */
  #noteCount(): void {
    if (this.#isCountNoted || this.#interrupt.signal.aborted) return;
    this.#isCountNoted = true;
    this.settings.clock.soon(() => {
      this.#isCountNoted = false;
      if (this.table.size === this.#announcedCount || this.#interrupt.signal.aborted) return;
      this.#announcedCount = this.table.size;
      this.events.emit('numConnectionsChanged', this.table.size);
    });
  }

  markAndClose(node: P2PNode, reason: string): void {
    node.disconnect(reason);
    this.sockets.closeConnection(node.id);
  }

  disconnectAddress(address: NetAddress, reason: string): boolean {
    return disconnectAll(this.table.withAddress(address), reason);
  }

  disconnectSubnet(subnet: Subnet, reason: string): boolean {
    const nodes = [...this.table.values()].filter(({ addr }) => subnet.matches(addr.address));
    return disconnectAll(nodes, reason);
  }

  /**
   * Looks for nodes that have been silent for too long. One whose messages wait to be processed may be late because of us: it
   * is spared once, until the next look.
   */
  checkInactivity(): void {
    if (this.#interrupt.signal.aborted) return;
    const { clock, peerTimeoutMs } = this.settings;
    const nowMs = clock.wallTimeMs();
    const spared = new Set<P2PNode>();
    for (const node of this.table.values()) {
      const reason = inactivityReason(node, nowMs, peerTimeoutMs);
      if (reason === undefined) continue;
      if (!this.#spared.has(node) && this.#pump?.isWaiting(node) === true) spared.add(node);
      else node.disconnect(reason);
    }
    this.#spared = spared;
  }

  setNetworkActive(isActive: boolean): void {
    this.settings.logger.info(`SetNetworkActive: ${isActive}`);
    if (this.network.isActive === isActive) return;
    this.network.isActive = isActive;
    if (!isActive) for (const node of this.table.values()) node.disconnect('the network is off');
    this.events.emit('networkActiveChanged', isActive);
  }

  wakeMessageHandler(node?: P2PNode): void {
    this.#pump?.wake(node);
  }

  #noteMarked(node: P2PNode): void {
    this.settings.logger.debug(`${node.disconnectReason}, disconnecting ${this.#name(node)}`);
    this.table.noteMarked(node);
    this.#removal.noteMarked(node);
  }

  /** A node is out of the table, its socket closed. */
  #removed(node: P2PNode): void {
    this.#noteCount();
    try {
      this.netEvents.finalizeNode(node);
    } catch (error) {
      this.#reportError(error, 'finalizeNode', node.id);
    }
    this.events.emit('closedConnection', { node, reason: node.disconnectReason ?? 'closed' });
  }

  async #reconnect(): Promise<void> {
    for (const request of this.#removal.takeReconnections()) {
      const isOpen = await this.dialing.open(request);
      if (!isOpen) request.grant?.release();
    }
  }

  // ---- Parts --------------------------------------------------------------------------------------------------------

  /** `maxConnections`, or fewer where the system does not allow as many. */
  #fittingConnections(): number {
    const { maxConnections, isListening, privateBroadcast, logger } = this.settings;
    const listenerCount = isListening ? this.#listenPlan.targets.length : 0;
    const broadcastCount = privateBroadcast ? MAX_PRIVATE_BROADCAST_CONNECTIONS : 0;
    const others = listenerCount + MAX_ADDED_NODE_CONNECTIONS + broadcastCount;
    const fitting = fittingConnections(maxConnections, others, this.settings.descriptorLimit);
    if (fitting < maxConnections) {
      logger.warn(`${fitting} connections instead of ${maxConnections}: the system allows too few open files`);
    }
    return fitting;
  }

  #makeTraffic(): Traffic {
    const sockets = this.sockets;
    return new Traffic(
      {
        sendBytes: (id, data, willSendMore) => sockets.sendBytes(id, data, willSendMore),
        errmsgOf: (result) => sockets.errmsgOf(result),
        wake: (id) => sockets.wake(id),
        markAndClose: (node, reason) => this.markAndClose(node, reason),
        wakeMessageHandler: (node) => this.wakeMessageHandler(node),
        countUpload: (bytes) => this.uploadTarget.count(bytes),
        noteOutboundMessage: (node, message) => this.#noteOutboundMessage(node, message),
        noteRejectedMessage: (node, message) => this.events.emit('rejectedMessage', { node, message }),
      },
      this.settings.clock,
    );
  }

  #noteOutboundMessage(node: P2PNode, message: OutboundMessage): void {
    const isTorPeer = !node.isInbound && node.addr.address.isOnion();
    if (isTorPeer && message.type === 'verack') this.outbound.privateBroadcasts?.noteTorWorks();
    this.events.emit('outboundMessage', { node, message });
  }

  #makeRemoval(): Removal {
    const { network } = this;
    return new Removal({
      table: this.table,
      clock: this.settings.clock,
      interrupt: this.#interrupt.signal,
      get isNetworkActive() {
        return network.isActive;
      },
      closeConnection: (id) => this.sockets.closeConnection(id),
      removed: (node) => this.#removed(node),
      retrying: (node) => this.settings.logger.debug(`retrying with v1 transport protocol for peer=${node.id}`),
      reconnectionsQueued: () => this.#tasks.run('reconnect', () => this.#reconnect()),
    });
  }

  #makeDialing(): Dialing {
    return new Dialing({
      options: this.settings,
      table: this.table,
      network: this.network,
      maker: this.#maker,
      addressBook: this.settings.addressBook,
      sockets: this.sockets,
      interrupt: this.#interrupt.signal,
      isLocal: (service) => this.localAddresses.has(service),
      outgoingPermissions: (address) => this.#permissions.manualOutbound(address),
      admit: (node) => this.#admit(node),
      noteAttempt: (dial) => this.#noteAttempt(dial),
      noteFailure: (dial) => this.#noteDialFailure(dial),
    });
  }

  #makeOutbound(): Outbound {
    const { settings, budget, table, network, dialing, localAddresses } = this;
    const core = this;
    return new Outbound({
      settings,
      budget,
      table,
      network,
      dialing,
      tasks: this.#tasks,
      interrupt: this.#interrupt.signal,
      get usesV2() {
        return core.usesV2;
      },
      isLocal: (service) => localAddresses.has(service),
    });
  }

  #makeLocalAddresses(): LocalAddresses {
    const { cjdnsReachable, discovers, externalIp, random } = this.settings;
    const { onlyNet } = this.settings;
    const isReachable = (network: NetworkClass): boolean => this.network.isReachable(network);
    // An onion service needs no proxy of ours to be reached.
    const isOnionWanted = onlyNet === undefined || onlyNet.includes('onion');
    const mayBeGiven = (network: NetworkClass): boolean =>
      isReachable(network) || (network === 'onion' && isOnionWanted);
    const addresses = new LocalAddresses({ discovers, cjdnsReachable, random, isReachable, mayBeGiven });
    for (const text of externalIp) {
      const endpoint = parseEndpoint('externalIp', text, this.#listenPlan.listenPort, this.settings.dns);
      if (endpoint instanceof NamedEndpoint) this.#externalNames.push(endpoint);
      else this.#addExternal(addresses, endpoint);
    }
    return addresses;
  }

  /** An own address that the user gave; one that is not told to anybody is no secret to the user. */
  #addExternal(addresses: LocalAddresses, service: Service): void {
    if (addresses.add(service, LOCAL_SCORES.manual)) return;
    const { address } = service;
    const network = address.getNetwork();
    const reason = address.isRoutable() ? `network ${network} is out of reach (proxy, onlyNet)` : 'it is not public';
    this.settings.logger.warn(`externalIp ${service} is not advertised: ${reason}`);
  }

  #warnWithoutInboundSlots(): void {
    const { isListening, logger } = this.settings;
    const { maxAutomatic, maxInbound } = this.budget;
    if (!isListening || maxInbound > 0 || maxAutomatic === 0) return;
    logger.warn(`nobody can connect to us: all ${maxAutomatic} connections are for dialing; maxConnections is too low`);
  }

  #noteAttempt(dial: DialEvent): void {
    const { target, connectionType, transport } = dial;
    this.settings.logger.debug(`trying ${transport} connection (${connectionType}) to ${target}`);
    this.events.emit('attemptedConnection', dial);
  }

  #noteDialFailure(dial: FailedDialEvent): void {
    const { connectionType, errmsg } = dial;
    this.settings.logger.debug(`${connectionType} dial failed${this.settings.logIps ? `: ${errmsg}` : ''}`);
    this.events.emit('failedConnection', dial);
  }

  #name(node: P2PNode): string {
    return loggedPeer(node, this.settings.logIps);
  }
}

/** @returns Whether there was one. */
function disconnectAll(nodes: Iterable<P2PNode>, reason: string): boolean {
  let hasFound = false;
  for (const node of nodes) {
    node.disconnect(reason);
    hasFound = true;
  }
  return hasFound;
}

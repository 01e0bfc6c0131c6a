// `Connman`: the connection manager of a Bitcoin node, and a `SockMan` like any other.
//
// It turns sockets into peers: whom to accept, whom to dial, when to give up, how bytes become messages and messages bytes.
// What messages mean it leaves to a message processor (`NetEvents`; `PeerManager` is one). This class is the outside; the
// parts it stands on are
//
//   options, resolve-options   what can be set              traffic        bytes to messages and back, pausing
//   listening, admission       who gets in                  message-pump   rounds of processing
//   dialing                    how we call somebody         timeouts       silence
//   outbound                   whom we call, and when       local-addresses, upload-target, permissions, eviction, ban-man
//   removal                    how connections end          statistics     what getpeerinfo shows
//   saving                     what the next run knows      message-capture  what was said, on disk
//   core                       the life of all these        peer           the state of one peer
//
// (Bitcoin Core src/net.h, class CConnman, divided as in pull request #30988)

import { NetAddress } from '../netaddr/net-address.ts';
import type { NetworkClass } from '../netaddr/network.ts';
import type { Service } from '../netaddr/service.ts';
import { Subnet } from '../netaddr/subnet.ts';
import type { PeerAddress } from '../p2p/messages/addresses.ts';
import { SockMan } from '../sockman/sock-man.ts';
import { invalidArg } from '../util/errors.ts';
import type { SipHash } from '../util/siphash.ts';
import type { AddedNodeInfo } from './outbound/added-nodes.ts';
import type { ConnectionBudget } from './settings/budget.ts';
import { ConnmanCore } from './node-lifecycle.ts';
import type { OpenRequest } from './outbound/dialing.ts';
import type { ConnmanEvents } from './contract/events.ts';
import { LOCAL_SCORES } from './reach/local-addresses.ts';
import type { LocalAddress } from './reach/local-addresses.ts';
import type { NetEvents, PeerNetwork, PolledMessage } from './contract/net-events.ts';
import type { Direction } from './node/node-table.ts';
import type { ConnmanOptions } from './settings/options.ts';
import { countReady } from './outbound/outbound.ts';
import type { AddableType } from './outbound/outbound.ts';
import type { P2PNode } from './node/peer.ts';
import { resolveConnmanOptions } from './settings/resolve-options.ts';
import { netTotals, networkInfo, peerStats } from './statistics.ts';
import type { NetTotals, NetworkInfo, PeerStats } from './statistics.ts';
import { isPastGrace } from './node/timeouts.ts';

/**
 * Manages the peers of a Bitcoin node. Make one, make a message processor for it, `start`, and `stop` at the end.
 *
 * @example
 * const connman = new Connman({ network: 'regtest', bind: ['127.0.0.1:18444'], connect: ['127.0.0.1:18555'] });
 * const peers = new PeerManager();
 * peers.attach(connman);
 * connman.on('inboundConnection', (node) => console.log(node.addrName));
 * await connman.start(peers);
 * // ...
 * await connman.stop();
 */
export class Connman extends SockMan implements PeerNetwork {
  readonly #core: ConnmanCore;

  /**
   * Opens nothing yet.
   *
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` and {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`, naming the option.
   */
  constructor(options: ConnmanOptions = {}) {
    const settings = resolveConnmanOptions(options);
    super({ ...options, connectTimeoutMs: settings.connectTimeoutMs });
    this.#core = new ConnmanCore(this, options, settings);
  }

  // ---- Life ---------------------------------------------------------------------------------------------------------

  /**
   * Listens, and starts accepting, dialing and processing.
   *
   * @param netEvents - The message processor.
   * @throws {SockManError} `ERR_SOCKMAN_SYSTEM`: an address cannot be listened on; nothing is left open.
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: started before.
   */
  async start(netEvents: NetEvents): Promise<void> {
    await this.#core.start(netEvents);
  }

  /** Has everything cease; nothing is closed yet. Idempotent, safe in any callback. `stop` follows. */
  interrupt(): void {
    this.#core.interrupt();
  }

  /** Ends everything: waits for what goes on, saves, finalizes every node, closes all sockets. Idempotent. */
  stop(): Promise<void> {
    return this.#core.stop();
  }

  override [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Hears of an event.
   * @returns Ends that.
   */
  on<Name extends keyof ConnmanEvents>(name: Name, listener: (value: ConnmanEvents[Name]) => void): () => void {
    return this.#core.events.on(name, listener);
  }

  // ---- Callbacks of SockMan -----------------------------------------------------------------------------------------
  //
  // `shouldTryToSend` and the hooks of the turn are not among them: while they are overridden every connection is looked at
  // twenty times a second. Nothing needs them. What is to be sent is sent when it is queued, and where the kernel does not
  // take it all it says when there is room; a transport that has something of its own to say, or can say what was queued
  // before, is known to `Traffic`, which wakes it. Marked nodes are removed, and changes told, in a macrotask of their own.

  override eventNewConnectionAccepted(nodeId: number, me: Service, them: Service): boolean {
    return this.#core.accept(nodeId, me, them);
  }

  override shouldTryToRecv(nodeId: number): boolean {
    const node = this.node(nodeId);
    return node !== undefined && !node.isReceivePaused;
  }

  override eventReadyToSend(nodeId: number): boolean {
    const node = this.node(nodeId);
    return node === undefined || this.#core.traffic.send(node);
  }

  override eventGotData(nodeId: number, data: Uint8Array): void {
    const node = this.node(nodeId);
    if (node !== undefined) this.#core.traffic.receive(node, data);
  }

  /** Ends the connection, also if whole messages of the peer still wait: who wants an answer keeps its sending side open. */
  override eventGotEOF(nodeId: number): void {
    const node = this.node(nodeId);
    if (node !== undefined) this.#core.markAndClose(node, 'the peer closed the connection');
  }

  override eventGotPermanentReadError(nodeId: number, errmsg: string): void {
    const node = this.node(nodeId);
    if (node !== undefined) this.#core.markAndClose(node, `receive failed: ${errmsg}`);
  }

  /** Our I2P address is one of ours while its session lasts. Told anew for each peer awaited, which adds no weight. */
  override eventI2PListen(addr: Service, success: boolean): void {
    const { localAddresses } = this.#core;
    if (!success) localAddresses.remove(addr);
    else if (!localAddresses.has(addr)) localAddresses.add(addr, LOCAL_SCORES.manual);
  }

  // ---- Dialing ------------------------------------------------------------------------------------------------------

  /**
   * Dials somebody whom the user named, once, beyond all limits.
   *
   * @param dest - An address or a name, with or without port.
   * @param usesV2 - Default: whether we offer it. A V1 peer that hangs up over it is dialed again with V1.
   * @returns Whether there is a connection now; its handshake is still to come.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: no text, or V2 where it is off.
   */
  async connectTo(dest: string, usesV2: boolean = this.#core.usesV2): Promise<boolean> {
    this.#checkDial('dest', dest, usesV2);
    return this.#core.dialing.open({ connectionType: 'manual', dest, usesV2 });
  }

  #checkDial(name: string, dest: string, usesV2: boolean): void {
    if (typeof dest !== 'string' || dest === '') throw invalidArg(name, 'an address or a name', dest);
    if (usesV2 && !this.#core.usesV2) throw invalidArg('usesV2', 'false, since encryption is off', usesV2);
  }

  /** Dials as a task of the outbound policy does. @see Dialing.open */
  openNetworkConnection(request: OpenRequest): Promise<boolean> {
    return this.#core.dialing.open(request);
  }

  /**
   * Dials by name as one of the automatic types, within its limit and if a slot is free. For tests and tools.
   *
   * @returns Whether there is a connection now. False also for a type that is none of these.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: no text, or V2 where it is off.
   */
  async addConnection(dest: string, type: AddableType, usesV2: boolean = this.#core.usesV2): Promise<boolean> {
    this.#checkDial('dest', dest, usesV2);
    return this.#core.outbound.addConnection(dest, type, usesV2);
  }

  // ---- Disconnecting ------------------------------------------------------------------------------------------------

  /**
   * Marks nodes for disconnection, whatever their type and permissions.
   *
   * @param whom - A node id, an `addrName`, an address (all ports), or a subnet.
   * @returns Whether there was one.
   */
  disconnectNode(whom: number | string | NetAddress | Subnet, reason = 'disconnected by the user'): boolean {
    if (whom instanceof NetAddress) return this.disconnectAddress(whom, reason);
    if (whom instanceof Subnet) return this.#disconnectAll(reason, ({ addr }) => whom.matches(addr.address));
    const node = typeof whom === 'number' ? this.node(whom) : this.#core.table.findName(whom);
    node?.disconnect(reason);
    return node !== undefined;
  }

  disconnectAddress(address: NetAddress, reason: string): boolean {
    const nodes = [...this.#core.table.withAddress(address)];
    for (const node of nodes) node.disconnect(reason);
    return nodes.length > 0;
  }

  /** Closes the socket now; the node goes with the next turn. */
  override closeConnection(nodeId: number): boolean {
    this.node(nodeId)?.disconnect('closed by the user');
    return super.closeConnection(nodeId);
  }

  /** Closes the socket now and lets the peer know by RST; the node goes with the next turn. */
  override resetConnection(nodeId: number): boolean {
    this.node(nodeId)?.disconnect('closed by the user');
    return super.resetConnection(nodeId);
  }

  /** Closes all sockets now; the nodes go with the next turn. To end everything there is `stop`. */
  override closeSockets(): void {
    this.#disconnectAll('closed by the user', () => true);
    super.closeSockets();
  }

  #disconnectAll(reason: string, isMeant: (node: P2PNode) => boolean): boolean {
    let hasFound = false;
    for (const node of this.#core.table.values()) {
      if (!isMeant(node)) continue;
      node.disconnect(reason);
      hasFound = true;
    }
    return hasFound;
  }

  /** Switches all connections off, or lets them come again. Listeners stay open; what comes in meanwhile is dropped. */
  setNetworkActive(isActive: boolean): void {
    this.#core.setNetworkActive(isActive);
  }

  /** Looks now for nodes that have been silent for too long; otherwise once a second. */
  checkInactivity(): void {
    this.#core.checkInactivity();
  }

  // ---- Messages -----------------------------------------------------------------------------------------------------

  pushMessage(node: P2PNode, type: string, payload: Uint8Array): void {
    this.#core.traffic.push(node, type, payload);
  }

  pollMessage(node: P2PNode): PolledMessage | undefined {
    const polled = this.#core.traffic.poll(node);
    if (polled !== undefined) this.#core.events.emit('inboundMessage', { node, message: polled.message });
    return polled;
  }

  wakeMessageHandler(node?: P2PNode): void {
    this.#core.wakeMessageHandler(node);
  }

  // ---- Nodes --------------------------------------------------------------------------------------------------------

  node(nodeId: number): P2PNode | undefined {
    return this.#core.table.get(nodeId);
  }

  /** Every node, those in their handshake and those marked included, ascending by id. */
  nodes(): IterableIterator<P2PNode> {
    return this.#core.table.values();
  }

  forEachNode(visit: (node: P2PNode) => void): void {
    for (const node of this.#core.table.values()) {
      if (node.isSuccessfullyConnected && !node.isMarkedForDisconnect) visit(node);
    }
  }

  /** How many nodes there are, those in their handshake and those marked included. */
  getNodeCount(direction: Direction = 'both'): number {
    return this.#core.table.countIn(direction);
  }

  checkIncomingNonce(nonce: bigint): boolean {
    const node = this.#core.table.findNonce(nonce);
    return node === undefined || node.isSuccessfullyConnected;
  }

  shouldRunInactivityChecks(node: P2PNode, nowMs: number): boolean {
    return isPastGrace(node, nowMs, this.#core.settings.peerTimeoutMs);
  }

  // ---- The network --------------------------------------------------------------------------------------------------

  get isListening(): boolean {
    return this.#core.listeners.count > 0;
  }

  /** Where we listen; ports are the real ones. */
  get listeningAt(): Service[] {
    return this.#core.listeners.services();
  }

  get isNetworkActive(): boolean {
    return this.#core.network.isActive;
  }

  get usesAddressBook(): boolean {
    return this.#core.outbound.usesAddressBook;
  }

  /** How many connections of each kind there may be. */
  get budget(): ConnectionBudget {
    return this.#core.budget;
  }

  /** The user agent of our `version` messages. */
  get userAgent(): string {
    return this.#core.settings.userAgent;
  }

  /** What peers are offered that connect from now on. */
  get localServices(): bigint {
    return this.#core.localServices;
  }

  addLocalServices(services: bigint): void {
    this.#core.localServices |= services;
  }

  removeLocalServices(services: bigint): void {
    this.#core.localServices &= ~services;
  }

  isReachable(network: NetworkClass): boolean {
    return this.#core.network.isReachable(network);
  }

  isProxy(address: NetAddress): boolean {
    return this.#core.network.isProxy(address);
  }

  /** Our own addresses, as far as we know them. */
  localAddresses(): LocalAddress[] {
    return this.#core.localAddresses.list();
  }

  /** Makes an address one of ours, as that of an onion service is: see `onionTarget`. It must be in reach. */
  addLocalAddress(service: Service): boolean {
    return this.#core.localAddresses.add(service, LOCAL_SCORES.manual);
  }

  removeLocalAddress(service: Service): void {
    this.#core.localAddresses.remove(service);
  }

  /** Where an onion service of ours is to deliver, so that its peers are known as such; undefined if we do not listen. */
  get onionTarget(): Service | undefined {
    return this.#core.listeners.onionTarget();
  }

  /** Dials onion addresses through this proxy from now on, as Tor's control port names it. */
  useOnionProxy(endpoint: Service): void {
    this.#core.network.useOnionProxy(endpoint);
  }

  getLocalAddrForPeer(node: P2PNode): Service | undefined {
    return this.#core.localAddresses.forPeer(node, this.isListening, this.#core.listeners.port);
  }

  seenLocal(service: Service): void {
    this.#core.localAddresses.seen(service);
  }

  getAddresses(node: P2PNode, maxCount: number, maxPercent: number): readonly PeerAddress[] {
    return this.#core.addressCache.addressesFor(node, maxCount, maxPercent);
  }

  getAddressesUnsafe(
    maxCount: number,
    maxPercent: number,
    network?: NetworkClass,
    isFiltered: boolean = true,
  ): PeerAddress[] {
    return this.#core.addressCache.fresh(maxCount, maxPercent, network, isFiltered);
  }

  deterministicRandomizer(id: bigint): SipHash {
    return this.#core.hashes.randomizer(id);
  }

  // ---- Added nodes --------------------------------------------------------------------------------------------------

  /**
   * Keeps a connection to a peer from now on, beside others; at most eight at a time.
   *
   * @param node - An address or a name, with or without port.
   * @returns False if it is listed already, as the same text or the same address.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: no text, or V2 where it is off.
   */
  addNode(node: string, usesV2: boolean = this.#core.usesV2): boolean {
    this.#checkDial('node', node, usesV2);
    return this.#core.outbound.addedNodes.add({ node, usesV2 });
  }

  /** Takes a peer off that list, by exactly its text; a connection stays. @returns Whether it was there. */
  removeAddedNode(node: string): boolean {
    return this.#core.outbound.addedNodes.remove(node);
  }

  /** The list, and who of it is connected. */
  getAddedNodeInfo(): AddedNodeInfo[] {
    return this.#core.outbound.addedNodes.list();
  }

  // ---- Outbound policy ----------------------------------------------------------------------------------------------

  get tryNewOutboundPeer(): boolean {
    return this.#core.outbound.tryNewOutboundPeer;
  }

  set tryNewOutboundPeer(isWanted: boolean) {
    this.#core.outbound.tryNewOutboundPeer = isWanted;
  }

  startExtraBlockRelayPeers(): void {
    this.#core.outbound.wantsExtraBlockRelay = true;
  }

  extraFullOutboundCount(): number {
    return Math.max(0, countReady(this.#core.table, 'outbound-full-relay') - this.budget.maxFullRelay);
  }

  extraBlockRelayCount(): number {
    return Math.max(0, countReady(this.#core.table, 'block-relay-only') - this.budget.maxBlockRelay);
  }

  hasMultipleManualOrFullOutbound(network: NetworkClass): boolean {
    return this.#core.table.countManualOrFullOutbound(network) > 1;
  }

  addPrivateBroadcastsToOpen(count: number): void {
    this.#core.outbound.privateBroadcasts?.addToOpen(count);
  }

  // ---- Statistics ---------------------------------------------------------------------------------------------------

  /**
   * What `getpeerinfo` shows. Peers that the message processor does not know are left out.
   *
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: not started, so that there is no message processor to ask.
   */
  getPeerStats(): PeerStats[] {
    const { netEvents, settings, table } = this.#core;
    return [...table.values()].flatMap((node) => {
      const state = netEvents.getNodeStateStats(node.id);
      return state === undefined ? [] : [peerStats(node, state, settings.netGroups)];
    });
  }

  /** What `getnettotals` shows. */
  getNetTotals(): NetTotals {
    const { settings, traffic, uploadTarget } = this.#core;
    return netTotals(traffic, uploadTarget, settings.clock.wallTimeMs());
  }

  /**
   * What `getnetworkinfo` shows.
   *
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: not started, so that nobody knows of clocks and transactions.
   */
  getNetworkInfo(): NetworkInfo {
    const { network, localAddresses, netEvents, settings } = this.#core;
    return networkInfo({
      userAgent: settings.userAgent,
      localServices: this.localServices,
      inboundCount: this.getNodeCount('in'),
      outboundCount: this.getNodeCount('out'),
      network,
      localAddresses: localAddresses.list(),
      state: netEvents.getNetworkStateStats(),
    });
  }

  outboundTargetReached(isHistorical = false): boolean {
    return this.#core.uploadTarget.isReached(isHistorical);
  }
}

// `Connman`: the connection manager of a Bitcoin node.
//
// It turns sockets into peers: it decides which to accept, which to dial and when to give up, and converts between bytes and
// messages. A message processor decides what messages mean (`NetEvents`; `PeerManager` is one). This class is the outside,
// for users; `parts.ts` makes the parts, `life.ts` starts and stops them, `sockets.ts` has the sockets, `removal.ts` the end
// of nodes, and `connman-network.ts` is what the message processor may do. The parts are in rooms:
//
//   settings   what can be set, and what comes of it    inbound    who gets in: listeners, admission, eviction, permissions
//   node       one peer, and the table of all           outbound   which peers we dial, and when; seeds
//   contract   the message processor, and events        reach      networks, proxies, our own addresses
//   messages   bytes to messages and back; rounds of processing; the upload target
//
// (Bitcoin Core src/net.h, class CConnman, divided as in pull request #30988)

import { trySubnetNamed } from '../netaddr/named-address.ts';
import { NetAddress } from '../netaddr/net-address.ts';
import type { NetworkClass } from '../netaddr/networks/network.ts';
import type { Service } from '../netaddr/service.ts';
import { Subnet } from '../netaddr/subnet.ts';
import type { PeerAddress } from '../p2p/messages/addresses.ts';
import type { SocketCounters, TcpInfo } from '../sockman/backends/backend.ts';
import type { SockManStats } from '../sockman/stats.ts';
import type { TorControlNetwork } from '../tor/tor-control.ts';
import { invalidArg } from '../util/errors/errors.ts';
import type { AddedNodeInfo } from './outbound/added-nodes.ts';
import type { ConnectionBudget } from './settings/budget.ts';
import { ControlNetwork } from './control-network.ts';
import { ConnmanLife } from './life.ts';
import type { OpenRequest } from './outbound/dialing.ts';
import type { ConnmanEvents } from './contract/events.ts';
import { LOCAL_SCORES } from './reach/local-addresses.ts';
import type { LocalAddress } from './reach/local-addresses.ts';
import type { NetEvents } from './contract/net-events.ts';
import type { TypeTally } from './messages/message-tally.ts';
import type { Direction } from './node/node-table.ts';
import type { ConnmanOptions } from './settings/options.ts';
import type { AddableType, AddedConnection } from './outbound/outbound.ts';
import type { NodeView } from './node/peer.ts';
import { ConnmanParts } from './parts.ts';
import { ConnmanNetwork } from './connman-network.ts';
import { resolveConnmanOptions } from './settings/resolve-options.ts';
import { netTotals, networkInfo, peerStats } from './statistics.ts';
import type { NetTotals, NetworkInfo, PeerStats } from './statistics.ts';

/**
 * Manages the peers of a Bitcoin node. Create one and a message processor for it, call `start`, and `stop` at the end.
 *
 * @example
 * const connman = new Connman({ chain: 'regtest', bind: ['127.0.0.1:18444'], connect: ['127.0.0.1:18555'] });
 * const peers = new PeerManager();
 * connman.on('inboundConnection', (node) => console.log(node.addrName));
 * await connman.start(peers);
 * // ...
 * await connman.stop();
 */
export class Connman implements AsyncDisposable {
  /** The network for an `OnionService` of this node: reaches Tor's control port over the node's own sockets. */
  readonly controlNetwork: TorControlNetwork;
  readonly #parts: ConnmanParts;
  readonly #life: ConnmanLife;

  /**
   * Opens nothing yet.
   *
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` and {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`, naming the option.
   */
  constructor(options: ConnmanOptions = {}) {
    this.#parts = new ConnmanParts(options, resolveConnmanOptions(options));
    this.#life = new ConnmanLife(this.#parts);
    this.controlNetwork = new ControlNetwork(this.#parts.sockets, this.#parts.settings);
  }

  // ---- Life ---------------------------------------------------------------------------------------------------------

  /**
   * Listens, and starts accepting, dialing and processing.
   *
   * @param netEvents - The message processor. Its `attach` is called first.
   * @throws {SystemError} `EADDRINUSE`, `EACCES` and the like: an address cannot be bound; nothing is left open.
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: started before.
   */
  async start(netEvents: NetEvents): Promise<void> {
    await this.#life.start(netEvents, new ConnmanNetwork(this.#parts));
  }

  /** Stops all activity, but closes nothing yet. Idempotent, safe in any callback. Call `stop` afterwards. */
  interrupt(): void {
    this.#life.interrupt();
  }

  /** Ends everything: waits for pending work, saves, finalizes every node, closes all sockets. Idempotent. */
  stop(): Promise<void> {
    return this.#life.stop();
  }

  /** As `stop`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Calls `listener` for each event of a name.
   * @returns A function that removes the listener.
   */
  on<Name extends keyof ConnmanEvents>(name: Name, listener: (value: ConnmanEvents[Name]) => void): () => void {
    return this.#parts.events.on(name, listener);
  }

  // ---- Dialing ------------------------------------------------------------------------------------------------------

  /**
   * Dials a peer once, regardless of all limits.
   *
   * @param dest - An address or a name, with or without port.
   * @param usesV2 - Default: whether we offer it. A V1 peer that closes the connection over it is dialed again with V1.
   * @returns Whether there is a connection now; its handshake follows.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not a text, or V2 although it is off.
   */
  async connectTo(dest: string, usesV2: boolean = this.#parts.localServices.offersV2): Promise<boolean> {
    this.#checkDial('dest', dest, usesV2);
    return this.#parts.dialing.open({ connectionType: 'manual', dest, usesV2 });
  }

  #checkDial(name: string, dest: string, usesV2: boolean): void {
    if (typeof dest !== 'string' || dest === '') throw invalidArg(name, 'an address or a name', dest);
    if (usesV2 && !this.#parts.localServices.offersV2)
      throw invalidArg('usesV2', 'false, since encryption is off', usesV2);
  }

  /** Dials as the outbound policy does. @see Dialing.open */
  openNetworkConnection(request: OpenRequest): Promise<boolean> {
    return this.#parts.dialing.open(request);
  }

  /**
   * Dials by name as one of the automatic types, within its limit and if a slot is free. For tests and tools.
   *
   * @returns `connected`, and the handshake follows; `failed`; or `full`, without a dial, at the limit of the type or with
   * all outbound slots taken.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not a text, another type, or V2 although it is off.
   */
  async addConnection(
    dest: string,
    type: AddableType,
    usesV2: boolean = this.#parts.localServices.offersV2,
  ): Promise<AddedConnection> {
    this.#checkDial('dest', dest, usesV2);
    return this.#parts.outbound.addConnection(dest, type, usesV2);
  }

  // ---- Disconnecting ------------------------------------------------------------------------------------------------

  /**
   * Marks nodes for disconnection, whatever their type and permissions.
   *
   * @param target - A node id, an `addrName`, or an address (all ports) or a subnet, as an object or as text.
   * @returns Whether there were any.
   */
  disconnectNode(target: number | string | NetAddress | Subnet, reason = 'disconnected by the user'): boolean {
    if (target instanceof NetAddress || target instanceof Subnet) {
      const subnet = trySubnetNamed(target, this.#parts.network.cjdnsReachable);
      return subnet !== undefined && this.#parts.table.disconnectSubnet(subnet, reason);
    }
    const node = typeof target === 'number' ? this.#parts.table.get(target) : this.#parts.table.findName(target);
    node?.disconnect(reason);
    if (node !== undefined || typeof target === 'number') return node !== undefined;
    const subnet = trySubnetNamed(target, this.#parts.network.cjdnsReachable);
    return subnet !== undefined && this.#parts.table.disconnectSubnet(subnet, reason);
  }

  /**
   * Closes all connections and allows none, or allows them again. Listeners stay open; inbound connections are dropped
   * meanwhile.
   */
  setNetworkActive(isActive: boolean): void {
    this.#life.setNetworkActive(isActive);
  }

  /** Checks now for nodes that were silent for too long; otherwise this happens once a second. */
  checkInactivity(): void {
    this.#parts.inactivity.check();
  }

  // ---- Nodes --------------------------------------------------------------------------------------------------------

  /** The node with this id; undefined when it is gone. */
  node(nodeId: number): NodeView | undefined {
    return this.#parts.table.get(nodeId);
  }

  /** All nodes, ascending by id, including those in their handshake and those marked for disconnection. */
  nodes(): IterableIterator<NodeView> {
    return this.#parts.table.values();
  }

  /** Calls `visit` for every node whose handshake is done and that is not marked for disconnection. */
  forEachNode(visit: (node: NodeView) => void): void {
    this.#parts.table.forEachReady(visit);
  }

  /** The number of nodes, including those in their handshake and those marked for disconnection. */
  getNodeCount(direction: Direction = 'both'): number {
    return this.#parts.table.countIn(direction);
  }

  // ---- The network --------------------------------------------------------------------------------------------------

  /** Whether peers can connect to us. */
  get isListening(): boolean {
    return this.#parts.listeners.count > 0;
  }

  /** The addresses on which we listen, with their actual ports. */
  get listeningAt(): Service[] {
    return this.#parts.listeners.services();
  }

  /** Whether connections are allowed; see `setNetworkActive`. */
  get isNetworkActive(): boolean {
    return this.#parts.network.isActive;
  }

  /** Whether dials come from the address book, and not only from a given list. */
  get usesAddressBook(): boolean {
    return this.#parts.outbound.usesAddressBook;
  }

  /** The limits for each kind of connection. */
  get budget(): ConnectionBudget {
    return this.#parts.budget;
  }

  /** The user agent of our `version` messages. */
  get userAgent(): string {
    return this.#parts.settings.userAgent;
  }

  /** The services offered to peers that connect from now on. */
  get localServices(): bigint {
    return this.#parts.localServices.bits;
  }

  /** Offers further services, bits of `Services`, to peers that connect from now on. */
  addLocalServices(services: bigint): void {
    this.#parts.localServices.bits |= services;
  }

  /** Stops offering services to peers that connect from now on. */
  removeLocalServices(services: bigint): void {
    this.#parts.localServices.bits &= ~services;
  }

  /** Whether automatic dials, gossip and own addresses of a network are wanted. */
  isReachable(network: NetworkClass): boolean {
    return this.#parts.network.isReachable(network);
  }

  /** Our own addresses, as far as known. */
  localAddresses(): LocalAddress[] {
    return this.#parts.localAddresses.list();
  }

  /** Adds an own address, such as an onion service's (see `onionTarget`). Its network must be reachable. */
  addLocalAddress(service: Service): boolean {
    return this.#parts.localAddresses.add(service, LOCAL_SCORES.manual);
  }

  /** Stops announcing an own address. */
  removeLocalAddress(service: Service): void {
    this.#parts.localAddresses.remove(service);
  }

  /** The target for our onion service: peers that connect there are known as onion peers. Undefined if we do not listen. */
  get onionTarget(): Service | undefined {
    return this.#parts.listeners.onionTarget();
  }

  /**
   * Dials onion addresses through this proxy from now on, such as the one that Tor's control port names. Without effect if
   * the option `onion` forbids them.
   */
  useOnionProxy(endpoint: Service): void {
    this.#parts.network.useOnionProxy(endpoint);
  }

  /** A new random list from the address book. For the user only: a peer that asks often would learn all addresses. */
  getAddressesUnsafe(
    maxCount: number,
    maxPercent: number,
    network?: NetworkClass,
    isFiltered: boolean = true,
  ): PeerAddress[] {
    return this.#parts.addressCache.fresh(maxCount, maxPercent, network, isFiltered);
  }

  // ---- Added nodes --------------------------------------------------------------------------------------------------

  /**
   * Stays connected to a peer from now on, besides others; at most eight at a time.
   *
   * @param node - An address or a name, with or without port.
   * @returns False if it is listed already, as the same text or the same address.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not a text, or V2 although it is off.
   */
  addNode(node: string, usesV2: boolean = this.#parts.localServices.offersV2): boolean {
    this.#checkDial('node', node, usesV2);
    return this.#parts.outbound.addedNodes.add({ node, usesV2 });
  }

  /** Removes a peer from that list, by its exact text; a connection stays. @returns Whether it was listed. */
  removeAddedNode(node: string): boolean {
    return this.#parts.outbound.addedNodes.remove(node);
  }

  /** The list, and the connection of each entry. */
  getAddedNodeInfo(): AddedNodeInfo[] {
    return this.#parts.outbound.addedNodes.list();
  }

  // ---- Statistics ---------------------------------------------------------------------------------------------------

  /**
   * The fields of `getpeerinfo`. Peers unknown to the message processor are left out.
   *
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: not started, so that there is no message processor.
   */
  getPeerStats(): PeerStats[] {
    const { lifecycle, settings, table } = this.#parts;
    const { netEvents } = lifecycle;
    return [...table.values()].flatMap((node) => {
      const state = netEvents.getNodeStateStats(node.id);
      return state === undefined ? [] : [peerStats(node, state, settings.netGroups)];
    });
  }

  /** Messages of all peers by type, including peers that are gone; unknown types are counted as one. For metrics. */
  messageTotals(): { sent: Iterable<[string, TypeTally]>; received: Iterable<[string, TypeTally]> } {
    const { sent, received } = this.#parts.wire;
    return { sent: sent.entries(), received: received.entries() };
  }

  /** The fields of `getnettotals`. */
  getNetTotals(): NetTotals {
    const { settings, wire, uploadTarget } = this.#parts;
    return netTotals(wire, uploadTarget, settings.clock.wallTimeMs());
  }

  /**
   * The fields of `getnetworkinfo`.
   *
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: not started, so that there is no message processor.
   */
  getNetworkInfo(): NetworkInfo {
    const { network, localAddresses, lifecycle, settings } = this.#parts;
    return networkInfo({
      userAgent: settings.userAgent,
      localServices: this.localServices,
      inboundCount: this.getNodeCount('in'),
      outboundCount: this.getNodeCount('out'),
      network,
      localAddresses: localAddresses.list(),
      state: lifecycle.netEvents.getNetworkStateStats(),
    });
  }

  /**
   * Addresses from the book, in random order, as `getnodeaddresses` returns them: good ones that are not banned. None
   * without an address book.
   *
   * @param maxCount - 0 for all.
   */
  getNodeAddresses(maxCount = 0, network?: NetworkClass): PeerAddress[] {
    return this.#parts.addressCache.fresh(maxCount, 0, network, true);
  }

  /** Whether `maxUploadTarget` is used up: for all traffic, or for old blocks (`isHistorical`), which stop earlier. */
  outboundTargetReached(isHistorical = false): boolean {
    return this.#parts.uploadTarget.isReached(isHistorical);
  }

  // ---- The sockets, to look at --------------------------------------------------------------------------------------

  /** The backend and poller in use, such as `native/epoll`. Makes the backend if there is none yet. */
  get backendName(): string {
    return this.#parts.sockets.backendName;
  }

  /** A snapshot of the counters of the sockets. */
  socketStats(): SockManStats {
    return this.#parts.sockets.stats();
  }

  /** Bytes and times of a node's socket; undefined for an unknown id. */
  countersOf(nodeId: number): SocketCounters | undefined {
    return this.#parts.sockets.countersOf(nodeId);
  }

  /** The kernel's information about a node's connection; undefined if the platform or the backend has none. */
  tcpInfoOf(nodeId: number): TcpInfo | undefined {
    return this.#parts.sockets.tcpInfoOf(nodeId);
  }
}

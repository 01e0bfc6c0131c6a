// `Connman`: the connection manager of a Bitcoin node.
//
// It turns sockets into peers: which to accept, which to dial, when to give up, how bytes become messages and messages bytes.
// A message processor decides what messages mean (`NetEvents`; `PeerManager` is one). This class is the outside, for
// users; `parts.ts` makes the parts, `life.ts` starts and stops them, `sockets.ts` has the sockets, `removal.ts` the end of
// nodes, and `connman-network.ts` is what the message processor may do. The parts are in rooms:
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
 * Manages the peers of a Bitcoin node. Make one, make a message processor for it, `start`, and `stop` at the end.
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
  /** What an `OnionService` of this node is given, to reach Tor's control port over the node's own sockets. */
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
   * @param netEvents - The message processor. It is handed what it may do with the network before anything else.
   * @throws {SystemError} `EADDRINUSE`, `EACCES` and the like: an address cannot be listened on; nothing is left open.
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: started before.
   */
  async start(netEvents: NetEvents): Promise<void> {
    await this.#life.start(netEvents, new ConnmanNetwork(this.#parts));
  }

  /** Stops everything that goes on, and closes nothing yet. Idempotent, safe in any callback. `stop` follows. */
  interrupt(): void {
    this.#life.interrupt();
  }

  /** Ends everything: waits for what goes on, saves, finalizes every node, closes all sockets. Idempotent. */
  stop(): Promise<void> {
    return this.#life.stop();
  }

  /** As `stop`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Calls `listener` for each event of a name.
   * @returns Stops that.
   */
  on<Name extends keyof ConnmanEvents>(name: Name, listener: (value: ConnmanEvents[Name]) => void): () => void {
    return this.#parts.events.on(name, listener);
  }

  // ---- Dialing ------------------------------------------------------------------------------------------------------

  /**
   * Dials a peer that the user named, once, beyond all limits.
   *
   * @param dest - An address or a name, with or without port.
   * @param usesV2 - Default: whether we offer it. A V1 peer that hangs up over it is dialed again with V1.
   * @returns Whether there is a connection now; its handshake is still to come.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: no text, or V2 where it is off.
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

  /** Dials as a task of the outbound policy does. @see Dialing.open */
  openNetworkConnection(request: OpenRequest): Promise<boolean> {
    return this.#parts.dialing.open(request);
  }

  /**
   * Dials by name as one of the automatic types, within its limit and if a slot is free. For tests and tools.
   *
   * @returns `connected`, its handshake still to come; `failed`; or `full`, without a dial, at the limit of the type or with
   *   all slots for outbound connections taken.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: no text, another type, or V2 where it is off.
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
   * @returns Whether there was one.
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

  /** Switches all connections off, or lets them come again. Listeners stay open; what comes in meanwhile is dropped. */
  setNetworkActive(isActive: boolean): void {
    this.#life.setNetworkActive(isActive);
  }

  /** Looks now for nodes that have been silent for too long; otherwise once a second. */
  checkInactivity(): void {
    this.#parts.inactivity.check();
  }

  // ---- Nodes --------------------------------------------------------------------------------------------------------

  /** The node with this id; undefined when it is gone. */
  node(nodeId: number): NodeView | undefined {
    return this.#parts.table.get(nodeId);
  }

  /** Every node, those in their handshake and those marked included, ascending by id. */
  nodes(): IterableIterator<NodeView> {
    return this.#parts.table.values();
  }

  /** Calls `visit` for every node whose handshake is done and that is not marked for disconnection. */
  forEachNode(visit: (node: NodeView) => void): void {
    this.#parts.table.forEachReady(visit);
  }

  /** How many nodes there are, those in their handshake and those marked included. */
  getNodeCount(direction: Direction = 'both'): number {
    return this.#parts.table.countIn(direction);
  }

  // ---- The network --------------------------------------------------------------------------------------------------

  /** Whether peers can connect to us. */
  get isListening(): boolean {
    return this.#parts.listeners.count > 0;
  }

  /** Where we listen; ports are the real ones. */
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

  /** How many connections of each kind there may be. */
  get budget(): ConnectionBudget {
    return this.#parts.budget;
  }

  /** The user agent of our `version` messages. */
  get userAgent(): string {
    return this.#parts.settings.userAgent;
  }

  /** The services that peers are offered who connect from now on. */
  get localServices(): bigint {
    return this.#parts.localServices.bits;
  }

  /** Offers further services, bits of `Services`, to peers that connect from now on. */
  addLocalServices(services: bigint): void {
    this.#parts.localServices.bits |= services;
  }

  /** Offers them no longer to peers that connect from now on. */
  removeLocalServices(services: bigint): void {
    this.#parts.localServices.bits &= ~services;
  }

  /** Whether automatic dials, gossip and own addresses of a network are wanted. */
  isReachable(network: NetworkClass): boolean {
    return this.#parts.network.isReachable(network);
  }

  /** Our own addresses, as far as we know them. */
  localAddresses(): LocalAddress[] {
    return this.#parts.localAddresses.list();
  }

  /** Makes an address one of ours, as that of an onion service is: see `onionTarget`. It must be in reach. */
  addLocalAddress(service: Service): boolean {
    return this.#parts.localAddresses.add(service, LOCAL_SCORES.manual);
  }

  /** Stops telling peers an address of ours. */
  removeLocalAddress(service: Service): void {
    this.#parts.localAddresses.remove(service);
  }

  /** The target for our onion service: its peers are known as onion peers there. Undefined if we do not listen. */
  get onionTarget(): Service | undefined {
    return this.#parts.listeners.onionTarget();
  }

  /** Dials onion addresses through this proxy from now on, as Tor's control port names it. */
  useOnionProxy(endpoint: Service): void {
    this.#parts.network.useOnionProxy(endpoint);
  }

  /** Addresses from the book, drawn anew. For the user: a peer that asked often would learn all of them. */
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
   * Keeps a connection to a peer from now on, beside others; at most eight at a time.
   *
   * @param node - An address or a name, with or without port.
   * @returns False if it is listed already, as the same text or the same address.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: no text, or V2 where it is off.
   */
  addNode(node: string, usesV2: boolean = this.#parts.localServices.offersV2): boolean {
    this.#checkDial('node', node, usesV2);
    return this.#parts.outbound.addedNodes.add({ node, usesV2 });
  }

  /** Takes a peer off that list, by exactly its text; a connection stays. @returns Whether it was there. */
  removeAddedNode(node: string): boolean {
    return this.#parts.outbound.addedNodes.remove(node);
  }

  /** The list, and which of it are connected. */
  getAddedNodeInfo(): AddedNodeInfo[] {
    return this.#parts.outbound.addedNodes.list();
  }

  // ---- Statistics ---------------------------------------------------------------------------------------------------

  /**
   * What `getpeerinfo` shows. Peers unknown to the message processor are left out.
   *
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: not started, so that there is no message processor to ask.
   */
  getPeerStats(): PeerStats[] {
    const { lifecycle, settings, table } = this.#parts;
    const { netEvents } = lifecycle;
    return [...table.values()].flatMap((node) => {
      const state = netEvents.getNodeStateStats(node.id);
      return state === undefined ? [] : [peerStats(node, state, settings.netGroups)];
    });
  }

  /** Messages of all peers by type, those that are gone included; types that nobody knows are one. For metrics. */
  messageTotals(): { sent: Iterable<[string, TypeTally]>; received: Iterable<[string, TypeTally]> } {
    const { sent, received } = this.#parts.wire;
    return { sent: sent.entries(), received: received.entries() };
  }

  /** What `getnettotals` shows. */
  getNetTotals(): NetTotals {
    const { settings, wire, uploadTarget } = this.#parts;
    return netTotals(wire, uploadTarget, settings.clock.wallTimeMs());
  }

  /**
   * What `getnetworkinfo` shows.
   *
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: not started, so that nobody knows of clocks and transactions.
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
   * Addresses of nodes from the address book, in random order, as `getnodeaddresses` gives them: those that it thinks good and
   * that nobody banned. None without an address book.
   *
   * @param maxCount - 0 for all.
   */
  getNodeAddresses(maxCount = 0, network?: NetworkClass): PeerAddress[] {
    return this.#parts.addressCache.fresh(maxCount, 0, network, true);
  }

  /** Whether `maxUploadTarget` is used up: for everything, or for old blocks only (`isHistorical`), which stop earlier. */
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

  /** What the kernel knows of a node's connection; undefined where the platform or the backend tells nothing. */
  tcpInfoOf(nodeId: number): TcpInfo | undefined {
    return this.#parts.sockets.tcpInfoOf(nodeId);
  }
}

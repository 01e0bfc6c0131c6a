// All connected nodes, with an index for each kind of query.
//
// Bitcoin Core looks through its list of nodes for each question; with thousands of peers that is too slow, so there are an
// index for each key and a count for each kind. The answers are the same.

import type { NetAddress } from '../../netaddr/net-address.ts';
import type { NetworkClass } from '../../netaddr/networks/network.ts';
import type { Service } from '../../netaddr/service.ts';
import type { Subnet } from '../../netaddr/subnet.ts';
import type { ConnectionType } from './connection-types.ts';
import type { P2PNode } from './peer.ts';

/** Which nodes to count. */
export type Direction = 'in' | 'out' | 'both';

/** The nodes from their `initializeNode` until their removal, those marked for disconnection included. */
export class NodeTable {
  readonly #byId = new Map<number, P2PNode>();
  readonly #byAddress = new Index();
  readonly #byName = new Index();
  /** Nodes that we dialed, but for private broadcasts, by the nonce of their `version`. */
  readonly #byNonce = new Map<bigint, P2PNode>();
  readonly #countByType = new Map<ConnectionType, number>();
  readonly #markedInbound = new Set<P2PNode>();
  /** Manual and full-relay connections of each network. */
  readonly #countByNetwork = new Map<NetworkClass, number>();

  get size(): number {
    return this.#byId.size;
  }

  get(nodeId: number): P2PNode | undefined {
    return this.#byId.get(nodeId);
  }

  /** Every node, ascending by id. Nodes may be removed meanwhile. */
  values(): IterableIterator<P2PNode> {
    return this.#byId.values();
  }

  /** Calls `visit` for every node whose handshake is done and that is not marked for disconnection. */
  forEachReady(visit: (node: P2PNode) => void): void {
    for (const node of this.#byId.values()) {
      if (node.isSuccessfullyConnected && !node.isMarkedForDisconnect) visit(node);
    }
  }

  add(node: P2PNode): void {
    this.#byId.set(node.id, node);
    this.#byAddress.add(addressKey(node.addr.address), node);
    this.#byName.add(node.addrName, node);
    if (!node.isInbound && !node.isPrivateBroadcast) this.#byNonce.set(node.localNonce, node);
    this.#count(node, 1);
  }

  remove(node: P2PNode): void {
    if (!this.#byId.delete(node.id)) return;
    this.#byAddress.remove(addressKey(node.addr.address), node);
    this.#byName.remove(node.addrName, node);
    if (this.#byNonce.get(node.localNonce) === node) this.#byNonce.delete(node.localNonce);
    this.#markedInbound.delete(node);
    this.#count(node, -1);
  }

  /** Notes that a node will be removed. */
  noteMarked(node: P2PNode): void {
    if (node.isInbound && this.#byId.get(node.id) === node) this.#markedInbound.add(node);
  }

  /** Inbound nodes that are not marked for disconnection. */
  get livingInboundCount(): number {
    return this.countOf('inbound') - this.#markedInbound.size;
  }

  countOf(type: ConnectionType): number {
    return this.#countByType.get(type) ?? 0;
  }

  /** Nodes of a type whose handshake is done and that are not marked. */
  countReady(type: ConnectionType): number {
    let count = 0;
    this.forEachReady((node) => {
      if (node.connectionType === type) count++;
    });
    return count;
  }

  countIn(direction: Direction): number {
    const inbound = this.countOf('inbound');
    if (direction === 'both') return this.size;
    return direction === 'in' ? inbound : this.size - inbound;
  }

  /** Manual and full-relay connections through a network. */
  countManualOrFullOutbound(network: NetworkClass): number {
    return this.#countByNetwork.get(network) ?? 0;
  }

  /** Nodes at an address, whatever their port. */
  withAddress(address: NetAddress): Iterable<P2PNode> {
    return this.#byAddress.get(addressKey(address));
  }

  hasAddress(address: NetAddress): boolean {
    return this.#byAddress.has(addressKey(address));
  }

  hasService(service: Service): boolean {
    return this.findService(service) !== undefined;
  }

  /** The first node with exactly this address and port. */
  findService(service: Service): P2PNode | undefined {
    for (const node of this.withAddress(service.address)) if (node.addr.equals(service)) return node;
    return undefined;
  }

  /** The first node with this `addrName`. */
  findName(name: string): P2PNode | undefined {
    for (const node of this.#byName.get(name)) return node;
    return undefined;
  }

  /** The node that we dialed and whose `version` has this nonce. */
  findNonce(nonce: bigint): P2PNode | undefined {
    return this.#byNonce.get(nonce);
  }

  /**
   * Marks all nodes at an address, whatever their port. None is at an invalid one, which stands for addresses that only a
   * proxy knows.
   *
   * @returns Whether there were any.
   */
  disconnectAddress(address: NetAddress, reason: string): boolean {
    return address.isValid() && disconnectAll(this.withAddress(address), reason);
  }

  /** Marks all nodes in a range of addresses. @returns Whether there were any. */
  disconnectSubnet(subnet: Subnet, reason: string): boolean {
    const nodes = [...this.values()].filter(({ addr }) => subnet.matches(addr.address));
    return disconnectAll(nodes, reason);
  }

  /** Marks every node. */
  disconnectAll(reason: string): void {
    disconnectAll(this.values(), reason);
  }

  #count(node: P2PNode, change: 1 | -1): void {
    this.#countByType.set(node.connectionType, this.countOf(node.connectionType) + change);
    if (!node.isManualOrFullOutbound) return;
    const network = node.addr.address.getNetwork();
    this.#countByNetwork.set(network, this.countManualOrFullOutbound(network) + change);
  }
}

/** @returns Whether there were any. */
function disconnectAll(nodes: Iterable<P2PNode>, reason: string): boolean {
  let hasFound = false;
  for (const node of nodes) {
    node.disconnect(reason);
    hasFound = true;
  }
  return hasFound;
}

/** Nodes by a text. Most keys have one node; a set is made only for the second. */
class Index {
  readonly #nodes = new Map<string, P2PNode | Set<P2PNode>>();

  has(key: string): boolean {
    return this.#nodes.has(key);
  }

  get(key: string): Iterable<P2PNode> {
    const entry = this.#nodes.get(key);
    if (entry === undefined) return [];
    return entry instanceof Set ? entry : [entry];
  }

  add(key: string, node: P2PNode): void {
    const entry = this.#nodes.get(key);
    if (entry instanceof Set) entry.add(node);
    else this.#nodes.set(key, entry === undefined ? node : new Set([entry, node]));
  }

  remove(key: string, node: P2PNode): void {
    const entry = this.#nodes.get(key);
    if (entry instanceof Set) entry.delete(node);
    if (entry === node || (entry instanceof Set && entry.size === 0)) this.#nodes.delete(key);
  }
}

/** The same for equal addresses. Their text is not, since it shows the scope. */
export function addressKey(address: NetAddress): string {
  return address.network + Buffer.from(address.bytes).toString('latin1');
}

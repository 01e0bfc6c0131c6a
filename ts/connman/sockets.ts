// The sockets of a `Connman`: a `SockMan` that finds the node of each callback and hands it to the part that acts on it.
//
// Nobody outside sees it. Whoever could send or receive past the parts would leave their counts wrong, so `Connman` offers
// facts about the sockets and no way to use them. (Bitcoin Core's `CConnman` inherits privately for the same reason.)
//
// `shouldTryToSend` and the hooks of the turn are not overridden: while they are, every connection is looked at twenty times
// a second. Nothing needs them. What is to be sent is sent when it is queued, and where the kernel does not take it all it
// says when there is room; a transport that has something of its own to say, or can say what was queued before, is known to
// `Traffic`, which wakes it. Marked nodes are removed, and changes told, in a macrotask of their own.

import type { Service } from '../netaddr/service.ts';
import { sockManOptionsOf } from '../sockman/options.ts';
import type { SockManOptions } from '../sockman/options.ts';
import { SockMan } from '../sockman/sock-man.ts';
import type { Traffic } from './messages/wire.ts';
import type { NodeTable } from './node/node-table.ts';
import type { P2PNode } from './node/peer.ts';
import { LOCAL_SCORES } from './reach/local-addresses.ts';
import type { LocalAddresses } from './reach/local-addresses.ts';

/** The parts that act on callbacks. They need not be there before I/O starts. */
export interface SocketOwner {
  readonly table: NodeTable;
  readonly traffic: Traffic;
  readonly localAddresses: LocalAddresses;
  /** @returns Whether the connection became a node. */
  accept(id: number, me: Service, them: Service): boolean;
  /** Marks a node and closes its socket. */
  markAndClose(node: P2PNode, reason: string): void;
}

export class NodeSockets extends SockMan {
  readonly #owner: SocketOwner;

  constructor(options: SockManOptions, owner: SocketOwner) {
    super(sockManOptionsOf(options));
    this.#owner = owner;
  }

  override eventNewConnectionAccepted(nodeId: number, me: Service, them: Service): boolean {
    return this.#owner.accept(nodeId, me, them);
  }

  override shouldTryToRecv(nodeId: number): boolean {
    return this.#owner.table.get(nodeId)?.isReceivePaused === false;
  }

  override eventReadyToSend(nodeId: number): boolean {
    const node = this.#owner.table.get(nodeId);
    return node === undefined || this.#owner.traffic.send(node);
  }

  override eventGotData(nodeId: number, data: Uint8Array): void {
    const node = this.#owner.table.get(nodeId);
    if (node !== undefined) this.#owner.traffic.receive(node, data);
  }

  /** Ends the connection, also if whole messages of the peer still wait: who wants an answer keeps its sending side open. */
  override eventGotEOF(nodeId: number): void {
    this.#end(nodeId, 'the peer closed the connection');
  }

  override eventGotPermanentReadError(nodeId: number, errmsg: string): void {
    this.#end(nodeId, `receive failed: ${errmsg}`);
  }

  #end(nodeId: number, reason: string): void {
    const node = this.#owner.table.get(nodeId);
    if (node !== undefined) this.#owner.markAndClose(node, reason);
  }

  /** Our I2P address is one of ours while its session lasts. Told anew for each peer awaited, which adds no weight. */
  override eventI2PListen(addr: Service, success: boolean): void {
    const { localAddresses } = this.#owner;
    if (!success) localAddresses.remove(addr);
    else if (!localAddresses.has(addr)) localAddresses.add(addr, LOCAL_SCORES.manual);
  }
}

// The end of connections, and the second attempt that some deserve. (Bitcoin Core src/net.cpp, DisconnectNodes)
//
// Whoever decides above the socket marks a node; here it is removed, in the next macrotask. A peer that hung up over our V2
// key without a word may know V1 only: it is dialed again with V1, and its slot waits for it. Nothing is flushed: what waits
// to be sent is lost, what the kernel took is delivered.

import type { Clock, Timer } from '../util/time/clock.ts';
import type { OpenRequest } from './outbound/dialing.ts';
import type { NodeTable } from './node/node-table.ts';
import type { P2PNode } from './node/peer.ts';

/** What removal needs around it. */
export interface RemovalHost {
  readonly table: NodeTable;
  readonly clock: Clock;
  readonly interrupt: AbortSignal;
  readonly isNetworkActive: boolean;
  closeConnection(nodeId: number): boolean;
  /** A node is out of the table, its socket closed: to be finalized and told of. */
  removed(node: P2PNode): void;
  /** A node is going to be dialed again with V1. */
  retrying(node: P2PNode): void;
  /** Reconnections wait. */
  reconnectionsQueued(): void;
}

/** Removes marked nodes of one `Connman`. */
export class Removal {
  readonly #host: RemovalHost;
  readonly #marked = new Set<P2PNode>();
  #reconnections: OpenRequest[] = [];
  #soon: Timer | undefined;

  constructor(host: RemovalHost) {
    this.#host = host;
  }

  /** A node was marked: it is removed in the next macrotask, together with others. */
  noteMarked(node: P2PNode): void {
    this.#marked.add(node);
    if (this.#soon !== undefined || this.#host.interrupt.aborted) return;
    this.#soon = this.#host.clock.soon(() => {
      this.#soon = undefined;
      this.#removeMarked();
    });
  }

  #removeMarked(): void {
    if (this.#host.interrupt.aborted) return;
    for (const node of this.#marked) {
      this.#marked.delete(node);
      // Not there if the message processor marked it and then failed over it: it never became one of ours.
      if (this.#host.table.get(node.id) === node) this.remove(node, this.#host.isNetworkActive);
    }
    if (this.#reconnections.length > 0) this.#host.reconnectionsQueued();
  }

  /** Removes one node. @param mayReconnect - Whether it may be dialed again with V1. */
  remove(node: P2PNode, mayReconnect: boolean): void {
    this.#host.table.remove(node);
    if (mayReconnect && node.transport.shouldReconnectV1()) {
      this.#host.retrying(node);
      this.#reconnections.push(v1RequestOf(node));
    } else node.grant?.release();
    node.grant = undefined;
    this.#host.closeConnection(node.id);
    node.dropQueues();
    this.#host.removed(node);
  }

  /** The reconnections that wait, each with its slot. They are the caller's now. */
  takeReconnections(): OpenRequest[] {
    const taken = this.#reconnections;
    this.#reconnections = [];
    return taken;
  }

  /** Drops what is left, at the end. */
  stop(): void {
    this.#soon?.cancel();
    this.#marked.clear();
    for (const { grant } of this.takeReconnections()) grant?.release();
  }
}

function v1RequestOf(node: P2PNode): OpenRequest {
  const { addr, addrServices, dest, connectionType, proxyOverride, grant } = node;
  const whom = dest === undefined ? { addr: { service: addr, services: addrServices } } : { dest };
  return { ...whom, connectionType, proxyOverride, grant, usesV2: false, isFailureCounted: false };
}

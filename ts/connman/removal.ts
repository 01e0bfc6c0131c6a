// The end of connections, and the redial that some get. (Bitcoin Core src/net.cpp, DisconnectNodes)
//
// The decision, above the socket, marks a node; here it is removed, in the next macrotask. A peer that hung up over our V2
// key without a word may know V1 only: it is dialed again with V1, and its slot waits for it. Nothing is flushed: what waits
// to be sent is lost, what the kernel took is delivered. No last word of ours has to be read, so `endConnection` has no use here.

import type { SockMan } from '../sockman/sock-man.ts';
import type { Tasks } from '../util/time/background-tasks.ts';
import type { Timer } from '../util/time/clock.ts';
import { loggedPeer } from './contract/events.ts';
import type { NodeLifecycle } from './contract/node-lifecycle.ts';
import type { NodeTable } from './node/node-table.ts';
import type { P2PNode } from './node/peer.ts';
import type { Dialing, OpenRequest } from './outbound/dialing.ts';
import type { NetworkState } from './reach/network-state.ts';
import type { ResolvedConnmanOptions } from './settings/resolve-options.ts';

/** What removal works with. */
export interface RemovalParts {
  readonly settings: ResolvedConnmanOptions;
  readonly sockets: Pick<SockMan, 'closeConnection'>;
  readonly table: NodeTable;
  readonly network: NetworkState;
  readonly lifecycle: NodeLifecycle;
  readonly dialing: Dialing;
  readonly tasks: Tasks;
  readonly interrupt: AbortSignal;
}

/** Removes marked nodes of one `Connman`. */
export class Removal {
  readonly #parts: RemovalParts;
  readonly #marked = new Set<P2PNode>();
  /** Peers to dial again with V1, each with its slot. */
  #reconnections: OpenRequest[] = [];
  #soon: Timer | undefined;

  constructor(parts: RemovalParts) {
    this.#parts = parts;
  }

  /** A node was marked: it is removed in the next macrotask, together with others. */
  noteMarked(node: P2PNode): void {
    const { settings, table, interrupt } = this.#parts;
    settings.logger.debug(`${node.disconnectReason}, disconnecting ${loggedPeer(node, settings.logIps)}`);
    table.noteMarked(node);
    this.#marked.add(node);
    if (this.#soon !== undefined || interrupt.aborted) return;
    this.#soon = settings.clock.soon(() => {
      this.#soon = undefined;
      this.#removeMarked();
    });
  }

  #removeMarked(): void {
    const { table, network, tasks, interrupt } = this.#parts;
    if (interrupt.aborted) return;
    for (const node of this.#marked) {
      this.#marked.delete(node);
      // Absent if the message processor marked it and then threw: it never entered the table.
      if (table.get(node.id) === node) this.remove(node, network.isActive);
    }
    if (this.#reconnections.length > 0) tasks.run('reconnect', () => this.#reconnect());
  }

  /** Removes one node. @param mayReconnect - Whether it may be dialed again with V1. */
  remove(node: P2PNode, mayReconnect: boolean): void {
    const { settings, sockets, table, lifecycle } = this.#parts;
    table.remove(node);
    if (mayReconnect && node.shouldReconnectV1) {
      settings.logger.debug(`retrying with v1 transport protocol for peer=${node.id}`);
      this.#reconnections.push(v1RequestOf(node));
    } else node.grant?.release();
    node.grant = undefined;
    sockets.closeConnection(node.id);
    node.dropQueues();
    lifecycle.end(node);
  }

  async #reconnect(): Promise<void> {
    for (const request of this.#takeReconnections()) {
      const isOpen = await this.#parts.dialing.open(request);
      if (!isOpen) request.grant?.release();
    }
  }

  #takeReconnections(): OpenRequest[] {
    const taken = this.#reconnections;
    this.#reconnections = [];
    return taken;
  }

  /** Drops pending redials, at the end. */
  stop(): void {
    this.#soon?.cancel();
    this.#marked.clear();
    for (const { grant } of this.#takeReconnections()) grant?.release();
  }
}

function v1RequestOf(node: P2PNode): OpenRequest {
  const { addr, addrServices, dest, connectionType, proxyOverride, grant } = node;
  const target = dest === undefined ? { addr: { service: addr, services: addrServices } } : { dest };
  return { ...target, connectionType, proxyOverride, grant, usesV2: false, isFailureCounted: false };
}

// The life of a node for the message processor and the embedder: `initializeNode`, the table, an event for the new
// connection; later `finalizeNode` and an event for its end.

import { SockManError } from '../../util/errors/errors.ts';
import type { Emitter } from '../../util/emitter.ts';
import type { NodeTable } from '../node/node-table.ts';
import type { P2PNode } from '../node/peer.ts';
import type { ResolvedConnmanOptions } from '../settings/resolve-options.ts';
import type { ConnmanEvents } from './events.ts';
import type { NetEvents } from './net-events.ts';

/** What the life of nodes takes part in. */
export interface NodeLifecycleParts {
  readonly settings: ResolvedConnmanOptions;
  readonly table: NodeTable;
  readonly events: Emitter<ConnmanEvents>;
  readonly interrupt: AbortSignal;
  /** Receives what the message processor threw. */
  readonly reportError: (error: unknown, where: string, nodeId: number) => void;
}

/** Begins and ends the nodes of one `Connman`. */
export class NodeLifecycle {
  readonly #parts: NodeLifecycleParts;
  #netEvents: NetEvents | undefined;
  #announcedCount = 0;
  #isCountNoted = false;

  constructor(parts: NodeLifecycleParts) {
    this.#parts = parts;
  }

  /** The message processor. @throws {SockManError} `ERR_SOCKMAN_STATE`: there is none before the start. */
  get netEvents(): NetEvents {
    if (this.#netEvents === undefined) throw new SockManError('ERR_SOCKMAN_STATE', 'not started');
    return this.#netEvents;
  }

  /** Nodes may be added from now on. */
  start(netEvents: NetEvents): void {
    this.#netEvents = netEvents;
  }

  /**
   * Announces a node: to the message processor first, then to listeners.
   *
   * @param ourServices - The services offered to the peer.
   * @returns False if that failed: the node was not added, and the caller closes its socket.
   */
  begin(node: P2PNode, ourServices: bigint): boolean {
    const { settings, table, events, reportError } = this.#parts;
    try {
      this.netEvents.initializeNode(node, ourServices);
    } catch (error) {
      reportError(error, 'initializeNode', node.id);
      node.dropQueues();
      return false;
    }
    table.add(node);
    this.#noteCount();
    const to = settings.logIps ? ` to ${node.addrName}` : '';
    settings.logger.debug(`Added connection${to} peer=${node.id}`);
    const isV2 = node.transport.getInfo().transportType !== 'v1';
    if (!node.isInbound && isV2) settings.logger.debug(`start sending v2 handshake to peer=${node.id}`);
    events.emit(node.isInbound ? 'inboundConnection' : 'outboundConnection', node);
    return true;
  }

  /** Ends a node that is out of the table, its socket closed. */
  end(node: P2PNode): void {
    const { events, reportError } = this.#parts;
    this.#noteCount();
    try {
      this.netEvents.finalizeNode(node);
    } catch (error) {
      reportError(error, 'finalizeNode', node.id);
    }
    events.emit('closedConnection', { node, reason: node.disconnectReason ?? 'closed' });
  }

  /** Emits the number of nodes, once for all changes of a macrotask. */
  #noteCount(): void {
    const { settings, table, events, interrupt } = this.#parts;
    if (this.#isCountNoted || interrupt.aborted) return;
    this.#isCountNoted = true;
    settings.clock.soon(() => {
      this.#isCountNoted = false;
      if (table.size === this.#announcedCount || interrupt.aborted) return;
      this.#announcedCount = table.size;
      events.emit('numConnectionsChanged', table.size);
    });
  }
}

// The open connections, found by slot for the backend's records and by node id for callers.

import { SLOT_MASK } from '../backends/backend.ts';
import { CLOSED_HANDLE, NO_NODE_ID } from './connection.ts';
import type { Connection } from './connection.ts';

export class ConnectionTable {
  readonly #bySlot: (Connection | undefined)[] = [];
  readonly #byId = new Map<number, Connection>();
  /** The connection of the last record, until its id ends: a callback sends mostly on its own connection. */
  #current: Connection | undefined;
  #nextId = 0;
  #socketCount = 0;

  /** Connections with a node id. */
  get connectionCount(): number {
    return this.#byId.size;
  }

  /** Open sockets: connections, dials in progress, and all other owned sockets. */
  get socketCount(): number {
    return this.#socketCount;
  }

  add(connection: Connection): void {
    this.#bySlot[connection.handle & SLOT_MASK] = connection;
    this.#socketCount++;
  }

  /** Gives a connection its node id: counted up from 0, never reused. */
  assignId(connection: Connection): number {
    connection.nodeId = this.#nextId++;
    this.#byId.set(connection.nodeId, connection);
    return connection.nodeId;
  }

  /**
   * The connection that a record refers to. Undefined when a handler closed it earlier in the same batch: slots are not
   * reused within a turn, so a handle that does not match always means "closed", never "someone else".
   */
  bySlot(handle: number): Connection | undefined {
    const connection = this.#bySlot[handle & SLOT_MASK];
    if (connection === undefined || connection.handle !== handle) return undefined;
    // An owned socket has no id yet, or no longer.
    if (connection.owner === undefined) this.#current = connection;
    return connection;
  }

  byId(nodeId: number): Connection | undefined {
    const current = this.#current;
    if (current !== undefined && current.nodeId === nodeId) return current;
    return this.#byId.get(nodeId);
  }

  /** Ends the id of a connection whose socket stays open. */
  endId(connection: Connection): void {
    if (this.#current === connection) this.#current = undefined;
    this.#byId.delete(connection.nodeId);
  }

  /** Forgets a connection and marks it closed. @returns The handle it had. */
  remove(connection: Connection): number {
    const handle = connection.handle;
    this.#bySlot[handle & SLOT_MASK] = undefined;
    if (connection.nodeId !== NO_NODE_ID) this.endId(connection);
    connection.handle = CLOSED_HANDLE;
    this.#socketCount--;
    return handle;
  }

  /** The connections that have a node id. Removing some while iterating is safe. */
  connections(): IterableIterator<Connection> {
    return this.#byId.values();
  }

  /** Every open socket, as of now. */
  sockets(): Connection[] {
    return this.#bySlot.filter((connection) => connection !== undefined);
  }
}

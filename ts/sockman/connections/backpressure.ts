// What is held back: the connections that a predicate pauses, and what was received for them and not delivered yet.

import type { Backend } from '../backends/backend.ts';
import { ConnectionFlag } from './connection.ts';
import type { Connection } from './connection.ts';

const { SEND_PAUSED, RECEIVE_PAUSED } = ConnectionFlag;

/** Received, and owed to the callbacks before anything newer. */
export interface Held {
  bytes: Uint8Array | undefined;
  /** What came behind the bytes: EOF is errno 0. */
  readonly endErrno: number | undefined;
}

export class HeldBack {
  readonly #backend: Backend;
  readonly #paused = new Set<Connection>();
  /** Bytes that arrived behind a dial's handshake, or that `shouldTryToRecv` refused. Its connection receives no more. */
  readonly #held = new Map<Connection, Held>();

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Whether no connection is paused. */
  get isEmpty(): boolean {
    return this.#paused.size === 0;
  }

  /** The paused connections, as of now. */
  connections(): Connection[] {
    return [...this.#paused];
  }

  pauseSending(connection: Connection): void {
    connection.flags |= SEND_PAUSED;
    this.#paused.add(connection);
  }

  /** From here on the kernel keeps what comes. */
  pauseReceiving(connection: Connection): void {
    if ((connection.flags & RECEIVE_PAUSED) !== 0) return;
    connection.flags |= RECEIVE_PAUSED;
    this.#backend.setReceiving(connection.handle, false);
    this.#paused.add(connection);
  }

  /** Keeps what was received, and pauses. */
  hold(connection: Connection, held: Held): void {
    this.#held.set(connection, held);
    this.pauseReceiving(connection);
  }

  heldOf(connection: Connection): Held | undefined {
    return this.#held.get(connection);
  }

  /** Everything that was held is delivered. */
  dropHeld(connection: Connection): void {
    this.#held.delete(connection);
  }

  /** Takes note that the flags of a connection may say no more that it is paused. */
  settle(connection: Connection): void {
    if ((connection.flags & (SEND_PAUSED | RECEIVE_PAUSED)) === 0) this.#paused.delete(connection);
  }

  /** The connection is closed, or somebody else's. */
  forget(connection: Connection): void {
    this.#paused.delete(connection);
    this.#held.delete(connection);
  }
}

// Connections that a predicate pauses, and the bytes and ends received for them and not delivered yet.

import type { Backend } from '../backends/backend.ts';
import { ConnectionFlag } from './connection.ts';
import type { Connection } from './connection.ts';

const { SEND_PAUSED, RECEIVE_PAUSED } = ConnectionFlag;

/** Received, and owed to the callbacks before anything newer. */
export interface Held {
  bytes: Uint8Array | undefined;
  /** The end that came behind the bytes: 0 for EOF. */
  readonly endErrno: number | undefined;
}

export class HeldBack {
  readonly #backend: Backend;
  readonly #paused = new Set<Connection>();
  /** Bytes that arrived behind a dial's handshake, or that `shouldTryToRecv` refused. Their connections do not receive. */
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

  /** From now on the kernel keeps the peer's bytes. */
  pauseReceiving(connection: Connection): void {
    if ((connection.flags & RECEIVE_PAUSED) !== 0) return;
    connection.flags |= RECEIVE_PAUSED;
    this.#backend.setReceiving(connection.handle, false);
    this.#paused.add(connection);
  }

  /** Keeps received bytes, and pauses. */
  hold(connection: Connection, held: Held): void {
    this.#held.set(connection, held);
    this.pauseReceiving(connection);
  }

  heldOf(connection: Connection): Held | undefined {
    return this.#held.get(connection);
  }

  /** Everything that was held has been delivered. */
  dropHeld(connection: Connection): void {
    this.#held.delete(connection);
  }

  /** Updates the list of paused connections after the flags of one changed. */
  settle(connection: Connection): void {
    if ((connection.flags & (SEND_PAUSED | RECEIVE_PAUSED)) === 0) this.#paused.delete(connection);
  }

  /** The connection is closed, or has another owner. */
  forget(connection: Connection): void {
    if (this.#paused.size > 0) this.#paused.delete(connection);
    if (this.#held.size > 0) this.#held.delete(connection);
  }
}

// The connections to look at before a turn ends: those that were woken, are new, or may have changed their mind.

import { ConnectionFlag } from './connection.ts';
import type { Connection } from './connection.ts';

const { QUEUED } = ConnectionFlag;

export class WakeQueue {
  #queue: Connection[] = [];
  /** Taken in turns with the other, so that serving allocates nothing. */
  #spare: Connection[] = [];

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** Adds a connection, unless it is there. */
  add(connection: Connection): void {
    if ((connection.flags & QUEUED) !== 0) return;
    connection.flags |= QUEUED;
    this.#queue.push(connection);
  }

  /**
   * Takes out and serves what is there now. What is added meanwhile waits for the next call: a handler that wakes itself
   * must not hold the loop.
   */
  serveAll(serve: (connection: Connection) => void): void {
    const queue = this.#queue;
    this.#queue = this.#spare;
    for (const connection of queue) {
      connection.flags &= ~QUEUED;
      serve(connection);
    }
    queue.length = 0;
    this.#spare = queue;
  }
}

// The connections to look at before a turn ends: those that were woken, are new, or may have changed their mind.

import { ConnectionFlag } from '../connections/connection.ts';
import type { Connection } from '../connections/connection.ts';

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
   * Takes out and serves what is there now, until `serve` says that it is enough. What is added meanwhile waits for the next
   * call, behind what is left: a handler that wakes itself must not hold the loop.
   */
  serve(serve: (connection: Connection) => boolean): void {
    const queue = this.#queue;
    this.#queue = this.#spare;
    let served = 0;
    for (let goesOn = true; goesOn && served < queue.length;) {
      const connection = queue[served++]!;
      connection.flags &= ~QUEUED;
      goesOn = serve(connection);
    }
    if (served === queue.length) {
      queue.length = 0;
      this.#spare = queue;
    } else {
      this.#queue = queue.slice(served).concat(this.#queue);
      this.#spare = [];
    }
  }
}

// The connections to serve before a turn ends: those that were woken, are new, or whose predicates may have changed.

import { ConnectionFlag } from '../connections/connection.ts';
import type { Connection } from '../connections/connection.ts';
import type { TurnState } from './turn-state.ts';

const { QUEUED, READY_DUE, RECEIVE_PAUSED } = ConnectionFlag;

export class WakeQueue {
  readonly #state: TurnState;
  readonly #asksToSend: boolean;
  readonly #turnSoon: () => void;
  #queue: Connection[] = [];
  /** Alternates with the other array, so that serving allocates nothing. */
  #spare: Connection[] = [];

  /**
   * @param asksToSend - Whether `shouldTryToSend` is overridden.
   * @param turnSoon - Called when something is added while no turn runs.
   */
  constructor(state: TurnState, asksToSend: boolean, turnSoon: () => void) {
    this.#state = state;
    this.#asksToSend = asksToSend;
    this.#turnSoon = turnSoon;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /**
   * Has a connection served before the current turn ends, or soon if none runs: its predicates are asked, and
   * `eventReadyToSend` is called if `isReadyDue`, or if it was paused and no longer is.
   */
  add(connection: Connection, isReadyDue: boolean): void {
    if (isReadyDue) connection.flags |= READY_DUE;
    if ((connection.flags & QUEUED) === 0) {
      connection.flags |= QUEUED;
      this.#queue.push(connection);
    }
    if (!this.#state.isInTurn) this.#turnSoon();
  }

  /** Has the predicates asked again after a send or a callback, if an answer could make a difference. */
  askAgain(connection: Connection): void {
    if (!this.#asksToSend && (connection.flags & RECEIVE_PAUSED) === 0) return;
    if (!connection.isClosed && connection.owner === undefined && !this.#state.isStopped) this.add(connection, false);
  }

  /**
   * Takes out and serves the connections that are there now, until `serve` returns false. Those added meanwhile wait for the
   * next call, behind the rest: a handler that wakes itself must not block the loop.
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

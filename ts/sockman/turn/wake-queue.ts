// The connections to look at before a turn ends: those that were woken, are new, or may have changed their mind.

import { ConnectionFlag } from '../connections/connection.ts';
import type { Connection } from '../connections/connection.ts';
import type { TurnState } from './turn-state.ts';

const { QUEUED, READY_DUE, RECEIVE_PAUSED } = ConnectionFlag;

export class WakeQueue {
  readonly #state: TurnState;
  readonly #asksToSend: boolean;
  readonly #turnSoon: () => void;
  #queue: Connection[] = [];
  /** Taken in turns with the other, so that serving allocates nothing. */
  #spare: Connection[] = [];

  /**
   * @param asksToSend - Whether `shouldTryToSend` is overridden.
   * @param turnSoon - Called when something was added and no turn runs.
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
   * Has a connection looked at before the current turn ends, or soon when none runs: its predicates are asked, and
   * `eventReadyToSend` comes if `isReadyDue`, or if it was paused and no longer is.
   */
  add(connection: Connection, isReadyDue: boolean): void {
    if (isReadyDue) connection.flags |= READY_DUE;
    if ((connection.flags & QUEUED) === 0) {
      connection.flags |= QUEUED;
      this.#queue.push(connection);
    }
    if (!this.#state.isInTurn) this.#turnSoon();
  }

  /** Has the predicates asked again, after a send or a callback, where an answer could make a difference. */
  askAgain(connection: Connection): void {
    if (!this.#asksToSend && (connection.flags & RECEIVE_PAUSED) === 0) return;
    if (!connection.isClosed && connection.owner === undefined && !this.#state.isStopped) this.add(connection, false);
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

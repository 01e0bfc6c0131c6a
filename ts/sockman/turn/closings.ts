// Connections that are over: they are counted by how they ended, and `eventConnectionClosed` tells of them.
//
// It comes at the end of the turn, never inside the call that closed.

import { ETIMEDOUT, errnoName } from '../../util/errors/errno.ts';
import type { CloseReason } from '../callbacks/callbacks.ts';
import type { GuardedCallbacks } from '../callbacks/guarded-callbacks.ts';
import type { LoopCounters } from '../stats.ts';
import type { TurnState } from './turn-state.ts';
import { NOT_ENDED } from '../connections/connection.ts';
import type { Connection } from '../connections/connection.ts';

interface Closing {
  readonly connection: Connection;
  readonly reason: CloseReason;
}

export class Closings {
  readonly #state: TurnState;
  readonly #callbacks: GuardedCallbacks;
  readonly #counters: LoopCounters;
  readonly #tellsClosed: boolean;
  readonly #tellNow: () => void;
  /** Not told yet. */
  #due: Closing[] = [];
  #isTellingSoon = false;

  /**
   * @param tellsClosed - Whether `eventConnectionClosed` is overridden: else nothing is told.
   * @param tellNow - Called from the host's queue when something is due and no turn runs.
   */
  constructor(
    state: TurnState,
    callbacks: GuardedCallbacks,
    counters: LoopCounters,
    tellsClosed: boolean,
    tellNow: () => void,
  ) {
    this.#state = state;
    this.#callbacks = callbacks;
    this.#counters = counters;
    this.#tellsClosed = tellsClosed;
    this.#tellNow = tellNow;
  }

  /** A connection with an id is over. */
  count({ endErrno }: Connection): void {
    this.#counters.closed++;
    if (endErrno === NOT_ENDED) return;
    if (endErrno === 0) this.#counters.closedAfterEOF++;
    else if (endErrno === ETIMEDOUT) this.#counters.closedAfterTimeout++;
    else this.#counters.closedAfterError++;
  }

  /** `eventConnectionClosed` is due for a connection. */
  note(connection: Connection): void {
    if (!this.#tellsClosed) return;
    const { endErrno } = connection;
    const whyNow = this.#state.isStopped ? 'interrupted' : 'closed';
    const reason = endErrno === 0 ? 'eof' : endErrno !== NOT_ENDED ? 'error' : whyNow;
    this.#due.push({ connection, reason });
    if (!this.#state.isInTurn) this.tellSoon();
  }

  /** Has what is due told from the host's queue, where no turn will: the backend may have been stopped. */
  tellSoon(): void {
    if (this.#due.length === 0 || this.#isTellingSoon) return;
    this.#isTellingSoon = true;
    setImmediate(() => {
      this.#isTellingSoon = false;
      this.#tellNow();
    });
  }

  /** Tells what is due. Handlers may close more, which is told too. */
  tell(): void {
    if (this.#due.length === 0) return;
    for (const { connection, reason } of this.#due) {
      const code = reason === 'error' ? errnoName(connection.endErrno) : undefined;
      this.#callbacks.connectionClosed(connection.nodeId, reason, code);
    }
    this.#due = [];
  }

  /** Resolves when every close up to now was told. */
  async told(): Promise<void> {
    if (!this.#tellsClosed) return;
    // Once at least: the end of a connection that was just dialed is noted there.
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.#due.length > 0);
  }
}

// Connections that are over: counted by how they ended, and reported with `eventConnectionClosed`.
//
// The callback is made at the end of the turn, never inside the call that closed.

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
  /** Not reported yet. */
  #due: Closing[] = [];
  #isTellingSoon = false;

  /**
   * @param tellsClosed - Whether `eventConnectionClosed` is overridden: otherwise nothing is reported.
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

  /** Counts a connection with an id that is over. */
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

  /** Reports what is due from the host's queue, for when no turn will: the backend may have been stopped. */
  tellSoon(): void {
    if (this.#due.length === 0 || this.#isTellingSoon) return;
    this.#isTellingSoon = true;
    setImmediate(() => {
      this.#isTellingSoon = false;
      this.#tellNow();
    });
  }

  /** Reports what is due. Handlers may close more connections, which are reported too. */
  tell(): void {
    if (this.#due.length === 0) return;
    for (const { connection, reason } of this.#due) {
      const code = reason === 'error' ? errnoName(connection.endErrno) : undefined;
      this.#callbacks.connectionClosed(connection.nodeId, reason, code);
    }
    this.#due = [];
  }

  /** Resolves when every close so far was reported. */
  async told(): Promise<void> {
    if (!this.#tellsClosed) return;
    // At least once: the end of a connection that was just dialed is added only there.
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.#due.length > 0);
  }
}

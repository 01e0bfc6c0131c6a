// Connections that were ended with `endConnection`: an orderly end.
//
// TCP answers with RST when a socket is closed with received bytes unread, or receives some afterwards, and an RST makes the
// other side discard what it has not read yet: the last words of the side that closed are lost. So our side is half-closed
// after the last byte, further bytes are received and dropped, and the socket is closed when the peer has closed its side
// too, or when the time is over. (RFC 9293 section 3.6.1; RFC 1122 section 4.2.2.13)

import { ConnectionFlag, NOT_ENDED } from '../connections/connection.ts';
import type { Connection, SocketOwner } from '../connections/connection.ts';
import { Deadline } from './deadline.ts';
import type { Pace } from './deadline.ts';

const { SEND_QUEUED } = ConnectionFlag;

/**
 * Default time for the peer to close its side, in milliseconds: a round trip and the transfer of a full queue on a slow
 * line.
 */
export const DEFAULT_END_TIMEOUT_MS = 5_000;

/** Most connections that end at a time, as a count: each holds a descriptor. A further one closes the oldest at once. */
const MAX_ENDING = 1_024;

export class EndingSockets {
  readonly #pace: Pace;
  readonly #close: (connection: Connection) => void;
  /** Oldest first. */
  readonly #pending = new Map<Connection, Deadline>();

  constructor(pace: Pace, close: (connection: Connection) => void) {
    this.#pace = pace;
    this.#close = close;
  }

  /** Takes over a connection whose sending side was shut down. @returns Its new owner. */
  add(connection: Connection, timeoutMs: number): SocketOwner {
    const close = (): void => this.#close(connection);
    const deadline = new Deadline(this.#pace, close);
    deadline.set(timeoutMs);
    this.#pending.set(connection, deadline);
    if (this.#pending.size > MAX_ENDING) this.#close(this.#pending.keys().next().value!);
    let hasEnded = connection.endErrno !== NOT_ENDED;
    return {
      socketConnected() {},
      socketGotData() {},
      socketGotEOF() {
        hasEnded = true;
        // Bytes of `queueBytes` may still wait; then room is reported.
        if ((connection.flags & SEND_QUEUED) === 0) close();
      },
      socketGotReadError: close,
      socketReadyToSend() {
        if (hasEnded) close();
      },
      socketClosed: () => {
        this.#pending.delete(connection);
        deadline.cancel();
      },
    };
  }
}

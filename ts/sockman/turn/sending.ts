// Sending: bytes that the kernel takes at once, and behind them those that `queueBytes` keeps, in a queue for each
// connection that needs one.
//
// While a queue holds bytes its connection is `SEND_QUEUED`, and also `SEND_BLOCKED`: nothing else is sent on it, so bytes
// leave in the order of the calls. A turn flushes the queue when the kernel has room, before it reports that room.

import { ENOBUFS, EPIPE } from '../../util/errors/errno.ts';
import type { Backend } from '../backends/backend.ts';
import type { LoopCounters } from '../stats.ts';
import type { WakeQueue } from './wake-queue.ts';
import { ConnectionFlag } from '../connections/connection.ts';
import type { Connection } from '../connections/connection.ts';
import { SendQueue } from '../connections/send-queue.ts';

const { HAS_SENT, SEND_BLOCKED, SEND_QUEUED } = ConnectionFlag;

/** Default bound of a connection's queue, in bytes: a second of a fast peer; ten thousand full ones fit into a server. */
export const DEFAULT_QUEUE_LIMIT_BYTES = 1024 * 1024;

/** Largest bound of a queue, in bytes. */
export const MAX_QUEUE_LIMIT_BYTES = 2 ** 30;

export class Sending {
  readonly #backend: Backend;
  readonly #counters: LoopCounters;
  readonly #wakes: WakeQueue;
  readonly #queues = new Map<Connection, SendQueue>();

  constructor(backend: Backend, counters: LoopCounters, wakes: WakeQueue) {
    this.#backend = backend;
    this.#counters = counters;
    this.#wakes = wakes;
  }

  /** @returns As `Backend.send`; 0 while bytes of `queueBytes` wait, which go first. */
  send(connection: Connection, data: Uint8Array, willSendMore: boolean): number {
    if ((connection.flags & SEND_QUEUED) !== 0) return 0;
    const sent = this.#backend.send(connection.handle, data, willSendMore);
    this.noteSent(connection, data.length, sent);
    return sent;
  }

  /** Records the result of a send. */
  noteSent(connection: Connection, offered: number, sent: number): void {
    if (sent >= 0) {
      this.#counters.sentBytes += sent;
      if (sent > 0) connection.flags |= HAS_SENT;
      if (sent < offered) {
        connection.flags |= SEND_BLOCKED;
        this.#counters.shortWrites++;
      }
    }
    this.#wakes.askAgain(connection);
  }

  /** Sends FIN, after the bytes that wait. @returns 0 or a negative errno. */
  shutdown(connection: Connection): number {
    if ((connection.flags & SEND_QUEUED) === 0) return this.#backend.shutdownSend(connection.handle);
    this.#queues.get(connection)!.endsBehind = true;
    return 0;
  }

  /**
   * Sends bytes after those that wait, and keeps a copy of what the kernel does not take.
   * @returns Bytes that wait now, or a negative errno, and then nothing was taken: ENOBUFS for a full queue.
   */
  queue(connection: Connection, data: Uint8Array, limitBytes: number, willSendMore: boolean): number {
    const queue = this.#queues.get(connection);
    if (queue !== undefined) {
      if (queue.endsBehind) return -EPIPE;
      if (queue.length + data.length > limitBytes) return -ENOBUFS;
      queue.push(data);
      return queue.length;
    }
    const sent = this.send(connection, data, willSendMore);
    if (sent < 0 || sent === data.length) return Math.min(sent, 0);
    const rest = new SendQueue();
    rest.push(data.subarray(sent));
    this.#queues.set(connection, rest);
    connection.flags |= SEND_QUEUED;
    return rest.length;
  }

  /** Bytes that wait. */
  queuedBytesOf(connection: Connection): number {
    return this.#queues.get(connection)?.length ?? 0;
  }

  /** There is room: sends what waits. @returns Whether nothing waits any more. */
  flush(connection: Connection): boolean {
    const queue = this.#queues.get(connection)!;
    connection.flags &= ~SEND_QUEUED;
    while (queue.length > 0) {
      const piece = queue.first();
      const sent = this.send(connection, piece, queue.length > piece.length);
      // The connection can send no more; the next send reports it.
      if (sent < 0) break;
      queue.drop(sent);
      if (sent === piece.length) continue;
      connection.flags |= SEND_QUEUED;
      return false;
    }
    this.#queues.delete(connection);
    if (queue.endsBehind && queue.length === 0) this.shutdown(connection);
    return true;
  }

  /** The connection is closed: waiting bytes are dropped. */
  forget(connection: Connection): void {
    if ((connection.flags & SEND_QUEUED) !== 0) this.#queues.delete(connection);
  }
}

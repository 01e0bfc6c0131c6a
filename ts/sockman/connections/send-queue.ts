// Bytes that `queueBytes` keeps because the kernel did not take them: one queue for each connection that has some.
//
// While a queue holds bytes its connection is `SEND_QUEUED`, and always `SEND_BLOCKED` too: nothing else is sent on it, so
// bytes leave in the order of the calls. The turn loop flushes it when the kernel has room, before anybody else hears of
// that room.

import { ENOBUFS, EPIPE } from '../../util/errors/errno.ts';
import { ConnectionFlag } from './connection.ts';
import type { Connection } from './connection.ts';

const { SEND_QUEUED } = ConnectionFlag;

/** Default bound of a connection's queue, in bytes: a second of a fast peer; ten thousand stuck ones still fit a server. */
export const DEFAULT_QUEUE_LIMIT_BYTES = 1024 * 1024;

/** Largest bound that can be asked for, in bytes. */
export const MAX_QUEUE_LIMIT_BYTES = 2 ** 30;

/** Smallest and largest block that small pieces share, in bytes: a page for a short queue, few system calls for a long one. */
const MIN_BLOCK_BYTES = 4 * 1024;
const MAX_BLOCK_BYTES = 64 * 1024;

/** What the queues need of the turn loop. */
export interface SendQueueHost {
  send(connection: Connection, data: Uint8Array, willSendMore: boolean): number;
  shutdownSend(connection: Connection): number;
}

export class SendQueues {
  readonly #host: SendQueueHost;
  readonly #queues = new Map<Connection, SendQueue>();

  constructor(host: SendQueueHost) {
    this.#host = host;
  }

  /**
   * Sends bytes behind those that wait, and keeps a copy of what the kernel does not take.
   * @returns Bytes that wait now, or a negative errno, and then nothing was taken: ENOBUFS for a full queue.
   */
  add(connection: Connection, data: Uint8Array, limitBytes: number, willSendMore: boolean): number {
    const queue = this.#queues.get(connection);
    if (queue !== undefined) {
      if (queue.endsBehind) return -EPIPE;
      if (queue.length + data.length > limitBytes) return -ENOBUFS;
      queue.push(data);
      return queue.length;
    }
    const sent = this.#host.send(connection, data, willSendMore);
    if (sent < 0 || sent === data.length) return Math.min(sent, 0);
    const rest = new SendQueue();
    rest.push(data.subarray(sent));
    this.#queues.set(connection, rest);
    connection.flags |= SEND_QUEUED;
    return rest.length;
  }

  /** Bytes that wait. */
  lengthOf(connection: Connection): number {
    return this.#queues.get(connection)?.length ?? 0;
  }

  /** Has FIN follow the bytes that wait. */
  endBehind(connection: Connection): void {
    this.#queues.get(connection)!.endsBehind = true;
  }

  /** There is room: sends what waits. @returns Whether nothing waits any more. */
  flush(connection: Connection): boolean {
    const queue = this.#queues.get(connection)!;
    connection.flags &= ~SEND_QUEUED;
    while (queue.length > 0) {
      const piece = queue.first();
      const sent = this.#host.send(connection, piece, queue.length > piece.length);
      // The connection can send no more, and says so at the next try.
      if (sent < 0) break;
      queue.drop(sent);
      if (sent === piece.length) continue;
      connection.flags |= SEND_QUEUED;
      return false;
    }
    this.#queues.delete(connection);
    if (queue.endsBehind && queue.length === 0) this.#host.shutdownSend(connection);
    return true;
  }

  /** The connection is closed: what waits is dropped. */
  forget(connection: Connection): void {
    this.#queues.delete(connection);
  }
}

/** Bytes in order, copied into blocks so that many small pieces cost little more than their bytes. */
class SendQueue {
  /** Bytes in the queue. */
  length = 0;
  /** FIN is due behind the last byte. */
  endsBehind = false;
  #blocks: Uint8Array[] = [];
  /** How much of the first block was sent, and how much of the last one is in use. */
  #firstStart = 0;
  #lastEnd = 0;

  push(data: Uint8Array): void {
    const last = this.#blocks.at(-1);
    const fitting = last === undefined ? 0 : Math.min(data.length, last.length - this.#lastEnd);
    last?.set(data.subarray(0, fitting), this.#lastEnd);
    this.#lastEnd += fitting;
    const rest = data.subarray(fitting);
    if (rest.length > 0) {
      const shared = Math.min(Math.max(this.length, MIN_BLOCK_BYTES), MAX_BLOCK_BYTES);
      const block = new Uint8Array(Math.max(rest.length, shared));
      block.set(rest);
      this.#blocks.push(block);
      this.#lastEnd = rest.length;
    }
    this.length += data.length;
  }

  /** The bytes that leave next, a view. */
  first(): Uint8Array {
    const end = this.#blocks.length === 1 ? this.#lastEnd : this.#blocks[0]!.length;
    return this.#blocks[0]!.subarray(this.#firstStart, end);
  }

  /** Removes the first `count` bytes of `first()`. */
  drop(count: number): void {
    this.length -= count;
    this.#firstStart += count;
    if (this.length > 0 && this.#firstStart < this.#blocks[0]!.length) return;
    this.#blocks.shift();
    this.#firstStart = 0;
  }
}

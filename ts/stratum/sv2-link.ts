// One connection of Stratum V2 on a `SockMan`: its transport, its send queue, and the time of its last progress.
//
// Server and client share it. It owns neither the socket nor the meaning of messages: received frames go to a callback,
// and sending goes through the function that was handed in.

import { errnoName, errnoText } from '../util/errors/errno.ts';
import { encodeMessage } from './messages/registry.ts';
import type { Sv2Frame, Sv2Message } from './messages/registry.ts';
import { SendQueue } from './send-queue.ts';
import type { Sv2Transport } from './sv2-transport.ts';

/** Hands bytes to a socket, as `SockMan.sendBytes` does: returns how many it took, or a negative errno. */
export type SendFunction = (bytes: Uint8Array, willSendMore: boolean) => number;

/** The outcome of an attempt to send. */
export type FlushOutcome = 'idle' | 'waiting' | 'broken';

/** Errors of a connection whose other side closed it, perhaps before it had read everything. */
const CLOSED_CODES: readonly string[] = ['ECONNRESET', 'EPIPE'];

/** Why a connection ended. @param who - The other side. @param code - Name of the errno. @param errmsg - Its text. */
export function endText(who: 'client' | 'server', code: string, errmsg: string): string {
  return CLOSED_CODES.includes(code) ? `the ${who} closed the connection` : errmsg;
}

export class Sv2Link {
  readonly transport: Sv2Transport;
  readonly #send: SendFunction;
  readonly #queue: SendQueue;
  readonly #now: () => number;
  #sentBytes = 0;
  #receivedBytes = 0;
  #sendErrno = 0;
  /** Since when waiting bytes have made no progress, in milliseconds. */
  #stalledSince: number | undefined;

  /**
   * @param maxQueueBytes - Above this, superseded templates are dropped, and nothing more is received.
   * @param now - Monotonic milliseconds.
   */
  constructor(transport: Sv2Transport, send: SendFunction, maxQueueBytes: number, now: () => number) {
    this.transport = transport;
    this.#send = send;
    this.#queue = new SendQueue(maxQueueBytes);
    this.#now = now;
  }

  /** Bytes that the kernel took. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** Why the connection is broken. @param who - The other side. */
  sendFailure(who: 'client' | 'server'): string {
    return endText(who, errnoName(this.#sendErrno), `sending failed: ${errnoText(this.#sendErrno)}`);
  }

  /** Frames left out because the peer reads too slowly. */
  get droppedCount(): number {
    return this.#queue.droppedCount;
  }

  /** Whether something waits to be sent. */
  get isWaiting(): boolean {
    return this.#queue.length > 0 || this.transport.getBytesToSend(false).toSend.length > 0;
  }

  /** Whether the peer must read before it is read again. */
  get isFull(): boolean {
    return this.#queue.isFull;
  }

  /** Memory held for this connection, in bytes. */
  get memoryBytes(): number {
    return this.#queue.bytes + this.transport.memoryBytes;
  }

  /** How long waiting bytes have made no progress, in milliseconds. */
  stalledForMs(): number {
    return this.#stalledSince === undefined ? 0 : this.#now() - this.#stalledSince;
  }

  /** Queues a message; `flush` sends it. */
  queue(message: Sv2Message): void {
    this.#queue.push(message, encodeMessage(message));
  }

  /**
   * Takes received bytes.
   *
   * @param data - Lent for the call.
   * @param onFrame - Gets each complete frame; false ends the processing of `data`.
   * @returns Why the connection ends; undefined while it goes on.
   */
  receive(data: Uint8Array, onFrame: (frame: Sv2Frame) => boolean): string | undefined {
    this.#receivedBytes += data.length;
    for (let offset = 0; offset < data.length;) {
      const taken = this.transport.receivedBytes(data, offset);
      if (typeof taken !== 'number') return taken.reason;
      offset += taken;
      if (this.transport.hasFrame() && !onFrame(this.transport.takeFrame())) return undefined;
    }
    return undefined;
  }

  /** Leaves out superseded templates until the queue is within a limit. @param limitBytes - In bytes. */
  dropSuperseded(limitBytes: number): void {
    this.#queue.dropSuperseded(limitBytes);
  }

  /** Sends the queue, as far as the socket takes it. */
  flush(): FlushOutcome {
    for (;;) {
      this.#fillTransport();
      const { toSend, more } = this.transport.getBytesToSend(this.#queue.length > 0);
      if (toSend.length === 0) {
        this.#stalledSince = undefined;
        return 'idle';
      }
      const sent = this.#send(toSend, more);
      if (sent < 0) {
        this.#sendErrno = -sent;
        return 'broken';
      }
      this.transport.markBytesSent(sent);
      this.#sentBytes += sent;
      if (sent > 0) this.#stalledSince = undefined;
      if (sent < toSend.length) {
        this.#stalledSince ??= this.#now();
        return 'waiting';
      }
    }
  }

  #fillTransport(): void {
    const next = this.#queue.first;
    if (next !== undefined && this.transport.setFrameToSend(next)) this.#queue.shift();
  }
}

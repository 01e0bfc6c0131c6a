// The two kinds of socket in a `ReadinessBackend`, and what each has to report in a turn.

import type { Service } from '../../../netaddr/service.ts';
import { EAGAIN } from '../../../util/errors/errno.ts';
import { RecordFlag } from '../backend.ts';
import type { ListenerOwner, ListenerSocket, StreamOwner, StreamSocket } from './driver.ts';
import type { TurnBatch } from './turn-batch.ts';

/** What an entry asks of the backend it belongs to. */
export interface EntryHost {
  readonly acceptBatch: number;
  now(): number;
  /** Has `entry.report` called in a turn to come. */
  enqueue(entry: Entry): void;
  /** Gives an accepted socket its handle. @returns Undefined when the table is full. */
  adopt(socket: StreamSocket): Entry | undefined;
  /** Forgets an entry whose socket is gone. */
  forget(entry: Entry): void;
}

export type Entry = StreamEntry | ListenerEntry;

export class StreamEntry implements StreamOwner {
  readonly socket: StreamSocket;
  readonly #host: EntryHost;
  handle = 0;
  isQueued = false;
  isClosed = false;
  receivedBytes = 0;
  sentBytes = 0;
  createdAtMs: number;
  lastSendAtMs = 0;
  lastReceiveAtMs = 0;
  #isConnecting: boolean;
  #connectErrno: number | undefined;
  #isReceiving = true;
  /** EOF or a read error was given: there is nothing more to receive, ever. */
  #hasEnded = false;
  /** A send was short, and `WRITABLE` was not reported since. */
  #isSendBlocked = false;

  constructor(host: EntryHost, socket: StreamSocket, isConnecting: boolean) {
    this.#host = host;
    this.socket = socket;
    this.#isConnecting = isConnecting;
    this.createdAtMs = host.now();
  }

  connected(errno: number): void {
    this.#connectErrno = errno;
    this.#host.enqueue(this);
  }

  readable(): void {
    if (this.#mayReceive) this.#host.enqueue(this);
  }

  writable(): void {
    if (this.#isSendBlocked) this.#host.enqueue(this);
  }

  report(batch: TurnBatch): void {
    if (this.#isConnecting) {
      this.#reportConnected(batch);
      return;
    }
    const isReadable = this.#mayReceive && this.socket.isReadable;
    if (this.#isSendBlocked && this.socket.isWritable) {
      this.#isSendBlocked = false;
      batch.add(this.handle, RecordFlag.WRITABLE | (isReadable ? RecordFlag.READABLE : 0), 0, 0);
    } else if (isReadable) {
      this.#reportReceived(batch);
    }
    this.#enqueueIfReady();
  }

  send(data: Uint8Array): number {
    const sent = this.socket.send(data);
    if (sent < 0) return sent;
    if (sent < data.length) this.#isSendBlocked = true;
    if (sent > 0) {
      this.sentBytes += sent;
      this.lastSendAtMs = this.#host.now();
    }
    return sent;
  }

  receive(into: Uint8Array, offset: number, maxBytes: number): number {
    if (this.#isConnecting) return -EAGAIN;
    const received = this.socket.receive(into, offset, maxBytes);
    if (received > 0) {
      this.receivedBytes += received;
      this.lastReceiveAtMs = this.#host.now();
    } else if (received !== -EAGAIN) {
      this.#hasEnded = true;
    }
    return received;
  }

  setReceiving(on: boolean): void {
    if (this.#isReceiving === on) return;
    this.#isReceiving = on;
    if (on) this.#enqueueIfReady();
  }

  get #mayReceive(): boolean {
    return this.#isReceiving && !this.#hasEnded && !this.#isConnecting;
  }

  #reportConnected(batch: TurnBatch): void {
    if (this.#connectErrno === undefined) return;
    batch.add(this.handle, RecordFlag.CONNECTED, this.#connectErrno, 0);
    if (this.#connectErrno !== 0) {
      this.#host.forget(this);
      return;
    }
    this.#isConnecting = false;
    this.#enqueueIfReady();
  }

  #reportReceived(batch: TurnBatch): void {
    const received = this.receive(batch.slab.bytes, batch.usedBytes, batch.chunkBytes);
    if (received > 0) {
      batch.add(this.handle, RecordFlag.DATA, batch.usedBytes, received);
      batch.usedBytes += received;
    } else if (received === 0) {
      batch.add(this.handle, RecordFlag.EOF, 0, 0);
    } else if (received !== -EAGAIN) {
      batch.add(this.handle, RecordFlag.READ_ERROR, -received, 0);
    }
  }

  /** Level-triggered: what is left is reported in the next turn. */
  #enqueueIfReady(): void {
    const isReadable = this.#mayReceive && this.socket.isReadable;
    if (isReadable || (this.#isSendBlocked && this.socket.isWritable)) this.#host.enqueue(this);
  }
}

export class ListenerEntry implements ListenerOwner {
  readonly socket: ListenerSocket;
  readonly bound: Service;
  readonly #host: EntryHost;
  handle = 0;
  isQueued = false;
  isClosed = false;
  #isAccepting = true;

  constructor(host: EntryHost, socket: ListenerSocket, bound: Service) {
    this.#host = host;
    this.socket = socket;
    this.bound = bound;
  }

  acceptable(): void {
    if (this.#isAccepting) this.#host.enqueue(this);
  }

  setAccepting(on: boolean): void {
    this.#isAccepting = on;
    if (on && this.socket.hasPending) this.#host.enqueue(this);
  }

  report(batch: TurnBatch): void {
    for (let count = 0; count < this.#host.acceptBatch && this.#isAccepting && !batch.isFull; count++) {
      const socket = this.socket.accept();
      if (socket === -EAGAIN) return;
      if (typeof socket === 'number') this.#reportExhausted(batch, -socket);
      else this.#reportAccepted(batch, socket);
    }
    if (this.#isAccepting && this.socket.hasPending) this.#host.enqueue(this);
  }

  #reportAccepted(batch: TurnBatch, socket: StreamSocket): void {
    const entry = this.#host.adopt(socket);
    if (entry === undefined) {
      // More sockets than handles: no descriptor limit lets it come to this.
      socket.reset();
      return;
    }
    batch.add(entry.handle, RecordFlag.ACCEPTED, this.handle, 0);
  }

  #reportExhausted(batch: TurnBatch, errno: number): void {
    this.#isAccepting = false;
    batch.add(this.handle, RecordFlag.ACCEPT_EXHAUSTED, errno, 0);
  }
}

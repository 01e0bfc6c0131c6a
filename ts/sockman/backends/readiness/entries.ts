// The two kinds of socket in a `ReadinessBackend`, and what each reports in a turn.

import type { Service } from '../../../netaddr/service.ts';
import type { Clock } from '../../../util/time/clock.ts';
import { EAGAIN } from '../../../util/errors/errno.ts';
import { RecordFlag } from '../backend.ts';
import type { ListenerOwner, ListenerSocket, StreamOwner, StreamSocket } from './driver.ts';
import type { HandleTable } from './handle-table.ts';
import type { ReadyQueue } from './ready-queue.ts';
import type { TurnBatch } from './turn-batch.ts';

/** The parts that entries work with. */
export interface EntryParts {
  readonly table: HandleTable<Entry>;
  readonly queue: ReadyQueue;
  readonly clock: Clock;
  /** Most sockets that a listener accepts in a turn. */
  readonly acceptBatch: number;
}

export type Entry = StreamEntry | ListenerEntry;

/** Makes the entry of a socket. @returns Undefined if the table is full. */
export function addStream(parts: EntryParts, socket: StreamSocket, isConnecting: boolean): StreamEntry | undefined {
  const entry = new StreamEntry(parts, socket, isConnecting);
  if (!parts.table.add(entry)) return undefined;
  socket.attach(entry);
  // Bytes may have arrived before there was an owner to notify.
  if (!isConnecting && socket.isReadable) parts.queue.add(entry);
  return entry;
}

export class StreamEntry implements StreamOwner {
  readonly socket: StreamSocket;
  readonly #parts: EntryParts;
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
  /** EOF or a read error was reported: nothing more will be received. */
  #hasEnded = false;
  /** A send was short, and `WRITABLE` has not been reported since. */
  #isSendBlocked = false;

  constructor(parts: EntryParts, socket: StreamSocket, isConnecting: boolean) {
    this.#parts = parts;
    this.socket = socket;
    this.#isConnecting = isConnecting;
    this.createdAtMs = parts.clock.now();
  }

  connected(errno: number): void {
    this.#connectErrno = errno;
    this.#parts.queue.add(this);
  }

  readable(): void {
    if (this.#mayReceive) this.#parts.queue.add(this);
  }

  writable(): void {
    if (this.#isSendBlocked) this.#parts.queue.add(this);
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
      this.lastSendAtMs = this.#parts.clock.now();
    }
    return sent;
  }

  receive(into: Uint8Array, offset: number, maxBytes: number): number {
    if (this.#isConnecting) return -EAGAIN;
    const received = this.socket.receive(into, offset, maxBytes);
    if (received > 0) {
      this.receivedBytes += received;
      this.lastReceiveAtMs = this.#parts.clock.now();
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

  /** Frees the handle of a socket that is gone or about to be closed. */
  release(): void {
    this.isClosed = true;
    this.#parts.table.remove(this);
  }

  get #mayReceive(): boolean {
    return this.#isReceiving && !this.#hasEnded && !this.#isConnecting;
  }

  #reportConnected(batch: TurnBatch): void {
    if (this.#connectErrno === undefined) return;
    batch.add(this.handle, RecordFlag.CONNECTED, this.#connectErrno, 0);
    if (this.#connectErrno !== 0) {
      this.release();
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
    if (isReadable || (this.#isSendBlocked && this.socket.isWritable)) this.#parts.queue.add(this);
  }
}

export class ListenerEntry implements ListenerOwner {
  readonly socket: ListenerSocket;
  readonly bound: Service;
  readonly #parts: EntryParts;
  handle = 0;
  isQueued = false;
  isClosed = false;
  #isAccepting = true;

  constructor(parts: EntryParts, socket: ListenerSocket, bound: Service) {
    this.#parts = parts;
    this.socket = socket;
    this.bound = bound;
  }

  acceptable(): void {
    if (this.#isAccepting) this.#parts.queue.add(this);
  }

  setAccepting(on: boolean): void {
    this.#isAccepting = on;
    if (on && this.socket.hasPending) this.#parts.queue.add(this);
  }

  report(batch: TurnBatch): void {
    for (let count = 0; count < this.#parts.acceptBatch && this.#isAccepting && !batch.isFull; count++) {
      const socket = this.socket.accept();
      if (socket === -EAGAIN) return;
      if (typeof socket === 'number') this.#reportExhausted(batch, -socket);
      else this.#reportAccepted(batch, socket);
    }
    if (this.#isAccepting && this.socket.hasPending) this.#parts.queue.add(this);
  }

  /** Frees the handle of a listener that is about to be closed. */
  release(): void {
    this.isClosed = true;
    this.#parts.table.remove(this);
  }

  #reportAccepted(batch: TurnBatch, socket: StreamSocket): void {
    const entry = addStream(this.#parts, socket, false);
    if (entry === undefined) {
      // More sockets than handles: no descriptor limit is that high.
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

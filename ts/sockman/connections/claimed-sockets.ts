// Delivers the events of sockets that are not connections with callbacks to their owners.

import { EAGAIN } from '../../util/errors/errno.ts';
import { RecordFlag } from '../backends/backend.ts';
import type { Backend } from '../backends/backend.ts';
import type { ConnectionTable } from './connection-table.ts';
import type { Connection, SocketOwner } from './connection.ts';
import type { LoopCounters } from '../stats.ts';

const { WRITABLE, DATA, READABLE, EOF, READ_ERROR, CONNECTED } = RecordFlag;

export class OwnerDelivery {
  readonly #backend: Backend;
  readonly #table: ConnectionTable;
  readonly #counters: LoopCounters;

  constructor(backend: Backend, table: ConnectionTable, counters: LoopCounters) {
    this.#backend = backend;
    this.#table = table;
    this.#counters = counters;
  }

  /** One record; `RecordFlag` explains its words. Throws what the owner throws. */
  deliver(connection: Connection, owner: SocketOwner, flags: number, a: number, b: number): void {
    if ((flags & CONNECTED) !== 0) {
      // The backend has closed the socket of a failed connect; it must not be closed a second time.
      if (a !== 0) this.#table.remove(connection);
      owner.socketConnected(a);
      return;
    }
    if ((flags & WRITABLE) !== 0) owner.socketReadyToSend();
    if (connection.owner !== owner) return;
    if ((flags & READABLE) !== 0) this.#receive(connection, owner);
    else if ((flags & DATA) !== 0) this.#give(owner, a, b);
    else if ((flags & EOF) !== 0) this.#end(connection, owner, 0);
    else if ((flags & READ_ERROR) !== 0) this.#end(connection, owner, a);
  }

  #receive(connection: Connection, owner: SocketOwner): void {
    const received = this.#backend.receive(connection.handle);
    if (received > 0) this.#give(owner, this.#backend.deferredOffset, received);
    else if (received !== -EAGAIN) this.#end(connection, owner, -received);
  }

  #end(connection: Connection, owner: SocketOwner, errno: number): void {
    connection.endErrno = errno;
    tellEnd(owner, errno);
  }

  #give(owner: SocketOwner, offset: number, length: number): void {
    this.#counters.receivedBytes += length;
    owner.socketGotData(this.#backend.slab.view(offset, length));
  }
}

/** Reports EOF (errno 0) or a read error. */
export function tellEnd(owner: SocketOwner, errno: number): void {
  if (errno === 0) owner.socketGotEOF();
  else owner.socketGotReadError(errno);
}

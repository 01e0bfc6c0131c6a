// The open sockets: how a socket is made, gets a node id, changes its owner, and ends.

import type { Service } from '../../netaddr/service.ts';
import type { Backend, SocketConnectOptions, SystemFailure } from '../backends/backend.ts';
import type { GuardedCallbacks } from '../callbacks/guarded-callbacks.ts';
import type { Listeners } from '../listeners.ts';
import type { LoopCounters } from '../stats.ts';
import type { Pace } from './deadline.ts';
import { EndingSockets } from './ending-sockets.ts';
import type { WakeQueue } from './wake-queue.ts';
import type { HeldBack } from '../connections/backpressure.ts';
import { tellEnd } from '../connections/claimed-sockets.ts';
import type { Closings } from './closings.ts';
import type { ConnectionTable } from '../connections/connection-table.ts';
import { Connection, ConnectionFlag, NO_NODE_ID, NOT_ENDED } from '../connections/connection.ts';
import type { ProxiedEnds, SocketOwner } from '../connections/connection.ts';
import type { Sending } from './sending.ts';

const { SEND_BLOCKED, QUEUED, NEW, SEND_QUEUED, ADMITTED, ENDING } = ConnectionFlag;

/** The parts that sockets work with. */
export interface SocketParts {
  readonly backend: Backend;
  readonly callbacks: GuardedCallbacks;
  readonly counters: LoopCounters;
  readonly table: ConnectionTable;
  readonly listeners: Listeners;
  readonly heldBack: HeldBack;
  readonly sending: Sending;
  readonly closings: Closings;
  readonly wakes: WakeQueue;
}

export class Sockets {
  readonly #backend: Backend;
  readonly #callbacks: GuardedCallbacks;
  readonly #counters: LoopCounters;
  readonly #table: ConnectionTable;
  readonly #listeners: Listeners;
  readonly #heldBack: HeldBack;
  readonly #sending: Sending;
  readonly #closings: Closings;
  readonly #wakes: WakeQueue;
  readonly #ending: EndingSockets;
  /** Adopted connections whose callers do not know the ids yet. */
  #newcomers: Connection[] = [];
  /** The ends of connections through proxies. */
  readonly #proxied = new Map<Connection, ProxiedEnds>();

  constructor(parts: SocketParts, pace: Pace) {
    this.#backend = parts.backend;
    this.#callbacks = parts.callbacks;
    this.#counters = parts.counters;
    this.#table = parts.table;
    this.#listeners = parts.listeners;
    this.#heldBack = parts.heldBack;
    this.#sending = parts.sending;
    this.#closings = parts.closings;
    this.#wakes = parts.wakes;
    this.#ending = new EndingSockets(pace, (connection) => this.close(connection));
  }

  // ---- Beginnings ---------------------------------------------------------------------------------------------------

  /** Starts a connect whose events go to `owner`. */
  connect(
    to: Service,
    options: SocketConnectOptions,
    owner: SocketOwner,
  ): { ok: true; socket: Connection } | SystemFailure {
    const result = this.#backend.connect(to, options);
    if (!result.ok) return result;
    const socket = new Connection(result.handle, owner);
    this.#table.add(socket);
    return { ok: true, socket };
  }

  /**
   * Turns an owned socket into a connection with a node id and the `SockMan` callbacks. These begin once the code that
   * awaits the id has run; until then nothing is received.
   *
   * @param leftover - Bytes already received that belong to the connection; owned by the loop from here on.
   * @param ends - For a connection through a proxy.
   */
  adopt(socket: Connection, leftover: Uint8Array, ends: ProxiedEnds | undefined): number {
    const nodeId = this.#assignId(socket, leftover, ends);
    socket.flags |= NEW | ADMITTED;
    this.#heldBack.pauseReceiving(socket);
    // The host's queue, not the backend's clock: promise callbacks have run when this does, however that clock is driven.
    if (this.#newcomers.push(socket) === 1) setImmediate(this.#welcomeAll);
    return nodeId;
  }

  readonly #welcomeAll = (): void => {
    const newcomers = this.#newcomers;
    this.#newcomers = [];
    for (const socket of newcomers) {
      const wasNew = (socket.flags & NEW) !== 0;
      socket.flags &= ~NEW;
      if (!socket.isClosed) this.#wakes.add(socket, true);
      // A connection that a stream took over is no longer new: its end was noted when it came.
      else if (wasNew) this.#closings.note(socket);
    }
  };

  /** A listener accepted a socket. */
  accept(handle: number, listenerHandle: number): void {
    // An earlier handler of the batch closed the listener: connections accepted meanwhile are closed like those that still
    // waited.
    if (!this.#listeners.has(listenerHandle)) return this.#backend.reset(handle);
    const connection = new Connection(handle, undefined);
    this.#table.add(connection);
    this.#table.assignId(connection);
    const { me, them } = this.#listeners.endsOf(handle, listenerHandle);
    this.#offerAccepted(connection, me, them);
  }

  /**
   * Treats an owned socket as one that a listener just accepted.
   *
   * @param leftover - As for `adopt`.
   */
  admit(socket: Connection, leftover: Uint8Array, ends: ProxiedEnds & { them: Service }): void {
    this.#assignId(socket, leftover, ends);
    this.#offerAccepted(socket, ends.me, ends.them);
  }

  #assignId(socket: Connection, leftover: Uint8Array, ends: ProxiedEnds | undefined): number {
    socket.owner = undefined;
    if (ends !== undefined) this.#proxied.set(socket, ends);
    if (leftover.length > 0) this.#heldBack.hold(socket, { bytes: leftover, endErrno: undefined });
    return this.#table.assignId(socket);
  }

  #offerAccepted(connection: Connection, me: Service, them: Service): void {
    this.#counters.accepted++;
    if (!this.#callbacks.accepts(connection.nodeId, me, them)) {
      this.#counters.refused++;
      this.close(connection);
      return;
    }
    // The callback itself may have ended it.
    if (connection.isClosed || (connection.flags & ENDING) !== 0) return this.#closings.note(connection);
    connection.flags |= ADMITTED;
    this.#wakes.add(connection, true);
  }

  // ---- During its life -----------------------------------------------------------------------------------------------

  /** Both ends of a connection, as far as they are known. */
  endsOf(connection: Connection): { local: Service; remote: Service } | undefined {
    const ends = this.#proxied.get(connection);
    const local = ends?.me ?? this.#backend.addressOf(connection.handle, 'local');
    const remote = ends?.them ?? this.#backend.addressOf(connection.handle, 'remote') ?? local;
    return remote === undefined ? undefined : { local: local ?? remote, remote };
  }

  /**
   * Hands a connection over to an owner; its `SockMan` callbacks end. What is owed to the owner is delivered before this
   * returns.
   */
  handOver(connection: Connection, owner: SocketOwner): void {
    connection.owner = owner;
    this.#backend.setReceiving(connection.handle, false);
    connection.flags &= SEND_BLOCKED | QUEUED | SEND_QUEUED | ADMITTED;
    const held = this.#heldBack.heldOf(connection);
    this.#heldBack.forget(connection);
    if (connection.endErrno !== NOT_ENDED) tellEnd(owner, connection.endErrno);
    if (held === undefined) return;
    if (held.bytes !== undefined) owner.socketGotData(held.bytes);
    if (held.endErrno === undefined || connection.owner !== owner) return;
    connection.endErrno = held.endErrno;
    tellEnd(owner, held.endErrno);
  }

  // ---- Ends ---------------------------------------------------------------------------------------------------------

  /** Closes a socket; nothing more is delivered for it. */
  close(connection: Connection, withReset = false): void {
    if (connection.isClosed) return;
    this.#heldBack.forget(connection);
    this.#sending.forget(connection);
    if (connection.nodeId !== NO_NODE_ID && (connection.flags & ENDING) === 0) this.#closings.count(connection);
    const handle = this.#table.remove(connection);
    if (withReset) this.#backend.reset(handle);
    else this.#backend.close(handle);
    // The end of a connection whose caller does not know the id yet is noted once the caller does.
    if ((connection.flags & (ADMITTED | NEW)) === ADMITTED) this.#closings.note(connection);
    const owner = connection.owner;
    connection.owner = undefined;
    owner?.socketClosed();
    if (this.#proxied.size === 0) return;
    const ends = this.#proxied.get(connection);
    if (ends === undefined) return;
    this.#proxied.delete(connection);
    ends.whenClosed?.();
  }

  /**
   * Ends a connection in order; see `ending-sockets.ts`. Its id is over at once, as after `close`.
   *
   * @param timeoutMs - How long the peer may take to close its side.
   */
  end(connection: Connection, timeoutMs: number): void {
    // An end that a predicate holds back counts as received: it is not reported again.
    const heldErrno = this.#heldBack.heldOf(connection)?.endErrno ?? NOT_ENDED;
    const endErrno = connection.endErrno === NOT_ENDED ? heldErrno : connection.endErrno;
    const isOver = endErrno > 0 || (endErrno === 0 && (connection.flags & SEND_QUEUED) === 0);
    // A stream closes its own.
    if (connection.owner !== undefined || isOver) return this.close(connection);
    if (this.#sending.shutdown(connection) < 0) return this.close(connection);
    this.#heldBack.forget(connection);
    this.#table.endId(connection);
    this.#closings.count(connection);
    if ((connection.flags & ADMITTED) !== 0) this.#closings.note(connection);
    connection.endErrno = endErrno;
    connection.flags = (connection.flags & (SEND_BLOCKED | QUEUED | SEND_QUEUED)) | ENDING;
    connection.owner = this.#ending.add(connection, timeoutMs);
    this.#backend.setReceiving(connection.handle, true);
  }

  closeAll(): void {
    this.#listeners.closeAll();
    for (const socket of this.#table.sockets()) this.close(socket);
  }
}

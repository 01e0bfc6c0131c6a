// The turn: walks a batch of records and makes the callbacks of it.
//
// One turn does, in this order: `eventIOLoopCompletedForAllPeers`; for each ready connection send, receive, and
// `eventIOLoopCompletedForNode`; accepts; then the connections that were woken or are new. Readiness is a hint
// throughout: every path copes with would-block and with a connection closed by an earlier handler of the batch.
//
// Cost is O(ready). The kernel keeps the interest; a predicate that is not overridden is never asked, a hook that is not
// overridden never called, and the 50 ms tick runs only while a connection is paused by a predicate or a hook is
// overridden. Idle connections then cost nothing at all.

import type { Service } from '../netaddr/service.ts';
import type { Clock, Timer } from '../util/clock.ts';
import { EAGAIN, errnoText } from '../util/errno.ts';
import { RECORD_WORDS, RecordFlag } from './backends/backend.ts';
import type { Backend, BatchSink, ConnectOptions, SystemFailure } from './backends/backend.ts';
import type { SockManCallbacks } from './callbacks.ts';
import { ConnectionTable } from './connection-table.ts';
import { Connection, ConnectionFlag } from './connection.ts';
import type { ProxiedEnds, SocketOwner } from './connection.ts';
import { Listeners } from './listeners.ts';
import type { ResolvedOptions } from './options.ts';

const { WRITABLE, DATA, READABLE, EOF, READ_ERROR, CONNECTED, ACCEPTED, ACCEPT_EXHAUSTED } = RecordFlag;
const { SEND_BLOCKED, SEND_PAUSED, RECEIVE_PAUSED, QUEUED, READY_DUE, NEW } = ConnectionFlag;

/** The longest that a predicate which changed its mind silently goes unasked. (SockMan: the wait of one loop turn.) */
export const TICK_MS = 50;

/** What a kept view of received bytes reads as, with `poisonReceivedBytes`. */
export const POISON_BYTE = 0xdd;

/** Which optional callbacks the subclass overrides; the others are never called. */
export interface Overrides {
  asksToSend: boolean;
  asksToRecv: boolean;
  hooksNode: boolean;
  hooksTurn: boolean;
}

/** Counters of the loop, see `SockManStats`. */
export interface LoopCounters {
  turns: number;
  events: number;
  receivedBytes: number;
  sentBytes: number;
  accepted: number;
  refused: number;
  closed: number;
  callbackErrors: number;
  turnMs: number;
}

export class TurnLoop implements BatchSink {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly listeners: Listeners;
  readonly table = new ConnectionTable();
  readonly counters: LoopCounters = {
    turns: 0,
    events: 0,
    receivedBytes: 0,
    sentBytes: 0,
    accepted: 0,
    refused: 0,
    closed: 0,
    callbackErrors: 0,
    turnMs: 0,
  };
  readonly #host: SockManCallbacks;
  readonly #overrides: Overrides;
  readonly #options: ResolvedOptions;
  /** Connections that a predicate holds back: asked again at the tick. */
  readonly #paused = new Set<Connection>();
  /** Bytes that arrived behind a dial's handshake, owed to `eventGotData` before anything newer. */
  readonly #leftovers = new Map<Connection, Uint8Array>();
  /** What is known of connections through proxies. */
  readonly #proxied = new Map<Connection, ProxiedEnds>();
  /** Connections to look at before the turn ends, and the spare array it alternates with. */
  #queue: Connection[] = [];
  #spareQueue: Connection[] = [];
  #isInTurn = false;
  #isStopped = false;
  #soon: Timer | undefined;
  #tick: Timer | undefined;
  #whenIdle: (() => void)[] = [];

  constructor(backend: Backend, host: SockManCallbacks, overrides: Overrides, options: ResolvedOptions) {
    this.backend = backend;
    this.clock = backend.clock;
    this.#host = host;
    this.#overrides = overrides;
    this.#options = options;
    this.listeners = new Listeners(backend, options);
  }

  start(): void {
    this.backend.start(this);
    this.#settle();
  }

  /** Ends all callbacks, those of the rest of the current batch included. Sockets stay open. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#tick?.cancel();
    this.#soon?.cancel();
    this.listeners.stop();
    this.backend.stop();
    if (!this.#isInTurn) this.#announceIdle();
  }

  /** Resolves when `stop` was called and no callback is running. */
  stopped(): Promise<void> {
    if (this.#isStopped && !this.#isInTurn) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  // ---- Sockets ------------------------------------------------------------------------------------------------------

  /** Starts a connect whose events go to `owner`. */
  connect(to: Service, options: ConnectOptions, owner: SocketOwner): { ok: true; socket: Connection } | SystemFailure {
    const result = this.backend.connect(to, options);
    if (!result.ok) return result;
    const socket = new Connection(result.handle, owner);
    this.table.add(socket);
    return { ok: true, socket };
  }

  /**
   * Turns an owned socket into a connection with a node id and the `SockMan` callbacks, once the code that awaits the id
   * has run: nothing is received before.
   *
   * @param leftover - Bytes already received that belong to the connection; owned by the loop from here on.
   * @param ends - For a connection through a proxy.
   */
  adopt(socket: Connection, leftover: Uint8Array, ends: ProxiedEnds | undefined): number {
    const nodeId = this.#assignId(socket, leftover, ends);
    socket.flags |= NEW;
    if ((socket.flags & RECEIVE_PAUSED) === 0) this.#pauseReceiving(socket);
    // The host's queue, not the backend's clock: however that is driven, promise callbacks have run when this does.
    setImmediate(() => {
      socket.flags &= ~NEW;
      if (!socket.isClosed) this.enqueue(socket, true);
    });
    return nodeId;
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

  /** Both ends of a connection, as far as anyone knows them. */
  endsOf(connection: Connection): { local: Service; remote: Service } | undefined {
    const ends = this.#proxied.get(connection);
    const local = ends?.me ?? this.backend.addressOf(connection.handle, 'local');
    const remote = ends?.them ?? this.backend.addressOf(connection.handle, 'remote') ?? local;
    return remote === undefined ? undefined : { local: local ?? remote, remote };
  }

  #assignId(socket: Connection, leftover: Uint8Array, ends: ProxiedEnds | undefined): number {
    socket.owner = undefined;
    if (ends !== undefined) this.#proxied.set(socket, ends);
    if (leftover.length > 0) {
      this.#leftovers.set(socket, leftover);
      this.#pauseReceiving(socket);
    }
    return this.table.assignId(socket);
  }

  /** Hands a connection over to an owner; the `SockMan` callbacks for it end. Bytes owed to it come before this returns. */
  handOver(connection: Connection, owner: SocketOwner): void {
    connection.owner = owner;
    this.#paused.delete(connection);
    const leftover = this.#leftovers.get(connection);
    this.#leftovers.delete(connection);
    if (leftover !== undefined) owner.socketGotData(leftover);
    this.backend.setReceiving(connection.handle, false);
    connection.flags &= SEND_BLOCKED | QUEUED;
  }

  /** @returns As `Backend.send`. */
  send(connection: Connection, data: Uint8Array, willSendMore: boolean): number {
    const sent = this.backend.send(connection.handle, data, willSendMore);
    this.noteSent(connection, data.length, sent);
    return sent;
  }

  /** Books the result of a send. */
  noteSent(connection: Connection, offered: number, sent: number): void {
    if (sent >= 0) {
      this.counters.sentBytes += sent;
      if (sent < offered) connection.flags |= SEND_BLOCKED;
    }
    if ((connection.flags & (SEND_PAUSED | RECEIVE_PAUSED)) !== 0) this.enqueue(connection, false);
  }

  /** Closes a socket; nothing more is delivered for it. */
  close(connection: Connection, withReset = false): void {
    if (connection.isClosed) return;
    this.#paused.delete(connection);
    this.#leftovers.delete(connection);
    this.counters.closed++;
    const handle = this.table.remove(connection);
    if (withReset) this.backend.reset(handle);
    else this.backend.close(handle);
    const owner = connection.owner;
    connection.owner = undefined;
    owner?.socketClosed();
    const ends = this.#proxied.get(connection);
    if (ends === undefined) return;
    this.#proxied.delete(connection);
    ends.whenClosed?.();
  }

  closeAll(): void {
    this.listeners.closeAll();
    for (const socket of this.table.sockets()) this.close(socket);
  }

  /**
   * Has a connection looked at before the current turn ends, or soon when none runs: its predicates are asked, and
   * `eventReadyToSend` comes if `isReadyDue`, or if it was paused and no longer is.
   */
  enqueue(connection: Connection, isReadyDue: boolean): void {
    if (isReadyDue) connection.flags |= READY_DUE;
    if ((connection.flags & QUEUED) !== 0) return;
    connection.flags |= QUEUED;
    this.#queue.push(connection);
    if (!this.#isInTurn && this.#soon === undefined && !this.#isStopped) {
      this.#soon = this.clock.soon(() => {
        this.#soon = undefined;
        this.turn(0);
      });
    }
  }

  // ---- The turn -----------------------------------------------------------------------------------------------------

  turn(recordCount: number): void {
    if (this.#isStopped) return;
    const startedAt = this.clock.now();
    this.#isInTurn = true;
    this.counters.turns++;
    this.counters.events += recordCount;
    if (this.#overrides.hooksTurn) this.#callTurnHook();
    const { records } = this.backend;
    for (let word = 0; word < recordCount * RECORD_WORDS && !this.#isStopped; word += RECORD_WORDS) {
      this.#deliver(records[word]!, records[word + 1]!, records[word + 2]!, records[word + 3]!);
    }
    this.#serveQueue();
    this.#endTurn(startedAt);
  }

  #endTurn(startedAt: number): void {
    this.#isInTurn = false;
    this.counters.turnMs += this.clock.now() - startedAt;
    if (this.#isStopped) this.#announceIdle();
    else this.#settle();
  }

  #deliver(handle: number, flags: number, a: number, b: number): void {
    if ((flags & (ACCEPTED | ACCEPT_EXHAUSTED)) !== 0) {
      if ((flags & ACCEPTED) !== 0) this.#accept(handle, a);
      else this.listeners.exhausted(handle, a);
      return;
    }
    const connection = this.table.bySlot(handle);
    if (connection === undefined) return;
    if (connection.owner !== undefined) {
      this.#deliverToOwner(connection, connection.owner, flags, a, b);
      return;
    }
    let cancelReceive = false;
    if ((flags & WRITABLE) !== 0) {
      connection.flags &= ~SEND_BLOCKED;
      cancelReceive = this.#offerSend(connection);
    }
    if ((flags & DATA) !== 0) this.#gotData(connection, a, b);
    else if ((flags & READABLE) !== 0) {
      if (!cancelReceive) this.#offerReceive(connection);
    } else if ((flags & EOF) !== 0) this.#gotEof(connection);
    else if ((flags & READ_ERROR) !== 0) this.#gotReadError(connection, a);

    if (this.#overrides.hooksNode) this.#callNodeHook(connection);
    if ((connection.flags & (SEND_PAUSED | RECEIVE_PAUSED)) !== 0) this.enqueue(connection, false);
  }

  /** Asks `shouldTryToSend`, then tells that there is room. @returns True to skip this turn's receive. */
  #offerSend(connection: Connection): boolean {
    if (connection.isClosed) return false;
    if (this.#overrides.asksToSend && !this.#asksToSend(connection)) {
      if (!connection.isClosed) {
        connection.flags |= SEND_PAUSED;
        this.#paused.add(connection);
      }
      return false;
    }
    connection.flags &= ~SEND_PAUSED;
    if (connection.isClosed || this.#isStopped) return false;
    try {
      return this.#host.eventReadyToSend(connection.nodeId) === true;
    } catch (error) {
      this.#failed(error, 'eventReadyToSend', connection.nodeId);
      return false;
    }
  }

  /** Asks `shouldTryToRecv`, then receives once. */
  #offerReceive(connection: Connection): void {
    if (connection.isClosed || this.#isStopped) return;
    if (this.#overrides.asksToRecv && !this.#asksToRecv(connection)) {
      if (!connection.isClosed) this.#pauseReceiving(connection);
      return;
    }
    if (connection.isClosed || this.#isStopped) return;
    const received = this.backend.receive(connection.handle);
    if (received > 0) this.#gotData(connection, this.backend.deferredOffset, received);
    else if (received === 0) this.#gotEof(connection);
    else if (received !== -EAGAIN) this.#gotReadError(connection, -received);
  }

  #gotData(connection: Connection, offset: number, length: number): void {
    if (connection.isClosed || this.#isStopped) return;
    this.counters.receivedBytes += length;
    const data = this.backend.slab.subarray(offset, offset + length);
    try {
      this.#host.eventGotData(connection.nodeId, data);
    } catch (error) {
      this.#failed(error, 'eventGotData', connection.nodeId);
    }
    if (this.#options.poisonReceivedBytes) data.fill(POISON_BYTE);
  }

  #gotEof(connection: Connection): void {
    if (connection.isClosed || this.#isStopped) return;
    try {
      this.#host.eventGotEOF(connection.nodeId);
    } catch (error) {
      this.#failed(error, 'eventGotEOF', connection.nodeId);
    }
  }

  #gotReadError(connection: Connection, errno: number): void {
    if (connection.isClosed || this.#isStopped) return;
    try {
      this.#host.eventGotPermanentReadError(connection.nodeId, errnoText(errno));
    } catch (error) {
      this.#failed(error, 'eventGotPermanentReadError', connection.nodeId);
    }
  }

  #accept(handle: number, listenerHandle: number): void {
    const connection = new Connection(handle, undefined);
    this.table.add(connection);
    this.table.assignId(connection);
    const { me, them } = this.listeners.endsOf(handle, listenerHandle);
    this.#offerAccepted(connection, me, them);
  }

  #offerAccepted(connection: Connection, me: Service, them: Service): void {
    this.counters.accepted++;
    let isWelcome = false;
    try {
      isWelcome = this.#host.eventNewConnectionAccepted(connection.nodeId, me, them) === true;
    } catch (error) {
      this.#failed(error, 'eventNewConnectionAccepted', connection.nodeId);
    }
    if (!isWelcome) {
      this.counters.refused++;
      this.close(connection);
    } else if (!connection.isClosed) this.enqueue(connection, true);
  }

  #deliverToOwner(connection: Connection, owner: SocketOwner, flags: number, a: number, b: number): void {
    try {
      if ((flags & CONNECTED) !== 0) {
        // The backend closed a socket that failed to connect; it must not be closed a second time.
        if (a !== 0) this.table.remove(connection);
        owner.socketConnected(a);
        return;
      }
      if ((flags & WRITABLE) !== 0) {
        connection.flags &= ~SEND_BLOCKED;
        owner.socketReadyToSend();
      }
      if (connection.owner !== owner) return;
      if ((flags & READABLE) !== 0) this.#receiveForOwner(connection, owner);
      else if ((flags & DATA) !== 0) this.#giveToOwner(owner, a, b);
      else if ((flags & EOF) !== 0) owner.socketGotEOF();
      else if ((flags & READ_ERROR) !== 0) owner.socketGotReadError(a);
    } catch (error) {
      this.#failed(error, 'socket owner', connection.nodeId);
    }
  }

  #receiveForOwner(connection: Connection, owner: SocketOwner): void {
    const received = this.backend.receive(connection.handle);
    if (received > 0) this.#giveToOwner(owner, this.backend.deferredOffset, received);
    else if (received === 0) owner.socketGotEOF();
    else if (received !== -EAGAIN) owner.socketGotReadError(-received);
  }

  #giveToOwner(owner: SocketOwner, offset: number, length: number): void {
    this.counters.receivedBytes += length;
    owner.socketGotData(this.backend.slab.subarray(offset, offset + length));
  }

  // ---- Connections held back, woken, or new -------------------------------------------------------------------------

  #serveQueue(): void {
    // What handlers enqueue from here on waits for the next turn: a handler that wakes itself must not hold the loop.
    const queue = this.#queue;
    this.#queue = this.#spareQueue;
    for (const connection of queue) this.#serve(connection);
    queue.length = 0;
    this.#spareQueue = queue;
    if (this.#queue.length > 0 && this.#soon === undefined && !this.#isStopped) {
      this.#soon = this.clock.soon(() => {
        this.#soon = undefined;
        this.turn(0);
      });
    }
  }

  #serve(connection: Connection): void {
    const isReadyDue = (connection.flags & (READY_DUE | SEND_PAUSED)) !== 0;
    connection.flags &= ~(QUEUED | READY_DUE);
    if ((connection.flags & NEW) !== 0) return;
    if (connection.isClosed || connection.owner !== undefined || this.#isStopped) return;
    if (isReadyDue && (connection.flags & SEND_BLOCKED) === 0) this.#offerSend(connection);
    if ((connection.flags & RECEIVE_PAUSED) !== 0) this.#offerResume(connection);
    if ((connection.flags & (SEND_PAUSED | RECEIVE_PAUSED)) === 0) this.#paused.delete(connection);
  }

  #offerResume(connection: Connection): void {
    if (connection.isClosed || this.#isStopped) return;
    if (this.#overrides.asksToRecv && !this.#asksToRecv(connection)) return;
    if (connection.isClosed || this.#isStopped) return;
    connection.flags &= ~RECEIVE_PAUSED;
    this.backend.setReceiving(connection.handle, true);
    const leftover = this.#leftovers.get(connection);
    if (leftover === undefined) return;
    this.#leftovers.delete(connection);
    try {
      this.#host.eventGotData(connection.nodeId, leftover);
    } catch (error) {
      this.#failed(error, 'eventGotData', connection.nodeId);
    }
  }

  #pauseReceiving(connection: Connection): void {
    connection.flags |= RECEIVE_PAUSED;
    this.backend.setReceiving(connection.handle, false);
    this.#paused.add(connection);
  }

  /** Arms or drops the tick, by whether anything needs one. */
  #settle(): void {
    const { hooksNode, hooksTurn } = this.#overrides;
    const isNeeded = hooksTurn || this.#paused.size > 0 || (hooksNode && this.table.connectionCount > 0);
    if (isNeeded === (this.#tick !== undefined)) return;
    if (isNeeded) this.#tick = this.clock.after(TICK_MS, () => this.#runTick());
    else {
      this.#tick?.cancel();
      this.#tick = undefined;
    }
  }

  #runTick(): void {
    this.#tick = undefined;
    if (this.#isStopped) return;
    const startedAt = this.clock.now();
    this.#isInTurn = true;
    this.counters.turns++;
    if (this.#overrides.hooksTurn) this.#callTurnHook();
    if (this.#overrides.hooksNode) this.#sweepAll();
    else for (const connection of [...this.#paused]) this.#serve(connection);
    this.#serveQueue();
    this.#endTurn(startedAt);
  }

  #sweepAll(): void {
    for (const connection of this.table.connections()) {
      if (this.#isStopped) return;
      connection.flags |= READY_DUE;
      this.#serve(connection);
      this.#callNodeHook(connection);
    }
  }

  // ---- Calls that may throw -----------------------------------------------------------------------------------------

  #asksToSend(connection: Connection): boolean {
    try {
      return this.#host.shouldTryToSend(connection.nodeId) === true;
    } catch (error) {
      this.#failed(error, 'shouldTryToSend', connection.nodeId);
      return false;
    }
  }

  #asksToRecv(connection: Connection): boolean {
    try {
      return this.#host.shouldTryToRecv(connection.nodeId) === true;
    } catch (error) {
      this.#failed(error, 'shouldTryToRecv', connection.nodeId);
      return false;
    }
  }

  #callNodeHook(connection: Connection): void {
    if (connection.isClosed || connection.owner !== undefined || this.#isStopped) return;
    try {
      this.#host.eventIOLoopCompletedForNode(connection.nodeId);
    } catch (error) {
      this.#failed(error, 'eventIOLoopCompletedForNode', connection.nodeId);
    }
  }

  #callTurnHook(): void {
    try {
      this.#host.eventIOLoopCompletedForAllPeers();
    } catch (error) {
      this.#failed(error, 'eventIOLoopCompletedForAllPeers', undefined);
    }
  }

  /** Tells that listening for I2P peers began or failed. */
  tellI2PListen(me: Service, success: boolean): void {
    if (this.#isStopped) return;
    try {
      this.#host.eventI2PListen(me, success);
    } catch (error) {
      this.#failed(error, 'eventI2PListen', undefined);
    }
  }

  /** A caller's function whose throws are reported like those of a callback. */
  guarded<Args extends unknown[]>(where: string, call: (...args: Args) => void): (...args: Args) => void {
    return (...args) => {
      try {
        call(...args);
      } catch (error) {
        this.#failed(error, where, undefined);
      }
    };
  }

  /** Reports what a callback threw, without letting it disturb the batch. */
  #failed(error: unknown, where: string, nodeId: number | undefined): void {
    this.counters.callbackErrors++;
    const report = this.#options.onCallbackError;
    if (report === undefined) {
      queueMicrotask(() => {
        throw error;
      });
      return;
    }
    try {
      report(error, where, nodeId);
    } catch (second) {
      queueMicrotask(() => {
        throw second;
      });
    }
  }

  #announceIdle(): void {
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
  }
}

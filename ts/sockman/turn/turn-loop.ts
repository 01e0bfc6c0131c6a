// The turn: walks a batch of records and makes the callbacks of it.
//
// A turn ends early when the pass of the host's loop has had its share (`pass-budget.ts`), and goes on in the next one.
// One turn does, in this order: `eventIOLoopCompletedForAllPeers`; for each ready connection send, receive, and
// `eventIOLoopCompletedForNode`; accepts; then the connections that were woken or are new. Readiness is a hint
// throughout: every path copes with would-block and with a connection closed by an earlier handler of the batch.
//
// Cost is O(ready). The kernel keeps the interest; a predicate that is not overridden is never asked, a hook that is not
// overridden never called, and the 50 ms tick runs only while a connection is paused by a predicate or a hook is
// overridden. Idle connections then cost nothing at all.

import type { Service } from '../../netaddr/service.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import { ETIMEDOUT, errnoName, errnoText } from '../../util/errors/errno.ts';
import { RECORD_WORDS, RecordFlag } from '../backends/backend.ts';
import type { Backend, BatchSink, SocketConnectOptions, SystemFailure } from '../backends/backend.ts';
import { ConnectionTable } from '../connections/connection-table.ts';
import { Connection, ConnectionFlag, NO_NODE_ID, NOT_ENDED } from '../connections/connection.ts';
import type { ProxiedEnds, SocketOwner } from '../connections/connection.ts';
import type { CloseReason, SockManCallbacks } from '../callbacks/callbacks.ts';
import { Delivery } from './delivery.ts';
import type { Overrides } from './delivery.ts';
import { EndingSockets } from './ending-sockets.ts';
import { GuardedCallbacks } from '../callbacks/guarded-callbacks.ts';
import { HeldBack } from '../connections/backpressure.ts';
import { Listeners } from '../listeners.ts';
import type { ResolvedOptions } from '../options.ts';
import { PassBudget } from './pass-budget.ts';
import { SendQueues } from '../connections/send-queue.ts';
import { OwnerDelivery, tellEnd } from '../connections/claimed-sockets.ts';
import { Histogram } from '../../util/histogram.ts';
import { NO_COUNTERS, TURN_SECONDS } from '../stats.ts';
import type { LoopCounters } from '../stats.ts';
import { TurnReport } from './turn-report.ts';
import { WakeQueue } from './wake-queue.ts';

const { ACCEPTED, ACCEPT_EXHAUSTED } = RecordFlag;
const { SEND_BLOCKED, QUEUED, READY_DUE, NEW, HAS_SENT, SEND_QUEUED, ADMITTED, ENDING } = ConnectionFlag;

/** The longest that a predicate which changed its mind silently goes unasked. (SockMan: the wait of one loop turn.) */
export const TICK_MS = 50;

/** A poller that fails again after this many milliseconds without failing is news. */
const POLLER_EPISODE_MS = 1_000;

export class TurnLoop implements BatchSink {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly listeners: Listeners;
  readonly table = new ConnectionTable();
  readonly counters: LoopCounters = { ...NO_COUNTERS };
  readonly turnSeconds = new Histogram(TURN_SECONDS);
  readonly callbacks: GuardedCallbacks;
  /** Bytes that wait for room. */
  readonly sendQueues = new SendQueues(this);
  readonly #overrides: Overrides;
  readonly #options: ResolvedOptions;
  readonly #delivery: Delivery;
  readonly #ending = new EndingSockets(this);
  /** Connections that a predicate holds back: asked again at the tick. */
  readonly #heldBack: HeldBack;
  /** What is known of connections through proxies. */
  readonly #proxied = new Map<Connection, ProxiedEnds>();
  readonly #wakeQueue = new WakeQueue();
  /** Closed, and `eventConnectionClosed` is due. */
  #closed: { connection: Connection; reason: CloseReason }[] = [];
  readonly #budget: PassBudget;
  readonly #report: TurnReport | undefined;
  /** Where in the records the turn goes on in the next pass; 0 when none is unfinished. */
  #nextWord = 0;
  #isInTurn = false;
  #failedAtMs = -Infinity;
  #isStopped = false;
  #soon: Timer | undefined;
  #tick: Timer | undefined;
  /** The connections that the tick has not come to yet. */
  #sweep: IterableIterator<Connection> | undefined;
  #whenIdle: (() => void)[] = [];

  constructor(backend: Backend, host: SockManCallbacks, overrides: Overrides, options: ResolvedOptions) {
    this.backend = backend;
    this.clock = backend.clock;
    backend.closeWhenCollected?.(this);
    this.callbacks = new GuardedCallbacks(host, options.onCallbackError);
    this.#overrides = overrides;
    this.#options = options;
    this.listeners = new Listeners(backend, options);
    this.#heldBack = new HeldBack(backend);
    const owners = new OwnerDelivery(backend, this.table, this.counters);
    this.#delivery = new Delivery(this, this.#heldBack, owners, overrides, options.poisonReceivedBytes);
    this.#report = options.debug && new TurnReport(options.debug);
    this.#budget = new PassBudget(this.clock, this.counters, options.passMs, options.passBytes);
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
    this.#ending.stop();
    this.backend.stop();
    if (!this.#isInTurn) this.#announceIdle();
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Resolves when `stop` was called and no callback is running. */
  stopped(): Promise<void> {
    if (this.#isStopped && !this.#isInTurn) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  // ---- Sockets ------------------------------------------------------------------------------------------------------

  /** Starts a connect whose events go to `owner`. */
  connect(
    to: Service,
    options: SocketConnectOptions,
    owner: SocketOwner,
  ): { ok: true; socket: Connection } | SystemFailure {
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
    socket.flags |= NEW | ADMITTED;
    this.#heldBack.pauseReceiving(socket);
    // The host's queue, not the backend's clock: however that is driven, promise callbacks have run when this does.
    setImmediate(() => {
      const wasNew = (socket.flags & NEW) !== 0;
      socket.flags &= ~NEW;
      if (!socket.isClosed) this.enqueue(socket, true);
      // What a stream took over is not new any more: its end was noted when it came.
      else if (wasNew && this.#overrides.tellsClosed) this.#noteClosed(socket);
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
    if (leftover.length > 0) this.#heldBack.hold(socket, { bytes: leftover, endErrno: undefined });
    return this.table.assignId(socket);
  }

  /** Hands a connection over to an owner; the `SockMan` callbacks for it end. What is owed to it comes before this returns. */
  handOver(connection: Connection, owner: SocketOwner): void {
    connection.owner = owner;
    this.backend.setReceiving(connection.handle, false);
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

  /** @returns As `Backend.send`; 0 while bytes of `queueBytes` wait, which go first. */
  send(connection: Connection, data: Uint8Array, willSendMore: boolean): number {
    if ((connection.flags & SEND_QUEUED) !== 0) return 0;
    const sent = this.backend.send(connection.handle, data, willSendMore);
    this.noteSent(connection, data.length, sent);
    return sent;
  }

  /** Books the result of a send. */
  noteSent(connection: Connection, offered: number, sent: number): void {
    if (sent >= 0) {
      this.counters.sentBytes += sent;
      if (sent > 0) connection.flags |= HAS_SENT;
      if (sent < offered) {
        connection.flags |= SEND_BLOCKED;
        this.counters.shortWrites++;
      }
    }
    this.#delivery.askAgain(connection);
  }

  /** Sends FIN, behind the bytes that wait. @returns 0 or a negative errno. */
  shutdownSend(connection: Connection): number {
    if ((connection.flags & SEND_QUEUED) === 0) return this.backend.shutdownSend(connection.handle);
    this.sendQueues.endBehind(connection);
    return 0;
  }

  /** Closes a socket; nothing more is delivered for it. */
  close(connection: Connection, withReset = false): void {
    if (connection.isClosed) return;
    this.#heldBack.forget(connection);
    if ((connection.flags & SEND_QUEUED) !== 0) this.sendQueues.forget(connection);
    if (connection.nodeId !== NO_NODE_ID && (connection.flags & ENDING) === 0) this.#countClosed(connection);
    const handle = this.table.remove(connection);
    if (withReset) this.backend.reset(handle);
    else this.backend.close(handle);
    // Of a connection whose caller does not know the id yet it is noted once the caller does.
    if (this.#overrides.tellsClosed && (connection.flags & (ADMITTED | NEW)) === ADMITTED) this.#noteClosed(connection);
    const owner = connection.owner;
    connection.owner = undefined;
    owner?.socketClosed();
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
    const isOver = connection.endErrno > 0 || (connection.endErrno === 0 && (connection.flags & SEND_QUEUED) === 0);
    // A stream closes its own; of a new connection the caller has not heard.
    if (connection.owner !== undefined || isOver || (connection.flags & NEW) !== 0) return this.close(connection);
    if (this.shutdownSend(connection) < 0) return this.close(connection);
    this.#heldBack.forget(connection);
    this.table.endId(connection);
    this.#countClosed(connection);
    if (this.#overrides.tellsClosed && (connection.flags & ADMITTED) !== 0) this.#noteClosed(connection);
    connection.flags = (connection.flags & (SEND_BLOCKED | QUEUED | SEND_QUEUED)) | ENDING;
    connection.owner = this.#ending.add(connection, timeoutMs);
    this.backend.setReceiving(connection.handle, true);
  }

  #countClosed({ endErrno }: Connection): void {
    this.counters.closed++;
    if (endErrno === NOT_ENDED) return;
    if (endErrno === 0) this.counters.closedAfterEOF++;
    else if (endErrno === ETIMEDOUT) this.counters.closedAfterTimeout++;
    else this.counters.closedAfterError++;
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
    this.#wakeQueue.add(connection);
    if (!this.#isInTurn) this.#turnSoon();
  }

  #turnSoon(): void {
    if (this.#soon !== undefined || this.#isStopped) return;
    this.#soon = this.clock.soon(() => {
      this.#soon = undefined;
      this.#runUnasked(() => void (this.#sweep !== undefined && this.#sweepAll()));
    });
  }

  // ---- The turn -----------------------------------------------------------------------------------------------------

  turn(recordCount: number, isNewPass: boolean): boolean {
    if (this.#isStopped) return true;
    const startedAt = this.clock.now();
    if (isNewPass) this.#budget.begin(startedAt);
    this.#isInTurn = true;
    if (this.#nextWord === 0) this.#beginTurn(recordCount);
    const endWord = recordCount * RECORD_WORDS;
    const isDone = this.#deliverUntil(endWord);
    if (isDone) this.#serveQueue();
    const isSpent = this.#budget.isSpentAt(this.#endTurn(startedAt));
    if (this.#isStopped || (isDone && !isSpent)) return true;
    if (isDone) this.#nextWord = endWord;
    return false;
  }

  /** Logged once an episode. */
  failed(errno: number): void {
    const nowMs = this.clock.now();
    const isNews = nowMs - this.#failedAtMs > POLLER_EPISODE_MS;
    this.#failedAtMs = nowMs;
    if (isNews) this.#options.logger.error(`the system does not tell which sockets are ready: ${errnoText(errno)}`);
  }

  /** Whether there are sockets known to be ready that were not delivered yet. */
  get isBehind(): boolean {
    return this.#nextWord !== 0 || this.backend.isBehind;
  }

  #beginTurn(recordCount: number): void {
    this.counters.turns++;
    this.counters.events += recordCount;
    if (this.#overrides.hooksTurn) this.callbacks.loopCompletedForAllPeers();
  }

  /** Delivers the records from where the turn stands. @returns False if the pass was over first. */
  #deliverUntil(endWord: number): boolean {
    const { records } = this.backend;
    let word = this.#nextWord;
    while (word < endWord && !this.#isStopped) {
      const handle = records[word]!;
      try {
        this.#deliver(handle, records[word + 1]!, records[word + 2]!, records[word + 3]!);
      } catch (error) {
        this.#deliveryFailed(handle, error);
      }
      word += RECORD_WORDS;
      if (word < endWord && this.#budget.isSpent()) {
        this.#nextWord = word;
        return false;
      }
    }
    this.#nextWord = 0;
    return true;
  }

  /** A fault of ours, not of a callback. It must not cost the other records, nor leave a connection that nobody admitted. */
  #deliveryFailed(handle: number, error: unknown): void {
    const connection = this.table.bySlot(handle);
    if (connection !== undefined) this.close(connection, true);
    this.callbacks.report(error, 'turn', connection?.nodeId);
  }

  /** Runs a turn in which nothing was ready: a tick, or for connections that were woken. */
  #runUnasked(work: () => void): void {
    if (this.#isStopped) return;
    const startedAt = this.clock.now();
    this.#budget.begin(startedAt);
    this.#isInTurn = true;
    this.#beginTurn(0);
    work();
    this.#serveQueue();
    this.#endTurn(startedAt);
  }

  /** @returns The time now. */
  #endTurn(startedAt: number): number {
    this.#isInTurn = false;
    const now = this.clock.now();
    this.counters.turnMs += now - startedAt;
    this.turnSeconds.add((now - startedAt) / 1_000);
    this.#report?.tell(this.counters, this.table.connectionCount);
    if (this.#isStopped) this.#announceIdle();
    else this.#settle();
    return now;
  }

  #deliver(handle: number, flags: number, a: number, b: number): void {
    if ((flags & (ACCEPTED | ACCEPT_EXHAUSTED)) !== 0) {
      if ((flags & ACCEPTED) !== 0) this.#accept(handle, a);
      else this.listeners.exhausted(handle, a);
      return;
    }
    const connection = this.table.bySlot(handle);
    if (connection !== undefined) this.#delivery.record(connection, flags, a, b);
  }

  #accept(handle: number, listenerHandle: number): void {
    // An earlier handler of the batch closed the listener: who was accepted meanwhile goes the way of who still waited.
    if (!this.listeners.has(listenerHandle)) return this.backend.reset(handle);
    const connection = new Connection(handle, undefined);
    this.table.add(connection);
    this.table.assignId(connection);
    const { me, them } = this.listeners.endsOf(handle, listenerHandle);
    this.#offerAccepted(connection, me, them);
  }

  #offerAccepted(connection: Connection, me: Service, them: Service): void {
    this.counters.accepted++;
    if (!this.callbacks.accepts(connection.nodeId, me, them)) {
      this.counters.refused++;
      this.close(connection);
      return;
    }
    connection.flags |= ADMITTED;
    if (!connection.isClosed) this.enqueue(connection, true);
    else if (this.#overrides.tellsClosed) this.#noteClosed(connection);
  }

  // ---- Connections held back, woken, or new -------------------------------------------------------------------------

  #serveQueue(): void {
    if (!this.#wakeQueue.isEmpty) {
      this.#wakeQueue.serve((connection) => {
        this.#delivery.serve(connection);
        return this.#isStopped || !this.#budget.isSpent();
      });
    }
    if (this.#closed.length > 0) this.#tellClosed();
    if (!this.#wakeQueue.isEmpty) this.#turnSoon();
  }

  /** Arms or drops the tick, by whether anything needs one. */
  #settle(): void {
    const { hooksNode, hooksTurn } = this.#overrides;
    const isNeeded = hooksTurn || !this.#heldBack.isEmpty || (hooksNode && this.table.connectionCount > 0);
    if (isNeeded === (this.#tick !== undefined)) return;
    if (isNeeded) {
      this.#tick = this.clock.after(TICK_MS, () => this.#runTick());
      // What holds the process is the backend.
      this.#tick.unref?.();
    } else {
      this.#tick?.cancel();
      this.#tick = undefined;
    }
  }

  #runTick(): void {
    this.#tick = undefined;
    this.#runUnasked(() => {
      if (this.#overrides.hooksNode) this.#sweepAll();
      else for (const connection of this.#heldBack.connections()) this.enqueue(connection, false);
    });
  }

  /** Serves every connection, and calls its hook; in several passes if there are many. */
  #sweepAll(): void {
    const sweep = (this.#sweep ??= this.table.connections());
    for (let next = sweep.next(); next.done !== true; next = sweep.next()) {
      const connection = next.value;
      if (this.#isStopped) return;
      if ((connection.flags & NEW) !== 0) continue;
      connection.flags |= READY_DUE;
      this.#delivery.serve(connection);
      this.#delivery.callNodeHook(connection);
      if (this.#budget.isSpent()) return this.#turnSoon();
    }
    this.#sweep = undefined;
  }

  /** Tells that listening for I2P peers began or failed. */
  tellI2PListen(me: Service, success: boolean): void {
    if (!this.#isStopped) this.callbacks.i2pListen(me, success);
  }

  // ---- Connections that are over ------------------------------------------------------------------------------------

  /** Resolves when every close up to now was told. */
  async closesTold(): Promise<void> {
    if (!this.#overrides.tellsClosed) return;
    // Once at least: the end of a connection that was just dialed is noted there.
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.#closed.length > 0);
  }

  /** `eventConnectionClosed` is due, at the end of the turn: never inside the call that closed. */
  #noteClosed(connection: Connection): void {
    const { endErrno } = connection;
    const reason =
      endErrno === 0 ? 'eof' : endErrno !== NOT_ENDED ? 'error' : this.#isStopped ? 'interrupted' : 'closed';
    if (this.#closed.push({ connection, reason }) > 1 || this.#isInTurn) return;
    // Not a turn of the backend, which may have been stopped.
    setImmediate(() => {
      this.#isInTurn = true;
      this.#serveQueue();
      this.#endTurn(this.clock.now());
    });
  }

  #tellClosed(): void {
    // Handlers may close more.
    for (const { connection, reason } of this.#closed) {
      const code = reason === 'error' ? errnoName(connection.endErrno) : undefined;
      this.callbacks.connectionClosed(connection.nodeId, reason, code);
    }
    this.#closed = [];
  }

  #announceIdle(): void {
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
  }
}

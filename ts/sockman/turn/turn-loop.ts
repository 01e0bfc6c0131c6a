// The turn: walks a batch of records and makes their callbacks.
//
// A turn pauses when its share of the host's pass is used up (`pass-budget.ts`), and goes on in the next pass. The order of
// a turn: `eventIOLoopCompletedForAllPeers`; for each ready connection send, receive, and `eventIOLoopCompletedForNode`;
// accepts (`node-net` and `memory` mix the two); then the connections that were woken or are new. Readiness is a hint
// throughout: every path copes with would-block and with a connection closed by an earlier handler of the batch.
//
// Cost is O(ready). The kernel keeps the interest; a predicate that is not overridden is never asked, a hook that is not
// overridden never called, and the 50 ms tick runs only while a connection is paused by a predicate or a hook is
// overridden. Idle connections then cost nothing at all.

import type { Service } from '../../netaddr/service.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import { errnoText } from '../../util/errors/errno.ts';
import { Histogram } from '../../util/histogram.ts';
import { RECORD_WORDS, RecordFlag } from '../backends/backend.ts';
import type { Backend, BatchSink } from '../backends/backend.ts';
import type { SockManCallbacks } from '../callbacks/callbacks.ts';
import { GuardedCallbacks } from '../callbacks/guarded-callbacks.ts';
import { HeldBack } from '../connections/backpressure.ts';
import { OwnerDelivery } from '../connections/claimed-sockets.ts';
import { Closings } from './closings.ts';
import { ConnectionTable } from '../connections/connection-table.ts';
import { ConnectionFlag } from '../connections/connection.ts';
import type { Connection } from '../connections/connection.ts';
import { Sending } from './sending.ts';
import { Sockets } from './sockets.ts';
import { Listeners } from '../listeners.ts';
import type { ResolvedOptions } from '../options.ts';
import { NO_COUNTERS, TURN_SECONDS } from '../stats.ts';
import type { LoopCounters } from '../stats.ts';
import { Deadlines } from './deadline.ts';
import { Delivery } from './delivery.ts';
import type { Overrides } from './delivery.ts';
import { PassBudget } from './pass-budget.ts';
import { TurnReport } from './turn-report.ts';
import { TurnState } from './turn-state.ts';
import { WakeQueue } from './wake-queue.ts';

const { ACCEPTED, ACCEPT_EXHAUSTED } = RecordFlag;
const { READY_DUE, NEW } = ConnectionFlag;

/** Longest time until a predicate that changed its mind silently is asked again. (SockMan: the wait of one loop turn.) */
export const TICK_MS = 50;

/** A poller failure after this many milliseconds without one begins a new episode, which is logged. */
const POLLER_EPISODE_MS = 1_000;

export class TurnLoop implements BatchSink {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly listeners: Listeners;
  readonly table = new ConnectionTable();
  readonly counters: LoopCounters = { ...NO_COUNTERS };
  readonly turnSeconds = new Histogram(TURN_SECONDS);
  readonly callbacks: GuardedCallbacks;
  readonly sending: Sending;
  readonly sockets: Sockets;
  /** Connections to serve before the turn ends. */
  readonly wakes: WakeQueue;
  readonly closings: Closings;
  readonly #state = new TurnState();
  readonly #overrides: Overrides;
  readonly #options: ResolvedOptions;
  readonly #delivery: Delivery;
  /** Connections that a predicate pauses: asked again at the tick. */
  readonly #heldBack: HeldBack;
  readonly #budget: PassBudget;
  readonly #report: TurnReport | undefined;
  /** Index of the record at which the turn goes on in the next pass; 0 if no turn is unfinished. */
  #nextWord = 0;
  #failedAtMs = -Infinity;
  #soon: Timer | undefined;
  #tick: Timer | undefined;
  /** The connections that the current tick has not served yet. */
  #sweep: IterableIterator<Connection> | undefined;
  #whenIdle: (() => void)[] = [];
  #deadlines: Deadlines | undefined = new Deadlines();

  constructor(backend: Backend, host: SockManCallbacks, overrides: Overrides, options: ResolvedOptions) {
    this.backend = backend;
    this.clock = backend.clock;
    backend.closeWhenCollected?.(this);
    this.#overrides = overrides;
    this.#options = options;
    const { counters, table } = this;
    const state = this.#state;
    const callbacks = new GuardedCallbacks(host, options.onCallbackError);
    const listeners = new Listeners(backend, options);
    const heldBack = new HeldBack(backend);
    const owners = new OwnerDelivery(backend, table, counters);
    const wakes = new WakeQueue(state, overrides.asksToSend, () => this.#turnSoon());
    const sending = new Sending(backend, counters, wakes);
    const closings = new Closings(state, callbacks, counters, overrides.tellsClosed, () => this.#tellClosings());
    const shared = { state, backend, callbacks, counters, table, listeners, heldBack, sending, wakes };
    const parts = { ...shared, owners, closings, overrides };
    this.#delivery = new Delivery(parts, options.poisonReceivedBytes);
    this.sockets = new Sockets(parts, this);
    this.callbacks = callbacks;
    this.listeners = listeners;
    this.#heldBack = heldBack;
    this.wakes = wakes;
    this.sending = sending;
    this.closings = closings;
    this.#report = options.debug && new TurnReport(options.debug);
    this.#budget = new PassBudget(this.clock, counters, options.passMs, options.passBytes);
  }

  // ---- Life ---------------------------------------------------------------------------------------------------------

  start(): void {
    this.backend.start(this);
    this.#settle();
  }

  /** Ends all callbacks, including those of the rest of the current batch. Sockets stay open. */
  stop(): void {
    if (this.#state.isStopped) return;
    this.#state.isStopped = true;
    this.#tick?.cancel();
    this.#soon?.cancel();
    this.listeners.stop();
    this.#deadlines?.cancelAll();
    this.#deadlines = undefined;
    this.backend.stop();
    if (!this.#state.isInTurn) this.#becomeIdle();
  }

  /** Resolves when `stop` was called and no callback is running. */
  stopped(): Promise<void> {
    if (this.#state.isStopped && !this.#state.isInTurn) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  #becomeIdle(): void {
    // Connections closed by the rest of a batch, which no pass will deliver any more.
    this.closings.tellSoon();
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
  }

  // ---- The turn -----------------------------------------------------------------------------------------------------

  turn(recordCount: number, isNewPass: boolean): boolean {
    if (this.#state.isStopped) return true;
    const startedAt = this.clock.now();
    if (isNewPass) this.#budget.begin(startedAt);
    this.#state.isInTurn = true;
    if (this.#nextWord === 0) this.#beginTurn(recordCount);
    const endWord = recordCount * RECORD_WORDS;
    const isDone = this.#deliverUntil(endWord);
    if (isDone) this.#serveQueue();
    const isSpent = this.#budget.isSpentAt(this.#endTurn(startedAt));
    if (this.#state.isStopped || (isDone && !isSpent)) return true;
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

  /** Whether sockets are known to be ready and not delivered yet. */
  get isBehind(): boolean {
    return this.#nextWord !== 0 || this.backend.isBehind;
  }

  get deadlines(): Deadlines | undefined {
    return this.#deadlines;
  }

  #beginTurn(recordCount: number): void {
    this.counters.turns++;
    this.counters.events += recordCount;
    if (this.#overrides.hooksTurn) this.callbacks.loopCompletedForAllPeers();
  }

  /** Delivers the records from where the turn stands. @returns False if the pass was over first. */
  #deliverUntil(endWord: number): boolean {
    const { records } = this.backend;
    const delivery = this.#delivery;
    let word = this.#nextWord;
    while (word < endWord && !this.#state.isStopped) {
      const handle = records[word]!;
      const flags = records[word + 1]!;
      try {
        if ((flags & (ACCEPTED | ACCEPT_EXHAUSTED)) !== 0) this.#deliverToListener(handle, flags, records[word + 2]!);
        else {
          // Undefined: an earlier handler closed it after it was reported.
          const connection = this.table.bySlot(handle);
          if (connection !== undefined) delivery.record(connection, flags, records[word + 2]!, records[word + 3]!);
        }
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

  /**
   * An error of ours, not of a callback. It must neither cost the other records nor leave a connection that was not
   * admitted.
   */
  #deliveryFailed(handle: number, error: unknown): void {
    const connection = this.table.bySlot(handle);
    if (connection !== undefined) this.sockets.close(connection, true);
    this.callbacks.report(error, 'turn', connection?.nodeId);
  }

  /** Runs a turn without ready sockets: for a tick, or for connections that were woken. */
  #runUnasked(work: () => void): void {
    if (this.#state.isStopped) return;
    const startedAt = this.clock.now();
    this.#budget.begin(startedAt);
    this.#state.isInTurn = true;
    this.#beginTurn(0);
    work();
    this.#serveQueue();
    this.#endTurn(startedAt);
  }

  /** @returns The time now. */
  #endTurn(startedAt: number): number {
    this.#state.isInTurn = false;
    const now = this.clock.now();
    this.counters.turnMs += now - startedAt;
    this.turnSeconds.add((now - startedAt) / 1_000);
    this.#report?.tell(this.counters, this.table.connectionCount);
    if (this.#state.isStopped) this.#becomeIdle();
    else this.#settle();
    return now;
  }

  #deliverToListener(handle: number, flags: number, a: number): void {
    if ((flags & ACCEPTED) !== 0) this.sockets.accept(handle, a);
    else this.listeners.exhausted(handle, a);
  }

  // ---- Connections paused, woken, or new -------------------------------------------------------------------------

  /** @returns Whether there is time for more. */
  readonly #serveOne = (connection: Connection): boolean => {
    this.#delivery.serve(connection);
    return this.#state.isStopped || !this.#budget.isSpent();
  };

  #serveQueue(): void {
    if (!this.wakes.isEmpty) this.wakes.serve(this.#serveOne);
    this.closings.tell();
    if (!this.wakes.isEmpty) this.#turnSoon();
  }

  #turnSoon(): void {
    if (this.#soon !== undefined || this.#state.isStopped) return;
    this.#soon = this.clock.soon(() => {
      this.#soon = undefined;
      this.#runUnasked(() => void (this.#sweep !== undefined && this.#sweepAll()));
    });
  }

  /** Reports closings outside the backend's turns, which may have ended. */
  #tellClosings(): void {
    const startedAt = this.clock.now();
    this.#budget.begin(startedAt);
    this.#state.isInTurn = true;
    this.#serveQueue();
    this.#endTurn(startedAt);
  }

  /** Starts or stops the tick, according to whether anything needs one. */
  #settle(): void {
    const { hooksNode, hooksTurn } = this.#overrides;
    const isNeeded = hooksTurn || !this.#heldBack.isEmpty || (hooksNode && this.table.connectionCount > 0);
    if (isNeeded === (this.#tick !== undefined)) return;
    if (isNeeded) {
      this.#tick = this.clock.after(TICK_MS, () => this.#runTick());
      // The backend keeps the process alive, not this timer.
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
      else for (const connection of this.#heldBack.connections()) this.wakes.add(connection, false);
    });
  }

  /** Serves every connection, and calls its hook; in several passes if there are many. */
  #sweepAll(): void {
    const sweep = (this.#sweep ??= this.table.connections());
    for (let next = sweep.next(); next.done !== true; next = sweep.next()) {
      const connection = next.value;
      if (this.#state.isStopped) return;
      if ((connection.flags & NEW) !== 0) continue;
      connection.flags |= READY_DUE;
      this.#delivery.serve(connection);
      this.#delivery.callNodeHook(connection);
      if (this.#budget.isSpent()) return this.#turnSoon();
    }
    this.#sweep = undefined;
  }

  /** Reports that listening for I2P peers began or failed. */
  tellI2PListen(me: Service, success: boolean): void {
    if (!this.#state.isStopped) this.callbacks.i2pListen(me, success);
  }
}

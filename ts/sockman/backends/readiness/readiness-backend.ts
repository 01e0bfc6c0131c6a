// The contract of `backend.ts` in TypeScript, over any kind of non-blocking socket: handles, turns, fairness, pauses.
//
// Sockets with something to report wait in one queue. A turn takes them from its front, each at most once. The cost is
// O(ready).

import type { Service } from '../../../netaddr/service.ts';
import type { Clock, Timer } from '../../../util/time/clock.ts';
import { EBADF, EMFILE } from '../../../util/errors/errno.ts';
import type {
  Backend,
  BackendOptions,
  BatchSink,
  SocketConnectOptions,
  ConnectResult,
  SocketListenOptions,
  ListenResult,
  SocketCounters,
  TcpInfo,
} from '../backend.ts';
import type { Slab } from '../slab.ts';
import type { SocketDriver } from './driver.ts';
import { ListenerEntry, StreamEntry, addStream } from './entries.ts';
import type { Entry, EntryParts } from './entries.ts';
import { HandleTable } from './handle-table.ts';
import { ProcessHold } from '../process-hold.ts';
import { ReadyQueue } from './ready-queue.ts';
import { TurnBatch } from './turn-batch.ts';

/**
 * A backend over non-blocking sockets of any kind, which a `SocketDriver` makes.
 *
 * @example
 * new SockMan({ backend: (options) => new ReadinessBackend(new MyDriver(), options) });
 */
export class ReadinessBackend implements Backend {
  readonly #driver: SocketDriver;
  readonly #table = new HandleTable<Entry>();
  readonly #batch: TurnBatch;
  readonly #queue = new ReadyQueue(() => this.#scheduleTurn());
  readonly #parts: EntryParts;
  readonly #hold = new ProcessHold();
  #sink: BatchSink | undefined;
  #isStopped = false;
  #nextTurn: Timer | undefined;
  #isUnfinished = false;

  constructor(driver: SocketDriver, options: BackendOptions) {
    this.#driver = driver;
    this.#batch = new TurnBatch(options.receiveChunkBytes);
    this.#parts = { table: this.#table, queue: this.#queue, clock: driver.clock, acceptBatch: options.acceptBatch };
  }

  get name(): string {
    return this.#driver.name;
  }
  get clock(): Clock {
    return this.#driver.clock;
  }
  get records(): Int32Array {
    return this.#batch.records;
  }
  get slab(): Slab {
    return this.#batch.slab;
  }
  get deferredOffset(): number {
    return this.#batch.deferredOffset;
  }

  get isBehind(): boolean {
    return this.#nextTurn !== undefined;
  }

  start(sink: BatchSink): void {
    this.#sink = sink;
    if (this.#driver.isInProcess !== true) this.#hold.take();
    this.#scheduleTurn();
  }

  setHolding(on: boolean): void {
    this.#hold.setWanted(on);
  }

  stop(): void {
    this.#isStopped = true;
    this.#hold.release();
    this.#nextTurn?.cancel();
    this.#nextTurn = undefined;
    this.#sink = undefined;
    // The rest of the turn will not be delivered.
    if (this.#isUnfinished) this.#table.endTurn();
    this.#isUnfinished = false;
  }

  destroy(): void {
    this.stop();
    for (const entry of this.#table.all()) this.close(entry.handle);
    this.#queue.clear();
  }

  listen(at: Service, options: SocketListenOptions): ListenResult {
    const result = this.#driver.listen(at, options);
    if (!result.ok) return result;
    const entry = new ListenerEntry(this.#parts, result.socket, result.bound);
    if (!this.#table.add(entry)) {
      result.socket.close();
      return { ok: false, syscall: 'socket', errno: EMFILE };
    }
    result.socket.attach(entry);
    return { ok: true, handle: entry.handle, bound: result.bound };
  }

  setAccepting(listener: number, on: boolean): void {
    const entry = this.#table.get(listener);
    if (entry instanceof ListenerEntry) entry.setAccepting(on);
  }

  drain(listener: number): void {
    const entry = this.#table.get(listener);
    if (entry instanceof ListenerEntry) entry.socket.drain();
  }

  connect(to: Service, options: SocketConnectOptions): ConnectResult {
    const result = this.#driver.connect(to, options);
    if (!result.ok) return result;
    const entry = addStream(this.#parts, result.socket, true);
    if (entry === undefined) {
      result.socket.reset();
      return { ok: false, syscall: 'socket', errno: EMFILE };
    }
    return { ok: true, handle: entry.handle };
  }

  send(handle: number, data: Uint8Array, _willSendMore: boolean): number {
    const entry = this.#stream(handle);
    return entry === undefined || data.length === 0 ? 0 : entry.send(data);
  }

  sendMany(handles: Int32Array, count: number, data: Uint8Array, willSendMore: boolean, results: Int32Array): void {
    for (let index = 0; index < count; index++) results[index] = this.send(handles[index]!, data, willSendMore);
  }

  setReceiving(handle: number, on: boolean): void {
    this.#stream(handle)?.setReceiving(on);
  }

  receive(handle: number): number {
    const { slab, deferredOffset, chunkBytes } = this.#batch;
    return this.#stream(handle)?.receive(slab.bytes, deferredOffset, chunkBytes) ?? -EBADF;
  }

  shutdownSend(handle: number): number {
    return this.#stream(handle)?.socket.shutdownSend() ?? -EBADF;
  }

  close(handle: number): void {
    const entry = this.#table.get(handle);
    if (entry === undefined) return;
    entry.release();
    entry.socket.close();
  }

  reset(handle: number): void {
    const entry = this.#stream(handle);
    if (entry === undefined) return;
    entry.release();
    entry.socket.reset();
  }

  addressOf(handle: number, end: 'local' | 'remote'): Service | undefined {
    const entry = this.#table.get(handle);
    if (entry instanceof ListenerEntry) return end === 'local' ? entry.bound : undefined;
    return end === 'local' ? entry?.socket.local : entry?.socket.remote;
  }

  countersOf(handle: number): SocketCounters | undefined {
    const entry = this.#stream(handle);
    if (entry === undefined) return undefined;
    const { receivedBytes, sentBytes, createdAtMs, lastSendAtMs, lastReceiveAtMs } = entry;
    return { receivedBytes, sentBytes, createdAtMs, lastSendAtMs, lastReceiveAtMs };
  }

  tcpInfoOf(handle: number): TcpInfo | undefined {
    return this.#stream(handle)?.socket.tcpInfo();
  }

  #stream(handle: number): StreamEntry | undefined {
    const entry = this.#table.get(handle);
    return entry instanceof StreamEntry ? entry : undefined;
  }

  #scheduleTurn(): void {
    if (this.#nextTurn !== undefined || this.#sink === undefined || this.#isStopped) return;
    if (this.#queue.isEmpty && !this.#isUnfinished) return;
    this.#nextTurn = this.#driver.clock.soon(() => this.#turn());
  }

  #turn(): void {
    const batch = this.#batch;
    // The turn of the last pass is unfinished.
    if (this.#isUnfinished) return this.#callSink();
    this.#table.beginTurn();
    batch.begin();
    this.#queue.report(batch);
    this.#callSink();
  }

  /** Each turn is a pass: it runs from the host's queue, with timers and descriptors before and after. */
  #callSink(): void {
    const { recordCount } = this.#batch;
    this.#isUnfinished = recordCount > 0 && this.#sink?.turn(recordCount, true) === false;
    this.#nextTurn = undefined;
    if (!this.#isUnfinished) this.#table.endTurn();
    this.#scheduleTurn();
  }
}

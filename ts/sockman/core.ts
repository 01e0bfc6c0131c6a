// The inside of a `SockMan`: its life (created, started, interrupted, closed), the backend and loop, made on first use, and
// the argument checks.

import type { Service } from '../netaddr/service.ts';
import type { Timer } from '../util/time/clock.ts';
import { SockManError, invalidArg, outOfRange } from '../util/errors/errors.ts';
import { Histogram } from '../util/histogram.ts';
import { checkOptionNames } from '../util/options/option-names.ts';
import { nodeCrypto } from '../util/load-later.ts';
import { checkBytes, checkNodeId, checkNodeIds } from './arguments.ts';
import type { Backend } from './backends/backend.ts';
import { selectBackend } from './select-backend.ts';
import type { SockManCallbacks } from './callbacks/callbacks.ts';
import { ConnectionFlag } from './connections/connection.ts';
import type { Connection } from './connections/connection.ts';
import { Deadline } from './turn/deadline.ts';
import { toDialRequest } from './dial/connect-options.ts';
import type { ConnectOptions, ConnectTarget } from './dial/connect-options.ts';
import { Dialer } from './dial/dialer.ts';
import type { DialResult } from './dial/dialer.ts';
import { dialFailure } from './dial/failure.ts';
import { ISOLATION_PREFIX_BYTES, StreamIsolation } from './dial/stream-isolation.ts';
import type { ConnectionClaim } from './streams/duplex.ts';
import { DEFAULT_END_TIMEOUT_MS } from './turn/ending-sockets.ts';
import { I2P, checkI2PListenOptions } from './i2p/i2p.ts';
import type { I2PListenOptions } from './i2p/i2p.ts';
import type { BindResult, Listeners } from './listeners.ts';
import { MAX_TIMEOUT_MS, integer, resolveOptions } from './options.ts';
import type { ResolvedOptions, SockManOptions } from './options.ts';
import { DEFAULT_QUEUE_LIMIT_BYTES, MAX_QUEUE_LIMIT_BYTES } from './turn/sending.ts';
import { NO_COUNTERS, TURN_SECONDS } from './stats.ts';
import type { SockManStats } from './stats.ts';
import { TurnLoop } from './turn/turn-loop.ts';
import type { Overrides } from './turn/delivery.ts';

/** Options of `startSocketsThreads`. */
export interface StartOptions {
  /** Name in log lines. */
  name?: string;
  /** Listen for I2P peers, and dial I2P addresses from the same address. */
  i2p?: I2PListenOptions;
}

/** Options of `endConnection`. */
export interface EndOptions {
  /** Milliseconds for the peer to close its side, from 1. Default 5,000. */
  timeoutMs?: number;
}

/** Options of `queueBytes`. */
export interface QueueOptions {
  /** Most bytes that may wait for one connection, 1 to 1 GiB. Default 1 MiB. */
  limitBytes?: number;
  /** More follows at once, as for `sendBytes`. Default false. */
  willSendMore?: boolean;
}

const START_OPTION_NAMES: Readonly<Record<keyof StartOptions, true>> = { name: true, i2p: true };
const END_OPTION_NAMES: Readonly<Record<keyof EndOptions, true>> = { timeoutMs: true };
const QUEUE_OPTION_NAMES: Readonly<Record<keyof QueueOptions, true>> = { limitBytes: true, willSendMore: true };

export class SockManCore {
  readonly #host: SockManCallbacks;
  readonly #options: ResolvedOptions;
  readonly #overrides: () => Overrides;
  #loop: TurnLoop | undefined;
  #backendFallbackReason: string | undefined;
  #dialing: { dialer: Dialer; i2p: I2P } | undefined;
  #isStarted = false;
  #isInterrupted = false;
  #startedAtMs = 0;
  #isHolding = true;

  constructor(host: SockManCallbacks, options: SockManOptions, overrides: () => Overrides) {
    this.#host = host;
    this.#options = resolveOptions(options);
    this.#overrides = overrides;
  }

  get backend(): Backend {
    return this.#useLoop().backend;
  }

  get backendFallbackReason(): string | undefined {
    this.#useLoop();
    return this.#backendFallbackReason;
  }

  get listeners(): Listeners | undefined {
    return this.#loop?.listeners;
  }

  get connectionCount(): number {
    return this.#loop?.table.connectionCount ?? 0;
  }

  // ---- Life ---------------------------------------------------------------------------------------------------------

  bind(to: Service): BindResult {
    if (this.#isInterrupted) throw new SockManError('ERR_SOCKMAN_STATE', 'cannot listen: the network was interrupted');
    return this.#useLoop().listeners.open(to);
  }

  start(options: StartOptions): void {
    if (typeof options !== 'object' || options === null) throw invalidArg('options', 'an object', options);
    checkOptionNames('', options, START_OPTION_NAMES);
    const { name = 'sockman' } = options;
    if (typeof name !== 'string') throw invalidArg('name', 'a string', name);
    if (this.#isStarted) throw new SockManError('ERR_SOCKMAN_STATE', 'startSocketsThreads was called before');
    if (this.#isInterrupted) throw new SockManError('ERR_SOCKMAN_STATE', 'cannot start: the network was interrupted');
    const listenOptions = options.i2p === undefined ? undefined : checkI2PListenOptions(options.i2p);
    const loop = this.#useLoop();
    this.#isStarted = true;
    this.#startedAtMs = loop.clock.now();
    this.#options.logger.debug(`${name}: started on ${loop.backend.name}`);
    loop.start();
    if (listenOptions !== undefined) this.#useDialing().i2p.listen(listenOptions);
  }

  setHolding(on: boolean): void {
    this.#isHolding = on;
    this.#loop?.backend.setHolding(on);
  }

  join(): Promise<void> {
    if (!this.#isStarted || this.#loop === undefined) return Promise.resolve();
    return this.#loop.stopped();
  }

  interrupt(): void {
    if (this.#isInterrupted) return;
    this.#isInterrupted = true;
    this.#dialing?.dialer.interrupt();
    this.#dialing?.i2p.close();
    this.#loop?.stop();
    this.#freeBackend();
  }

  async finish(): Promise<void> {
    this.interrupt();
    await this.join();
    this.closeSockets();
    await this.#loop?.closings.told();
  }

  closeSockets(): void {
    this.#dialing?.dialer.interrupt();
    this.#dialing?.i2p.close();
    this.#loop?.sockets.closeAll();
    this.#freeBackend();
  }

  /** Frees what the backend itself holds, such as its poller, once nothing is open and nothing can be opened. */
  #freeBackend(): void {
    const loop = this.#loop;
    if (!this.#isInterrupted || loop === undefined) return;
    if (loop.table.socketCount === 0 && loop.listeners.count === 0) loop.backend.destroy();
  }

  // ---- Connections --------------------------------------------------------------------------------------------------

  /** Throws at once where `connectAndMakeNodeId` rejects. */
  connect(to: ConnectTarget, options: ConnectOptions): Promise<DialResult> {
    const request = toDialRequest(to, options, this.#options.connectTimeoutMs);
    if (this.#isInterrupted) {
      const { code, proxyFailed, message } = dialFailure('interrupted');
      return Promise.resolve({ nodeId: undefined, proxyFailed, code, errmsg: message });
    }
    if (!this.#isStarted) throw new SockManError('ERR_SOCKMAN_STATE', 'cannot connect: not started');
    return this.#useDialing().dialer.dial(request);
  }

  deadline(ms: number, onOver: () => void): Timer {
    if (typeof ms !== 'number') throw invalidArg('ms', 'a number', ms);
    if (!(ms >= 0 && ms <= MAX_TIMEOUT_MS)) throw outOfRange('ms', `0 to ${MAX_TIMEOUT_MS}`, ms);
    if (typeof onOver !== 'function') throw invalidArg('onOver', 'a function', onOver);
    const loop = this.#useLoop();
    const deadline = new Deadline(loop, loop.callbacks.guarded('deadline', onOver), true);
    deadline.set(ms);
    return deadline;
  }

  find(nodeId: number): Connection | undefined {
    checkNodeId(nodeId);
    return this.#loop?.table.byId(nodeId);
  }

  close(nodeId: number, withReset: boolean): boolean {
    const connection = this.find(nodeId);
    if (connection === undefined) return false;
    this.#loop!.sockets.close(connection, withReset);
    return true;
  }

  end(nodeId: number, options: EndOptions): boolean {
    if (typeof options !== 'object' || options === null) throw invalidArg('options', 'an object', options);
    checkOptionNames('', options, END_OPTION_NAMES);
    const timeoutMs = integer('timeoutMs', options.timeoutMs, DEFAULT_END_TIMEOUT_MS, 1, MAX_TIMEOUT_MS);
    const connection = this.find(nodeId);
    if (connection === undefined) return false;
    this.#loop!.sockets.end(connection, timeoutMs);
    return true;
  }

  shutdownSend(nodeId: number): boolean {
    const connection = this.find(nodeId);
    return connection !== undefined && this.#loop!.sending.shutdown(connection) === 0;
  }

  send(nodeId: number, data: Uint8Array, willSendMore: boolean): number {
    checkNodeId(nodeId);
    checkBytes(data);
    const connection = this.#loop?.table.byId(nodeId);
    if (connection === undefined || data.length === 0) return 0;
    return this.#loop!.sending.send(connection, data, willSendMore === true);
  }

  queue(nodeId: number, data: Uint8Array, options: QueueOptions): number {
    checkNodeId(nodeId);
    checkBytes(data);
    if (typeof options !== 'object' || options === null) throw invalidArg('options', 'an object', options);
    checkOptionNames('', options, QUEUE_OPTION_NAMES);
    const { limitBytes, willSendMore = false } = options;
    const limit = integer('limitBytes', limitBytes, DEFAULT_QUEUE_LIMIT_BYTES, 1, MAX_QUEUE_LIMIT_BYTES);
    const connection = this.#loop?.table.byId(nodeId);
    if (connection === undefined) return 0;
    return this.#loop!.sending.queue(connection, data, limit, willSendMore === true);
  }

  queuedBytesOf(nodeId: number): number {
    const connection = this.find(nodeId);
    return connection === undefined ? 0 : this.#loop!.sending.queuedBytesOf(connection);
  }

  sendMany(nodeIds: ArrayLike<number>, data: Uint8Array, willSendMore: boolean): Int32Array {
    checkNodeIds(nodeIds);
    checkBytes(data);
    const results = new Int32Array(nodeIds.length);
    const loop = this.#loop;
    if (loop === undefined || data.length === 0) return results;
    // Only known ids cross into native code; `known` keeps the index of each.
    const handles = new Int32Array(nodeIds.length);
    const known: { connection: Connection; at: number }[] = [];
    for (let at = 0; at < nodeIds.length; at++) {
      const connection = this.find(nodeIds[at]!);
      // Bytes of `queueBytes` go first.
      if (connection === undefined || (connection.flags & ConnectionFlag.SEND_QUEUED) !== 0) continue;
      handles[known.length] = connection.handle;
      known.push({ connection, at });
    }
    const sent = new Int32Array(known.length);
    loop.backend.sendMany(handles, known.length, data, willSendMore === true, sent);
    for (const [index, { connection, at }] of known.entries()) {
      results[at] = sent[index]!;
      loop.sending.noteSent(connection, data.length, sent[index]!);
    }
    return results;
  }

  wake(nodeId: number): boolean {
    const connection = this.find(nodeId);
    if (connection === undefined) return false;
    this.#loop!.wakes.add(connection, true);
    return true;
  }

  /** A connection for a stream to own. */
  claim(nodeId: number): ConnectionClaim {
    const connection = this.find(nodeId);
    if (connection === undefined || connection.owner !== undefined) {
      const why = connection === undefined ? 'no such connection' : 'handed over before';
      throw new SockManError('ERR_SOCKMAN_STATE', `duplex: ${why}`, { connectionId: nodeId });
    }
    return { loop: this.#loop!, connection };
  }

  addressesOf(nodeId: number): { local: Service; remote: Service } | undefined {
    const connection = this.find(nodeId);
    return connection && this.#loop!.sockets.endsOf(connection);
  }

  stats(): SockManStats {
    const loop = this.#loop;
    const runningMs = this.#isStarted && loop !== undefined ? loop.clock.now() - this.#startedAtMs : 0;
    const counters = loop?.counters ?? NO_COUNTERS;
    return {
      ...counters,
      turnSeconds: loop?.turnSeconds ?? new Histogram(TURN_SECONDS),
      dialed: this.#dialing?.dialer.dialed ?? 0,
      dialFailures: this.#dialing?.dialer.failures ?? 0,
      callbackErrors: loop?.callbacks.errorCount ?? 0,
      acceptExhaustedEpisodes: loop?.listeners.exhaustedEpisodes ?? 0,
      runningMs,
      acceptedPerSecond: runningMs > 0 ? (counters.accepted * 1_000) / runningMs : 0,
      connectionCount: this.connectionCount,
      listenerCount: loop?.listeners.count ?? 0,
    };
  }

  #useLoop(): TurnLoop {
    if (this.#loop === undefined) {
      const overrides = this.#overrides();
      const { backend, fallbackReason } = selectBackend(this.#options);
      this.#backendFallbackReason = fallbackReason;
      this.#loop = new TurnLoop(backend, this.#host, overrides, this.#options);
      if (!this.#isHolding) backend.setHolding(false);
    }
    return this.#loop;
  }

  #useDialing(): { dialer: Dialer; i2p: I2P } {
    if (this.#dialing === undefined) {
      const loop = this.#useLoop();
      const { logger, debug, connectTimeoutMs } = this.#options;
      const { randomBytes } = nodeCrypto();
      const i2p = new I2P({ loop, logger, connectTimeoutMs, randomBytes });
      const isolation = new StreamIsolation(randomBytes(ISOLATION_PREFIX_BYTES));
      this.#dialing = { dialer: new Dialer({ loop, i2p, isolation, logger, debug }), i2p };
    }
    return this.#dialing;
  }
}

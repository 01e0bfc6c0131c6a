// The native backend: the C++ engine behind the seam. The work is done in native/core/engine.cc.

import type { Service } from '../../netaddr/service.ts';
import { systemClock } from '../../util/time/clock.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import { EAFNOSUPPORT, EAGAIN, ENAMETOOLONG, errnoText } from '../../util/errors/errno.ts';
import { SockManError } from '../../util/errors/errors.ts';
import type { Addon, Engine } from './addon.ts';
import { MAX_RECORDS, RECORD_WORDS } from './backend.ts';
import type {
  Backend,
  BackendOptions,
  BatchSink,
  SocketConnectOptions,
  ConnectResult,
  SocketListenOptions,
  ListenResult,
  SocketCounters,
  SystemFailure,
  TcpInfo,
} from './backend.ts';
import { MAX_PACKED_BYTES, isTooLongForSocket, packAddress, unpackAddress } from './packed-address.ts';
import { ProcessHold } from './process-hold.ts';
import { RestingSockets, isOutOfMemory } from './resting-sockets.ts';
import { Slab, undetachableWords } from './slab.ts';

const NO_HANDLE = -1;

/** Words of the memory for the numbers of hot calls: with arguments such a call costs twice as much. */
const Exchange = { FAILED_SYSCALL: 0, FAILED_ERRNO: 1, HANDLE: 2, OFFSET: 3, LENGTH: 4, PACKED_ADDRESS: 8 } as const;
const EXCHANGE_WORDS = Exchange.PACKED_ADDRESS + Math.ceil(MAX_PACKED_BYTES / 4);

/**
 * How long the poller rests after a failure, in milliseconds: short enough to keep serving, long enough to cause no load if
 * it fails again.
 */
export const POLLER_REST_MS = 100;

export class NativeBackend implements Backend {
  readonly name: string;
  readonly clock: Clock = systemClock;
  readonly records = undetachableWords(MAX_RECORDS * RECORD_WORDS);
  readonly slab: Slab;
  readonly deferredOffset: number;
  /** What the engine fetched and has not reported is the rest of an unfinished pass, which the sink knows about. */
  readonly isBehind = false;
  readonly #addon: Addon;
  /**
   * From the engine's monotonic clock to ours. Read once, since each reading of the two clocks differs by the time in
   * between.
   */
  readonly #clockOffsetMs: number;
  readonly #engine: Engine;
  /** With some pollers the loop watches each socket, and so nothing while there are none. */
  readonly #hold = new ProcessHold();
  #rest: Timer | undefined;
  readonly #resting: RestingSockets;
  /** Its words are those of `Exchange`. */
  readonly #exchange = undetachableWords(EXCHANGE_WORDS);
  readonly #packed = new Uint8Array(this.#exchange.buffer, 4 * Exchange.PACKED_ADDRESS, MAX_PACKED_BYTES);
  readonly #numbers = new Float64Array(5);

  /** @throws {SockManError} `ERR_SOCKMAN_BACKEND`: the addon was built without this poller. */
  constructor(addon: Addon, options: BackendOptions, poller: string | undefined) {
    if (poller !== undefined && !addon.pollers.includes(poller)) {
      const known = addon.pollers.join(', ');
      throw new SockManError('ERR_SOCKMAN_BACKEND', `no poller ${poller} in this build of the addon, only ${known}`);
    }
    const { receiveChunkBytes } = options;
    this.deferredOffset = 2 * receiveChunkBytes;
    this.slab = new Slab(3 * receiveChunkBytes);
    this.#addon = addon;
    this.#clockOffsetMs = this.clock.now() - addon.monotonicMs();
    const settings = Int32Array.of(
      receiveChunkBytes,
      options.acceptBatch,
      Number(options.noDelay),
      options.keepAliveSeconds,
      options.receiveBufferBytes,
      options.sendBufferBytes,
    );
    this.#engine = new addon.Engine(this.records, this.slab.bytes, this.#exchange, settings, poller ?? '');
    this.#resting = new RestingSockets(this.#engine, this.clock);
    this.name = `native/${this.#engine.poller}`;
  }

  start(sink: BatchSink): void {
    const status = this.#engine.start((recordCount, isNewPass) => {
      if (recordCount < 0) return this.#failed(sink, -recordCount);
      return sink.turn(recordCount, isNewPass);
    });
    if (status < 0) {
      const text = `the event loop cannot watch the poller: ${errnoText(-status)}`;
      throw new SockManError('ERR_SOCKMAN_BACKEND', text, { errno: status });
    }
    this.#hold.take();
  }

  setHolding(on: boolean): void {
    this.#hold.setWanted(on);
  }

  stop(): void {
    this.#hold.release();
    this.#rest?.cancel();
    this.#resting.stop();
    this.#engine.stop();
  }

  /** Lets the engine's poller rest. */
  #failed(sink: BatchSink, errno: number): boolean {
    this.#engine.rest(true);
    this.#rest = this.clock.after(POLLER_REST_MS, () => this.#engine.rest(false));
    sink.failed(errno);
    return true;
  }

  destroy(): void {
    this.#hold.release();
    this.#engine.destroy();
  }

  trimMemory(): void {
    this.#addon.trimMemory();
  }

  listen(at: Service, options: SocketListenOptions): ListenResult {
    if (at.unixPath !== undefined && isTooLongForSocket(at.unixPath)) return pathTooLong('bind');
    const packed = packAddress(at);
    if (packed === undefined) return NO_SUCH_FAMILY;
    const handle = this.#engine.listen(packed, options.backlog, options.reusePort, options.dualStack);
    if (handle === NO_HANDLE) return this.#lastFailure();
    return { ok: true, handle, bound: this.addressOf(handle, 'local') ?? at };
  }

  setAccepting(listener: number, on: boolean): void {
    this.#engine.setAccepting(listener, on);
  }

  connect(to: Service, options: SocketConnectOptions): ConnectResult {
    if (to.unixPath !== undefined && isTooLongForSocket(to.unixPath)) return pathTooLong('connect');
    const packed = packAddress(to);
    const packedLocal = options.localAddress && packAddress(options.localAddress);
    if (packed === undefined || (options.localAddress !== undefined && packedLocal === undefined))
      return NO_SUCH_FAMILY;
    const handle = this.#engine.connect(packed, packedLocal);
    return handle === NO_HANDLE ? this.#lastFailure() : { ok: true, handle };
  }

  drain(listener: number): void {
    this.#engine.drain(listener);
  }

  send(handle: number, data: Uint8Array, willSendMore: boolean): number {
    // Received bytes that are sent unchanged are passed by their place: finding the memory behind a view takes longer than
    // the rest.
    const sent =
      data === this.slab.lent && !willSendMore
        ? this.#sendLent(handle, data.length)
        : this.#engine.send(handle, data, willSendMore);
    if (sent === undefined) return data.length;
    if (!isOutOfMemory(sent)) return sent;
    this.#resting.add(handle);
    return 0;
  }

  #sendLent(handle: number, length: number): number | undefined {
    this.#exchange[Exchange.HANDLE] = handle;
    this.#exchange[Exchange.OFFSET] = this.slab.lentOffset;
    this.#exchange[Exchange.LENGTH] = length;
    return this.#engine.sendLent();
  }

  sendMany(handles: Int32Array, count: number, data: Uint8Array, willSendMore: boolean, results: Int32Array): void {
    this.#engine.sendMany(handles, count, data, willSendMore, results);
    for (let index = 0; index < count; index++) {
      if (!isOutOfMemory(results[index]!)) continue;
      this.#resting.add(handles[index]!);
      results[index] = 0;
    }
  }

  setReceiving(handle: number, on: boolean): void {
    this.#engine.setReceiving(handle, on);
  }

  receive(handle: number): number {
    const received = this.#engine.receive(handle);
    if (!isOutOfMemory(received)) return received;
    this.#resting.add(handle);
    return -EAGAIN;
  }

  shutdownSend(handle: number): number {
    return this.#engine.shutdownSend(handle);
  }

  close(handle: number): void {
    this.#engine.close(handle);
  }

  reset(handle: number): void {
    this.#engine.reset(handle);
  }

  addressOf(handle: number, end: 'local' | 'remote'): Service | undefined {
    this.#exchange[Exchange.HANDLE] = handle;
    if (end === 'remote') this.#engine.remoteAddress();
    else this.#engine.localAddress();
    const length = this.#exchange[Exchange.LENGTH]!;
    return length === 0 ? undefined : unpackAddress(this.#packed, length);
  }

  countersOf(handle: number): SocketCounters | undefined {
    if (!this.#engine.countersOf(handle, this.#numbers)) return undefined;
    const [receivedBytes, sentBytes, createdAt, lastSendAt, lastReceiveAt] = this.#numbers as unknown as Numbers;
    return {
      receivedBytes,
      sentBytes,
      createdAtMs: this.#toClock(createdAt),
      lastSendAtMs: this.#toClock(lastSendAt),
      lastReceiveAtMs: this.#toClock(lastReceiveAt),
    };
  }

  tcpInfoOf(handle: number): TcpInfo | undefined {
    if (!this.#engine.tcpInfoOf(handle, this.#numbers)) return undefined;
    const [roundTripMs, roundTripVarianceMs, retransmittedSegments, unsentBytes, sendCongestionWindowSegments] = this
      .#numbers as unknown as Numbers;
    return { roundTripMs, roundTripVarianceMs, retransmittedSegments, unsentBytes, sendCongestionWindowSegments };
  }

  /** Converts a time of the engine to our clock. */
  #toClock(engineMs: number): number {
    return engineMs === 0 ? 0 : engineMs + this.#clockOffsetMs;
  }

  #lastFailure(): SystemFailure {
    return {
      ok: false,
      syscall: this.#addon.syscallName(this.#exchange[Exchange.FAILED_SYSCALL]!),
      errno: this.#exchange[Exchange.FAILED_ERRNO]!,
    };
  }
}

type Numbers = [number, number, number, number, number];

const pathTooLong = (syscall: string): SystemFailure => ({ ok: false, syscall, errno: ENAMETOOLONG });

const NO_SUCH_FAMILY: SystemFailure = { ok: false, syscall: 'socket', errno: EAFNOSUPPORT };

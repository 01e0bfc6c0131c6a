// `SockMan`: one class that owns every TCP socket of an application, for any protocol.
//
// Subclass it, start it, and be called back: accepted, ready to send, got data, EOF, error, turn done. The interface is that
// of Bitcoin Core's pull request #30988 (src/common/sockman.h) in camelCase; `callbacks.ts` says when each callback is made,
// and `turn-loop.ts` how a turn runs. A received byte passes through three files: native/core/engine.cc receives it,
// turn-loop.ts finds its connection, delivery.ts hands it to your `eventGotData`.
//
// The class holds one private object and no other state, the constructor calls no virtual method, and no override needs to
// call `super`: a subclass cannot break the class by overriding.

import type { Service } from '../netaddr/service.ts';
import { toService } from './arguments.ts';
import type { SocketCounters, TcpInfo } from './backends/backend.ts';
import { checkOverrideNames } from './callbacks/callback-names.ts';
import type { CloseReason, SockManCallbacks } from './callbacks/callbacks.ts';
import type { ConnectionStream } from './streams/connection-stream.ts';
import type { ConnectOptions, ConnectTarget } from './dial/connect-options.ts';
import type { DialResult } from './dial/dialer.ts';
import { duplexOver } from './streams/duplex.ts';
import type { BindResult } from './listeners.ts';
import { SockManCore } from './core.ts';
import type { EndOptions, QueueOptions, StartOptions } from './core.ts';
import type { SockManOptions } from './options.ts';
import type { SockManStats } from './stats.ts';
import type { Overrides } from './turn/delivery.ts';
import type { Timer } from '../util/time/clock.ts';
import { errnoText } from '../util/errors/errno.ts';

/**
 * Owns sockets and makes callbacks. See `SockManCallbacks` for when each is made, and `createSockMan` for use without a subclass.
 *
 * @example
 * class Echo extends SockMan {
 *   eventNewConnectionAccepted() { return true; }
 *   eventReadyToSend() { return false; }
 *   eventGotData(nodeId: number, data: Uint8Array) { this.sendBytes(nodeId, data); }
 *   eventGotEOF(nodeId: number) { this.closeConnection(nodeId); }
 *   eventGotPermanentReadError(nodeId: number) { this.closeConnection(nodeId); }
 * }
 * const echo = new Echo();
 * echo.bindAndStartListening('127.0.0.1:7000');
 * echo.startSocketsThreads();
 */
export abstract class SockMan implements SockManCallbacks {
  readonly #core: SockManCore;

  /**
   * Opens nothing: the first bind, connect or start makes the backend, and checks that the subclass has the required
   * callbacks and misspells none.
   *
   * @param options - Unknown names are refused: a subclass with options of its own removes them first.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` or {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`, naming the option.
   */
  constructor(options: SockManOptions = {}) {
    this.#core = new SockManCore(this, options, () => this.#overrides());
  }

  // ---- Callbacks, described in `SockManCallbacks` -------------------------------------------------------------------

  abstract eventNewConnectionAccepted(nodeId: number, me: Service, them: Service): boolean;
  abstract eventReadyToSend(nodeId: number): boolean;
  abstract eventGotData(nodeId: number, data: Uint8Array): void;
  abstract eventGotEOF(nodeId: number): void;
  abstract eventGotPermanentReadError(nodeId: number, errmsg: string, code: string): void;

  eventConnectionClosed(_nodeId: number, _reason: CloseReason, _code: string | undefined): void {}

  shouldTryToSend(_nodeId: number): boolean {
    return true;
  }

  shouldTryToRecv(_nodeId: number): boolean {
    return true;
  }

  eventIOLoopCompletedForNode(_nodeId: number): void {}

  eventIOLoopCompletedForAllPeers(): void {}

  eventI2PListen(_addr: Service, _success: boolean): void {}

  // ---- Life ---------------------------------------------------------------------------------------------------------

  /**
   * Listens at an address. May be called before and after start; connections are accepted from the start on.
   *
   * @param to - IPv4, IPv6 or Unix-domain address, as a `Service` or its text; port 0 takes any free port.
   * @returns The bound address, or `code` (the errno name) and `errmsg`; then nothing is left open.
   * @throws {TypeError} | {RangeError} malformed address, port outside 0..65535.
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: interrupted already. `ERR_SOCKMAN_BACKEND`, at the first use: see the option `backend`.
   */
  bindAndStartListening(to: Service | string): BindResult {
    return this.#core.bind(toService('to', to));
  }

  /**
   * Starts I/O: from now on callbacks are made, and the process stays alive until `interruptNet`. There are no threads; the
   * name comes from Bitcoin Core.
   *
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: started or interrupted before.
   * @throws {SockManError} `ERR_SOCKMAN_BACKEND`: the backend or poller asked for is unavailable here.
   */
  startSocketsThreads(options: StartOptions = {}): void {
    this.#core.start(options);
  }

  /**
   * Lets the process end while this is running, as soon as nothing else keeps it alive: for a server that is not the purpose
   * of its process. May be called at any time, also before the start. As in Node, pending timers and dials still keep the
   * process alive.
   */
  unref(): this {
    this.#core.setHolding(false);
    return this;
  }

  /** Keeps the process alive from the start to `interruptNet`, which is the default. */
  ref(): this {
    this.#core.setHolding(true);
    return this;
  }

  /** Resolves when I/O has stopped after `interruptNet`; at once if it was never started. */
  joinSocketsThreads(): Promise<void> {
    return this.#core.join();
  }

  /**
   * Ends network activity: the running callback is the last, and pending connects end as interrupted. Sockets stay open
   * until `closeSockets`, after which `eventConnectionClosed` is called for each. Safe in any callback. Idempotent; cannot
   * be undone.
   */
  interruptNet(): void {
    this.#core.interrupt();
  }

  /**
   * Closes all listeners and connections; `eventConnectionClosed` follows for each connection. Idempotent, safe in any
   * callback.
   */
  closeSockets(): void {
    this.#core.closeSockets();
  }

  /** Interrupts, joins and closes everything. After it resolves no callback is made. Idempotent, safe in any callback. */
  close(): Promise<void> {
    return this.#core.finish();
  }

  /** As `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#core.finish();
  }

  // ---- Listeners ----------------------------------------------------------------------------------------------------

  /**
   * Closes a listener, or all. Connections stay, except those for which `eventNewConnectionAccepted` was not called yet.
   * @param bound - As `bindAndStartListening` returned it.
   * @returns How many listeners were closed.
   */
  stopListening(bound?: Service | string): number {
    return this.#core.listeners?.close(bound === undefined ? undefined : toService('bound', bound)) ?? 0;
  }

  /**
   * Closes a listener, or all, without refusing connections that are being made: for a restart while others listen at the
   * same port (`reusePort`). If the platform can, no new connections are assigned to it (on Linux the native backend drops
   * their SYNs, and the peer's system tries again a second later). Those in its queue are accepted, and it is closed when
   * none came for 250 ms, or after 2 s.
   * @param bound - As for `stopListening`.
   * @returns How many listeners were closed, once they are. A listener that stays open because of `interruptNet` does not
   * count.
   */
  drainListeners(bound?: Service | string): Promise<number> {
    const at = bound === undefined ? undefined : toService('bound', bound);
    return this.#core.listeners?.drain(at) ?? Promise.resolve(0);
  }

  /**
   * Leaves new connections in the kernel's queue, at one listener or all. Up to `acceptBatch` that were already taken out of
   * it are still reported.
   * @returns How many listeners there were.
   */
  pauseAccepting(bound?: Service | string): number {
    return this.#core.listeners?.setPaused(bound === undefined ? undefined : toService('bound', bound), true) ?? 0;
  }

  /** Accepts again after `pauseAccepting`. @returns How many listeners there were. */
  resumeAccepting(bound?: Service | string): number {
    return this.#core.listeners?.setPaused(bound === undefined ? undefined : toService('bound', bound), false) ?? 0;
  }

  // ---- Connections --------------------------------------------------------------------------------------------------

  /**
   * Dials without blocking. No callback for the new connection is made before the caller's continuation has run.
   *
   * @param to - An address: IPv4, IPv6, CJDNS, a Unix-domain path; through a proxy also onion and I2P, or `{ host, port }`,
   * which the proxy resolves. Names are never looked up here.
   * @param options - `proxy` is a SOCKS5 proxy such as Tor, or the SAM bridge for an I2P address. Any number of dials may be
   * in flight.
   * @returns Node id and our own address, or the failure (`code`, see `DIAL_FAILURES`); a failure of the network is never
   * thrown.
   * @throws {TypeError} | {RangeError} malformed arguments.
   * @example
   * const tor = { endpoint: '127.0.0.1:9050', streamIsolation: true };
   * const dialed = await sockMan.connectAndMakeNodeId({ host: 'example.com', port: 80 }, { proxy: tor });
   * if (dialed.nodeId === undefined) console.error(dialed.errmsg);
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: not started.
   * @see RFC 1928 and RFC 1929 for SOCKS5; I2P "SAM V3", sections "SAM sessions" and "SAM virtual streams".
   */
  connectAndMakeNodeId(to: ConnectTarget, options: ConnectOptions = {}): Promise<DialResult> {
    // Not an async function: that is a second promise around the first, and three rounds of microtasks for each dial.
    try {
      return this.#core.connect(to, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Closes a connection. No callback but `eventConnectionClosed` is made for the id afterwards, even if its events are
   * already in the current batch.
   *
   * Bytes that the kernel took are still delivered, unless bytes of the peer are unread or arrive later: TCP answers those
   * with RST, and the peer discards what it has not read. Use `endConnection` to deliver last words.
   * @returns Whether the connection existed and was closed by this call.
   */
  closeConnection(nodeId: number): boolean {
    return this.#core.close(nodeId, false);
  }

  /**
   * Ends a connection in order, so that the peer gets everything that was sent: half-closes after the last byte, those of
   * `queueBytes` included, drops what still arrives, and closes when the peer has closed its side or the time is over. The
   * id ends at once, as with `closeConnection`; the socket keeps its descriptor until the close, for at most 1,024
   * connections at a time.
   * @returns As `closeConnection`.
   */
  endConnection(nodeId: number, options: EndOptions = {}): boolean {
    return this.#core.end(nodeId, options);
  }

  /** Closes a connection with RST: for peers that are not worth a TIME_WAIT. @returns As `closeConnection`. */
  resetConnection(nodeId: number): boolean {
    return this.#core.close(nodeId, true);
  }

  /**
   * Ends our side with FIN, after the bytes that the kernel took and those that `queueBytes` keeps; receiving goes on.
   * @returns Whether the connection existed and could still be shut down.
   */
  shutdownSend(nodeId: number): boolean {
    return this.#core.shutdownSend(nodeId);
  }

  /**
   * Hands bytes to the kernel, synchronously and without buffering: bytes that are not taken stay with the caller, and
   * `eventReadyToSend` is called when there is room. The caller may overwrite `data` as soon as the call returns.
   *
   * @param willSendMore - More follows at once: the kernel may wait to fill a segment (MSG_MORE, where the platform has it).
   * @returns Bytes taken, 0..data.length (0 for would-block, an unknown id, or no data), or a negative errno if the
   * connection can send no more: see `errmsgOf`. 0 while bytes of `queueBytes` wait: those go first.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: `data` is not a Uint8Array, or its buffer is detached.
   */
  sendBytes(nodeId: number, data: Uint8Array, willSendMore = false): number {
    return this.#core.send(nodeId, data, willSendMore);
  }

  /**
   * Sends bytes, and keeps a copy of those that the kernel does not take: they are sent as soon as there is room, in order,
   * before anything else on the connection. `eventReadyToSend` is called when nothing waits any more. A program that answers
   * its peers should receive only while nothing waits, since otherwise a peer that never reads fills the queue:
   * `shouldTryToRecv: (nodeId) => sockMan.queuedBytesOf(nodeId) === 0`.
   *
   * `shutdownSend` sends FIN behind the bytes that wait; `closeConnection` drops them.
   *
   * @param data - Any length. A call is taken whole or not at all: always if the queue is empty, otherwise only if at most
   * `limitBytes` wait afterwards. So a connection never holds more than the limit, or the bytes of one call.
   * @returns Bytes that wait now: 0 if the kernel has everything, and for an unknown id. Negative if nothing was taken:
   * ENOBUFS for a full queue, otherwise as `sendBytes`; see `errmsgOf`.
   * @throws {TypeError} | {RangeError} as `sendBytes`, and for the options.
   * @example
   * const echo = createSockMan({
   *   eventGotData: (nodeId, data) => void echo.queueBytes(nodeId, data),
   *   shouldTryToRecv: (nodeId) => echo.queuedBytesOf(nodeId) === 0,
   * });
   */
  queueBytes(nodeId: number, data: Uint8Array, options: QueueOptions = {}): number {
    return this.#core.queue(nodeId, data, options);
  }

  /** Bytes of `queueBytes` that wait for room; 0 for an unknown id. */
  queuedBytesOf(nodeId: number): number {
    return this.#core.queuedBytesOf(nodeId);
  }

  /**
   * `sendBytes` of one buffer to many connections, with one crossing into native code.
   * @returns The result for each id, in order.
   */
  sendBytesMany(nodeIds: ArrayLike<number>, data: Uint8Array, willSendMore = false): Int32Array {
    return this.#core.sendMany(nodeIds, data, willSendMore);
  }

  /** Name and description of a negative result of `sendBytes`, such as `EPIPE (broken pipe)`. */
  errmsgOf(result: number): string {
    return result < 0 ? errnoText(-result) : '';
  }

  /**
   * Calls back once, when the time is over and the sockets have been looked at since: for time-outs of peers. A timer of the
   * host runs before its sockets, so after a pause of the whole process it would call a peer late whose answer is already in
   * the kernel. Judge in the callback: by then `eventGotData` was called for everything that came in time.
   *
   * @param ms - Milliseconds, 0 to 2,147,483,647. Keeps the process alive until then.
   * @returns A timer; `cancel` ends it, as `interruptNet` ends all.
   */
  deadline(ms: number, onOver: () => void): Timer {
    return this.#core.deadline(ms, onOver);
  }

  /** Asks the predicates of a connection and delivers its readiness soon: after the running batch, or in the next turn. */
  wake(nodeId: number): boolean {
    return this.#core.wake(nodeId);
  }

  /**
   * Hands a connection over to a Node stream, for code that speaks streams: back-pressure both ways, half-close, destroy,
   * and what HTTP and TLS clients ask of a socket. The callbacks for the connection end, except `eventConnectionClosed`;
   * closing it here destroys the stream. Its errors are `SystemError`s; its events are emitted in the asynchronous context
   * of this call.
   *
   * @example
   * const { nodeId } = await sockMan.connectAndMakeNodeId({ host: 'example.com', port: 443 }, { proxy: tor });
   * const socket = tls.connect({ socket: sockMan.duplex(nodeId), servername: 'example.com' });
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: no such connection, or handed over before.
   */
  duplex(nodeId: number): ConnectionStream {
    return duplexOver(this.#core.claim(nodeId));
  }

  /** Both ends of a connection; undefined for an unknown id. */
  addressesOf(nodeId: number): { local: Service; remote: Service } | undefined {
    return this.#core.addressesOf(nodeId);
  }

  /** Bytes and times of a connection; undefined for an unknown id. */
  countersOf(nodeId: number): SocketCounters | undefined {
    const connection = this.#core.find(nodeId);
    return connection && this.#core.backend.countersOf(connection.handle);
  }

  /** The kernel's figures of a TCP connection; undefined if the platform or the backend has none. */
  tcpInfoOf(nodeId: number): TcpInfo | undefined {
    const connection = this.#core.find(nodeId);
    return connection && this.#core.backend.tcpInfoOf(connection.handle);
  }

  /** The callbacks that the subclass has. Asked after the constructor, because fields of a subclass are set after it. */
  #overrides(): Overrides {
    const base = SockMan.prototype;
    checkOverrideNames(this, base);
    return {
      asksToSend: this.shouldTryToSend !== base.shouldTryToSend,
      asksToRecv: this.shouldTryToRecv !== base.shouldTryToRecv,
      hooksNode: this.eventIOLoopCompletedForNode !== base.eventIOLoopCompletedForNode,
      tellsClosed: this.eventConnectionClosed !== base.eventConnectionClosed,
      hooksTurn: this.eventIOLoopCompletedForAllPeers !== base.eventIOLoopCompletedForAllPeers,
    };
  }

  // ---- State --------------------------------------------------------------------------------------------------------

  /**
   * Returns freed memory to the system: the C library keeps free blocks between those in use, and after a load of large
   * buffers these can be most of the process. For servers, after such a load; takes milliseconds. Does nothing on backends
   * other than `native`, and without glibc.
   */
  trimMemory(): void {
    this.#core.backend.trimMemory?.();
  }

  /** The backend and poller in use, such as `native/epoll`. Makes the backend if there is none yet. */
  get backendName(): string {
    return this.#core.backend.name;
  }

  /**
   * Why `node-net` is used in place of the addon: a platform without a binary, `--no-addons`, another runtime, a bundle.
   * Undefined for the native backend and for one that was named. Makes the backend if there is none yet.
   */
  get backendFallbackReason(): string | undefined {
    return this.#core.backendFallbackReason;
  }

  /** Open connections that have a node id. */
  get connectionCount(): number {
    return this.#core.connectionCount;
  }

  /** A snapshot of the counters. */
  stats(): SockManStats {
    return this.#core.stats();
  }
}

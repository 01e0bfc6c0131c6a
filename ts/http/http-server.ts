// `HttpServer`: HTTP/1.1 on `SockMan`.
//
// Requests are checked by Bitcoin Core's rules; the deliberate differences are in docs/guides/http-server.md. A byte of a
// request goes from `eventGotData` to its `HttpConnection`, through the parser to the `Dispatcher`, and there to the handler
// of a route.

import { addressAndPort } from '../netaddr/service.ts';
import type { Service } from '../netaddr/service.ts';
import { SockMan } from '../sockman/sock-man.ts';
import { guardedLogger } from '../util/guarded-logger.ts';
import type { Timer } from '../util/time/clock.ts';
import { SockManError, invalidArg, shown } from '../util/errors/errors.ts';
import { SystemError } from '../util/errors/system-error.ts';
import type { Logger } from '../util/logger.ts';
import { AnswerBuffer } from './connection/answer-buffer.ts';
import { Dispatcher } from './connection/dispatcher.ts';
import { ServerMemory } from './connection/held-memory.ts';
import { HttpConnection } from './connection/http-connection.ts';
import type { ConnectionContext } from './connection/http-connection.ts';
import type { HttpHandler, HttpRequest } from './message/http-request.ts';
import { noHttpCounters } from './http-stats.ts';
import type { HttpStats } from './http-stats.ts';
import { STOP_POLL_MS, STOP_TIMEOUT_MS, SWEEP_MS } from './limits.ts';
import { resolveHttpOptions, socketOptions } from './options.ts';
import type { HttpServerOptions, ResolvedHttpOptions } from './options.ts';
import { HeaderMemory } from './parser/header-memory.ts';
import { ReplyHeads } from './message/reply-head.ts';
import type { RouteOptions } from './router.ts';

/**
 * Serves HTTP/1.0 and 1.1: keep-alive, pipelining in order, chunked bodies both ways, streams, limits on everything.
 *
 * @example
 * const server = new HttpServer({ bind: ['127.0.0.1:8080'] });
 * server.route('GET', '/hello', (request) => request.writeReply(200, 'hello\n'));
 * console.log(`http://${server.start()[0]}/hello`);
 * process.once('SIGINT', () => void server.stop());
 */
export class HttpServer extends SockMan {
  readonly #options: ResolvedHttpOptions;
  readonly #logger: Logger;
  readonly #dispatcher: Dispatcher;
  readonly #connections = new Map<number, HttpConnection>();
  readonly #paused = new Set<number>();
  readonly #context: ConnectionContext;
  #sweeping: Timer | undefined = undefined;
  #isFull = false;
  #isStarted = false;
  #stopping: Promise<void> | undefined = undefined;

  /**
   * Opens nothing yet.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` or {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`, naming the option.
   */
  constructor(options: HttpServerOptions = {}) {
    super(socketOptions(options));
    this.#options = resolveHttpOptions(options);
    this.#logger = guardedLogger(options.logger, options.onCallbackError);
    const { handlerSlots, workQueueDepth, clock, defaultContentType, memoryBudget } = this.#options;
    this.#dispatcher = new Dispatcher(handlerSlots, workQueueDepth, this.#logger);
    this.#context = {
      sockMan: this,
      dispatcher: this.#dispatcher,
      heads: new ReplyHeads(clock, defaultContentType),
      options: this.#options,
      counters: noHttpCounters(),
      paused: this.#paused,
      answers: new AnswerBuffer(),
      memory: new ServerMemory(memoryBudget),
      headerMemory: new HeaderMemory(),
      spareParser: undefined,
      onAnswer: undefined,
      forget: (connection) => this.#forget(connection),
    };
  }

  // ---- Use ----------------------------------------------------------------------------------------------------------

  /**
   * Adds a handler. Before or after start; the first route that matches a request gets it.
   *
   * @param method - Upper-case letters, or `*` for every method. `HEAD` goes to a route of `GET` where it has none of its own.
   * @param path - Matched with the target as it came: nothing is decoded, no `..` is resolved.
   * @returns The server, for the next call.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`, naming the argument.
   */
  route(method: string, path: string, handler: HttpHandler, options: RouteOptions = {}): this {
    this.#dispatcher.router.add(method, path, handler, options);
    return this;
  }

  /**
   * Listens and serves. An address that cannot be bound is logged.
   *
   * @returns The bound addresses, at least one.
   * @throws {SystemError} `ERR_SOCKMAN_SYSTEM`: none could be bound; `code` and `address` are those of the first. It may be tried again.
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: started before.
   */
  start(): Service[] {
    if (this.#isStarted) throw new SockManError('ERR_SOCKMAN_STATE', 'the HTTP server was started before');
    const bound: Service[] = [];
    let failure: SystemError | undefined;
    for (const to of this.#options.bind) {
      const result = this.bindAndStartListening(to);
      if (result.ok) bound.push(result.bound);
      else {
        this.#logger.warn(`http: ${result.errmsg}`);
        failure ??= new SystemError(result.syscall, result.errno, addressAndPort(to));
      }
    }
    if (bound.length === 0) throw failure!;
    this.#isStarted = true;
    this.startSocketsThreads({ name: 'http' });
    return bound;
  }

  /** New requests are answered 503 from now on. Idempotent, before start too. */
  interrupt(): void {
    this.#dispatcher.isStopping = true;
  }

  /**
   * Stops: accepts no new connections, answers requests that were read, lets streams send a last piece and closes idle
   * connections. Whatever is left after 30 s is closed by force. Idempotent.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /**
   * Registers a listener that is called when an answer is complete, for metrics and logs: see `request.status` and
   * `request.route`. There is one listener; what it throws is logged. Answers to malformed requests are only counted, in
   * `httpStats`.
   */
  onAnswer(listener: ((request: HttpRequest) => void) | undefined): void {
    if (listener !== undefined && typeof listener !== 'function') throw invalidArg('listener', 'a function', listener);
    this.#context.onAnswer =
      listener &&
      ((request) => {
        try {
          listener(request);
        } catch (error) {
          this.#logger.error(`http: the listener of answers failed: ${shown(error)}`);
        }
      });
  }

  /** A snapshot of what the server counts. */
  httpStats(): HttpStats {
    const { counters } = this.#context;
    const { queue, rejected } = this.#dispatcher;
    return {
      ...counters,
      badRequests: { ...counters.badRequests },
      connections: this.#connections.size,
      inFlight: queue.running,
      queueDepth: queue.waiting,
      queueRejected: rejected,
    };
  }

  // ---- Callbacks of SockMan -----------------------------------------------------------------------------------------

  override eventNewConnectionAccepted(nodeId: number, _me: Service, them: Service): boolean {
    if (this.#stopping !== undefined || this.#connections.size >= this.#options.maxConnections) return false;
    if (!this.#isAllowed(them)) {
      this.#logger.debug(`http: ${them} is not allowed to connect`);
      return false;
    }
    this.#connections.set(nodeId, new HttpConnection(this.#context, nodeId, them));
    if (this.#connections.size === this.#options.maxConnections) {
      this.#isFull = true;
      this.pauseAccepting();
    }
    if (this.#sweeping === undefined) this.#sweepLater();
    return true;
  }

  override eventGotData(nodeId: number, data: Uint8Array): void {
    this.#connections.get(nodeId)?.receive(data);
  }

  override eventReadyToSend(nodeId: number): boolean {
    const connection = this.#connections.get(nodeId);
    if (connection === undefined) return false;
    connection.readyToSend();
    return this.#paused.has(nodeId);
  }

  override shouldTryToRecv(nodeId: number): boolean {
    return this.#paused.size === 0 || !this.#paused.has(nodeId);
  }

  override eventGotEOF(nodeId: number): void {
    this.#connections.get(nodeId)?.gotEOF();
  }

  override eventGotPermanentReadError(nodeId: number): void {
    this.#connections.get(nodeId)?.close();
  }

  override closeConnection(nodeId: number): boolean {
    this.#connections.get(nodeId)?.detach();
    return super.closeConnection(nodeId);
  }

  override resetConnection(nodeId: number): boolean {
    this.#connections.get(nodeId)?.detach();
    return super.resetConnection(nodeId);
  }

  override closeSockets(): void {
    for (const connection of [...this.#connections.values()]) connection.detach();
    super.closeSockets();
  }

  // ---- Inside -------------------------------------------------------------------------------------------------------

  /** A peer on a Unix-domain socket is on this machine, and its files say who may connect. */
  #isAllowed(them: Service): boolean {
    return them.unixPath !== undefined || this.#options.allowed.some((subnet) => subnet.matches(them.address));
  }

  #forget(connection: HttpConnection): void {
    this.#connections.delete(connection.nodeId);
    if (this.#isFull && this.#stopping === undefined) {
      this.#isFull = false;
      this.resumeAccepting();
    }
    if (this.#connections.size > 0) return;
    this.#sweeping?.cancel();
    this.#sweeping = undefined;
  }

  #sweepLater(): void {
    this.#context.heads.refreshDate();
    // Runs after the sockets were polled: what came during a pause of the process counts as in time.
    this.#sweeping = this.deadline(SWEEP_MS, () => this.#sweep());
  }

  #sweep(): void {
    for (const connection of this.#connections.values()) connection.sweep();
    if (this.#connections.size > 0) this.#sweepLater();
    else this.#sweeping = undefined;
  }

  async #stop(): Promise<void> {
    this.interrupt();
    this.stopListening();
    for (const connection of [...this.#connections.values()]) connection.stop();
    const { clock } = this.#options;
    const deadline = clock.now() + STOP_TIMEOUT_MS;
    while (this.#connections.size > 0 && clock.now() < deadline) {
      await new Promise<void>((resolve) => void clock.after(STOP_POLL_MS, resolve));
    }
    const left = this.#connections.size;
    if (left > 0) this.#logger.warn(`http: ${left} connections were still busy, and are closed`);
    await this[Symbol.asyncDispose]();
  }
}

// `Metrics`: counters of a program built on `SockMan`, for Prometheus and compatible readers.
//
// Every part is optional, and others can be added: a crawler or a monitor has families of its own.

import type { AddrMan } from '../../addrman/addr-man.ts';
import type { Connman } from '../../connman/connman.ts';
import type { PeerManager } from '../../peerman/peer-manager.ts';
import type { SockMan } from '../../sockman/sock-man.ts';
import type { BanMan } from '../../storage/ban-man.ts';
import { checkOptionNames } from '../../util/options/option-names.ts';
import { systemClock } from '../../util/time/clock.ts';
import type { Clock } from '../../util/time/clock.ts';
import type { HttpServer } from '../http-server.ts';
import type { HttpHandler, HttpRequest } from '../message/http-request.ts';
import { addBitcoinMetrics } from './bitcoin-metrics.ts';
import { BitcoinTally } from './bitcoin-tally.ts';
import { HttpMetrics } from './http-metrics.ts';
import { METRICS_CONTENT_TYPES, MetricsPage, formatFor } from './metrics-page.ts';
import type { MetricsFormat } from './metrics-page.ts';
import { ProcessMetrics } from './process-metrics.ts';
import { addSocketMetrics } from './socket-metrics.ts';
import type { MeasuredSockets } from './socket-metrics.ts';
import { addStratumMetrics } from './stratum-metrics.ts';
import type { MeasuredSv2 } from './stratum-metrics.ts';

/** A source of further families. */
export interface MetricsSource {
  /** Adds its families to a page. Called once per scrape; must return soon. */
  collectMetrics(page: MetricsPage): void;
}

/** The measured part of a JSON-RPC server. */
export interface MeasuredRpc {
  /** Calls by method and outcome; they only grow. */
  stats(): { readonly calls: readonly { readonly method: string; readonly ok: number; readonly error: number }[] };
}

/** What is measured. */
export interface MetricsOptions {
  /** A Bitcoin node. Events are counted from now on: make the metrics before it starts. */
  readonly connman?: Connman;
  readonly peerManager?: PeerManager;
  readonly addrMan?: AddrMan;
  readonly banMan?: BanMan;
  /** Name of the node's chain, for the label. Default empty. */
  readonly chain?: string;
  /** An HTTP server: the one that serves the metrics, or another. Its listener of answers (`onAnswer`) is replaced. */
  readonly httpServer?: HttpServer;
  readonly rpc?: MeasuredRpc;
  readonly sv2?: SockMan & MeasuredSv2;
  /** Other sockets, by their label. */
  readonly sockMans?: Readonly<Record<string, SockMan>>;
  /** The clock of the HTTP server. Default the system's. */
  readonly clock?: Pick<Clock, 'now'>;
}

const OPTION_NAMES: Readonly<Record<keyof MetricsOptions, true>> = {
  connman: true,
  peerManager: true,
  addrMan: true,
  banMan: true,
  chain: true,
  httpServer: true,
  rpc: true,
  sv2: true,
  sockMans: true,
  clock: true,
};

/** How metrics are served. */
export interface MetricsRouteOptions {
  /**
   * Called first: it answers requests that it refuses and leaves the others unanswered, as `RpcAuth.guard` does. Default:
   * all pass.
   */
  readonly guard?: HttpHandler;
  /** Default `/metrics`. */
  readonly path?: string;
}

/**
 * Counts, and writes the counts as text.
 *
 * @example
 * const server = new HttpServer({ bind: ['127.0.0.1:9100'] });
 * new Metrics({ httpServer: server }).attach(server);
 * server.start();
 */
export class Metrics {
  readonly #options: MetricsOptions;
  readonly #sources: MetricsSource[] = [];
  readonly #tally: BitcoinTally | undefined;
  readonly #http: HttpMetrics | undefined;
  readonly #process = new ProcessMetrics();

  /** @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: an unknown option. */
  constructor(options: MetricsOptions = {}) {
    checkOptionNames('', options, OPTION_NAMES);
    const { connman, peerManager, httpServer, clock = systemClock } = options;
    this.#options = options;
    this.#tally = connman && new BitcoinTally(connman, peerManager);
    this.#http = httpServer && new HttpMetrics(httpServer, clock);
  }

  /** Adds a source, which each scrape asks. @returns The metrics, for the next call. */
  add(source: MetricsSource): this {
    this.#sources.push(source);
    return this;
  }

  /** Serves the metrics, also while the work queue of the server is full. @returns The server. */
  attach(server: HttpServer, options: MetricsRouteOptions = {}): HttpServer {
    const { guard, path = '/metrics' } = options;
    const handler = (request: HttpRequest): void => this.#answer(request);
    return server.route('GET', path, handler, { queued: false, ...(guard !== undefined && { beforeBody: guard }) });
  }

  /** The text of a scrape. */
  text(format: MetricsFormat = 'prometheus'): string {
    const page = new MetricsPage(format);
    const { connman, peerManager, addrMan, banMan, chain = '', rpc, sv2 } = this.#options;
    addSocketMetrics(page, this.#sockets());
    if (connman !== undefined) {
      addBitcoinMetrics(page, { connman, tally: this.#tally!, peerManager, addrMan, banMan, chain });
    }
    this.#http?.collectMetrics(page);
    if (rpc !== undefined) addRpcMetrics(page, rpc);
    if (sv2 !== undefined) addStratumMetrics(page, sv2);
    for (const source of this.#sources) source.collectMetrics(page);
    this.#process.collectMetrics(page);
    return page.text();
  }

  /** Stops counting and measuring. */
  stop(): void {
    this.#tally?.stop();
    this.#http?.stop();
    this.#process.stop();
  }

  #answer(request: HttpRequest): void {
    const format = formatFor(request.header('accept'));
    request.writeHeader('Content-Type', METRICS_CONTENT_TYPES[format]).writeHeader('Cache-Control', 'no-store');
    request.writeReply(200, this.text(format));
  }

  #sockets(): MeasuredSockets[] {
    const { connman, httpServer, sv2, sockMans = {} } = this.#options;
    const named = Object.entries({
      ...(httpServer !== undefined && { http: httpServer }),
      ...(sv2 !== undefined && { sv2 }),
      ...sockMans,
    }).map(([name, sockMan]) => ({ name, backendName: sockMan.backendName, stats: () => sockMan.stats() }));
    if (connman === undefined) return named;
    return [{ name: 'p2p', backendName: connman.backendName, stats: () => connman.socketStats() }, ...named];
  }
}

function addRpcMetrics(page: MetricsPage, rpc: MeasuredRpc): void {
  const calls = page.counter('rpc_calls_total', 'Calls of RPC methods.');
  for (const { method, ok, error } of rpc.stats().calls) {
    // Most methods are never called.
    if (ok > 0) calls.add(ok, { method, result: 'ok' });
    if (error > 0) calls.add(error, { method, result: 'error' });
  }
}

// `Dashboard`: a page that shows a running node, a Stratum V2 server, or both, live.
//
// It only reads. The page loads nothing from elsewhere, and shows what peers say as text. Without viewers its only cost is
// the event log.

import type { AddrMan } from '../../addrman/addr-man.ts';
import type { Connman } from '../../connman/connman.ts';
import type { PeerManager } from '../../peerman/peer-manager.ts';
import type { BanMan } from '../../storage/ban-man.ts';
import { invalidArg } from '../../util/errors/errors.ts';
import { checkOptionNames } from '../../util/options/option-names.ts';
import { systemClock } from '../../util/time/clock.ts';
import type { Clock } from '../../util/time/clock.ts';
import type { HttpServer } from '../http-server.ts';
import type { HttpHandler, HttpRequest } from '../message/http-request.ts';
import type { MetricsPage } from '../metrics/metrics-page.ts';
import { EventStreams } from './event-streams.ts';
import { isKnownHost } from './host-check.ts';
import { NodeFeed } from './node-feed.ts';
import { readPageFiles } from './page-files.ts';
import type { ShownSv2 } from './sv2-totals.ts';

/** Options of a `Dashboard`: what it shows, and the hosts it answers for. */
export interface DashboardOptions {
  /** A Bitcoin node. Optional if `sv2` is given. */
  readonly connman?: Connman;
  /** A Stratum V2 server, such as an `Sv2Connman`: shows its clients, handshakes and messages. */
  readonly sv2?: ShownSv2;
  /** Adds services, handshakes and misbehaviour. */
  readonly peerManager?: PeerManager;
  /** Adds the address book, and with a map the peers' autonomous systems. */
  readonly addrMan?: AddrMan;
  /** Adds bans. */
  readonly banMan?: BanMan;
  /** Adds the server's work queue. */
  readonly httpServer?: HttpServer;
  /** Name of the chain. Default empty. */
  readonly chain?: string;
  /** Names, besides `localhost` and addresses, that a `Host` header may have. */
  readonly allowHosts?: readonly string[];
  /** Pages open at a time, 1 to 10,000. Default 16. */
  readonly maxClients?: number;
  /** Folder of the page's files, if a bundler moved the code away from them. */
  readonly pageFolder?: string;
  /** Default: the system's. */
  readonly clock?: Clock;
}

const OPTION_NAMES: Readonly<Record<keyof DashboardOptions, true>> = {
  connman: true,
  sv2: true,
  peerManager: true,
  addrMan: true,
  banMan: true,
  httpServer: true,
  chain: true,
  allowHosts: true,
  maxClients: true,
  pageFolder: true,
  clock: true,
};

/** How the page is served. */
export interface DashboardRouteOptions {
  /**
   * Called first: it answers requests that it refuses and leaves the others unanswered, as `RpcAuth.guard` does. Default:
   * all pass.
   */
  readonly guard?: HttpHandler;
}

/** Set on every answer. The page has all styles in its own file: a `style` attribute is blocked. */
const HEADERS: readonly (readonly [string, string])[] = [
  [
    'Content-Security-Policy',
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ],
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'no-referrer'],
  ['Cache-Control', 'no-store'],
];

/**
 * Shows a node, a Stratum V2 server, or both, in browsers.
 *
 * @example
 * const server = new HttpServer({ bind: ['127.0.0.1:8080'] });
 * const dashboard = new Dashboard({ connman, peerManager });
 * dashboard.attach(server);
 * console.log(`http://${server.start()[0]}/dashboard`);
 * // …
 * await server.stop();
 * dashboard.stop();
 */
export class Dashboard {
  readonly #hosts: ReadonlySet<string>;
  readonly #pageFolder: string | undefined;
  readonly #feed: NodeFeed;
  readonly #streams: EventStreams;

  /** @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` or {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`, naming the option. */
  constructor(options: DashboardOptions) {
    checkOptionNames('', options, OPTION_NAMES);
    const { connman, sv2, peerManager, addrMan, banMan, httpServer, chain = '' } = options;
    const { allowHosts = [], maxClients, pageFolder, clock = systemClock } = options;
    if (connman === undefined && sv2 === undefined) throw invalidArg('connman', 'a Connman, or sv2 beside it', connman);
    if (!Array.isArray(allowHosts)) throw invalidArg('allowHosts', 'an array', allowHosts);
    this.#hosts = new Set(allowHosts.map((name: string) => name.toLowerCase()));
    this.#pageFolder = pageFolder;
    const node = { connman, sv2, peerManager, addrMan, banMan, httpServer, chain };
    this.#feed = new NodeFeed(node, clock, () => this.#streams);
    this.#streams = new EventStreams(this.#feed, { clock, maxClients });
  }

  /**
   * Serves the page under `/dashboard`, and its stream at `/events`, outside of the work queue.
   *
   * @returns The server.
   * @throws {SockManError} `ERR_SOCKMAN_SYSTEM`: the page's files are missing.
   */
  attach(server: HttpServer, { guard }: DashboardRouteOptions = {}): HttpServer {
    const beforeBody: HttpHandler = (request) => {
      if (!isKnownHost(request.header('host'), this.#hosts)) return refuse(request, 403, 'unknown host\n');
      return guard?.(request);
    };
    const serve = (path: string, answer: (request: HttpRequest) => void): void => {
      const handler: HttpHandler = (request) => {
        for (const [name, value] of HEADERS) request.writeHeader(name, value);
        answer(request);
      };
      server.route('GET', path, handler, { queued: false, beforeBody });
    };
    for (const { path, contentType, bytes } of readPageFiles(this.#pageFolder)) {
      // A copy each: the server takes over the bytes it answers with.
      serve(path, (request) => request.writeHeader('Content-Type', contentType).writeReply(200, bytes.slice()));
    }
    serve('/dashboard/snapshot', (request) => writeJson(request, this.#feed.snapshot()));
    serve('/dashboard/peer', (request) => this.#answerPeer(request));
    serve('/events', (request) => this.#streams.accept(request));
    return server;
  }

  /** Pages that are open. */
  get clientCount(): number {
    return this.#streams.count;
  }

  /** Families of the streams, for `Metrics.add`. */
  collectMetrics(page: MetricsPage): void {
    page.gauge('sse_clients', 'Pages that are open.').add(this.#streams.count);
    page.counter('sse_dropped_total', 'Events left out because a page was slow.').add(this.#streams.dropped);
  }

  /** Ends open pages with a last event, and stops listening to the node. The routes stay. */
  stop(): void {
    this.#streams.close();
    this.#feed.stop();
  }

  #answerPeer(request: HttpRequest): void {
    const id = Number(request.query('id'));
    const detail = Number.isSafeInteger(id) && id >= 0 ? this.#feed.detail(id) : undefined;
    if (detail === undefined) refuse(request, 404, 'no such peer\n');
    else writeJson(request, detail);
  }
}

function writeJson(request: HttpRequest, value: object): void {
  request.writeHeader('Content-Type', 'application/json').writeReply(200, JSON.stringify(value));
}

function refuse(request: HttpRequest, status: number, text: string): void {
  request.writeHeader('Content-Type', 'text/plain').writeHeader('Cache-Control', 'no-store').writeReply(status, text);
}

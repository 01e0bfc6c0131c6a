// Metric families of an HTTP server. Counting an answer takes a few look-ups in small maps.

import type { HttpServer } from '../http-server.ts';
import type { HttpRequest } from '../message/http-request.ts';
import type { Clock } from '../../util/time/clock.ts';
import { Histogram } from '../../util/histogram.ts';
import type { MetricsPage } from './metrics-page.ts';

/** Upper ends of the bins of `http_request_seconds`. */
const REQUEST_SECONDS = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10];

/** Methods with a label of their own; others are `other`. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT']);

/** The label `handler` of a request without a route. */
const NO_HANDLER = 'none';

/** Answers of one route. */
interface RouteTally {
  readonly seconds: Histogram;
  readonly codes: Map<string, Map<number, number>>;
}

/** Counts the answers of a server, as its `onAnswer` listener. */
export class HttpMetrics {
  readonly #server: HttpServer;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #routes = new Map<string, RouteTally>();
  #authFailures = 0;

  /** @param clock - That of the server. */
  constructor(server: HttpServer, clock: Pick<Clock, 'now'>) {
    this.#server = server;
    this.#clock = clock;
    server.onAnswer((request) => this.#count(request));
  }

  /** Stops counting. */
  stop(): void {
    this.#server.onAnswer(undefined);
  }

  #count(request: HttpRequest): void {
    const handler = request.route?.path ?? NO_HANDLER;
    const tally = this.#routes.get(handler) ?? this.#add(handler);
    if (request.startedMs > 0) tally.seconds.add((this.#clock.now() - request.startedMs) / 1_000);
    const method = METHODS.has(request.method) ? request.method : 'other';
    let codes = tally.codes.get(method);
    if (codes === undefined) tally.codes.set(method, (codes = new Map()));
    codes.set(request.status, (codes.get(request.status) ?? 0) + 1);
    // A client without credentials only asks whether they are needed.
    if (request.status === 401 && request.header('authorization') !== undefined) this.#authFailures++;
  }

  #add(handler: string): RouteTally {
    const tally = { seconds: new Histogram(REQUEST_SECONDS), codes: new Map<string, Map<number, number>>() };
    this.#routes.set(handler, tally);
    return tally;
  }

  collectMetrics(page: MetricsPage): void {
    const stats = this.#server.httpStats();
    page.gauge('http_connections', 'HTTP connections that are open.').add(stats.connections);
    page.gauge('http_requests_in_flight', 'Handlers that have started and not ended.').add(stats.inFlight);
    page.gauge('http_queue_depth', 'Requests that wait for a handler.').add(stats.queueDepth);
    const requests = page.counter('http_requests_total', 'Requests that were answered.');
    const seconds = page.histogram('http_request_seconds', 'From the head of a request to the end of its answer.');
    for (const [handler, tally] of this.#routes) {
      seconds.addHistogram(tally.seconds, { handler });
      for (const [method, codes] of tally.codes) {
        for (const [code, count] of codes) requests.add(count, { handler, method, code: String(code) });
      }
    }
    page.counter('http_queue_rejected_total', 'Requests refused because too many waited.').add(stats.queueRejected);
    page.counter('http_auth_failures_total', 'Requests with credentials that were wrong.').add(this.#authFailures);
    page.counter('http_timeouts_total', 'Connections closed because nothing happened.').add(stats.timeouts);
    const bad = page.counter('http_bad_requests_total', 'What was no request, or too large.');
    for (const [kind, count] of Object.entries(stats.badRequests)) bad.add(count, { kind });
  }
}

// Routes, queues, handles or refuses requests that were read.

import type { Logger } from '../../util/logger.ts';
import { shown } from '../../util/errors/errors.ts';
import type { HttpHandler, HttpRequest, Route } from '../message/http-request.ts';
import { HttpRouter } from '../router.ts';
import { WorkQueue } from './work-queue.ts';

/** What a client gets when a handler throws; the reason goes to the log. */
const HANDLER_FAILED_TEXT = 'Internal server error\n';

/** What a client gets when too many requests wait. (Bitcoin Core src/httpserver.cpp) */
const QUEUE_FULL_TEXT = 'Work queue depth exceeded';

export class Dispatcher {
  readonly router = new HttpRouter();
  readonly queue: WorkQueue<HttpRequest>;
  /** New requests are answered 503. */
  isStopping = false;
  /** Requests refused because too many waited. */
  rejected = 0;
  readonly #logger: Logger;

  constructor(slots: number, depth: number, logger: Logger) {
    this.queue = new WorkQueue(slots, depth, (request) => this.#run(request));
    this.#logger = logger;
  }

  /** Finds the route of a request; undefined if none matches, see `refuse`. */
  find(request: HttpRequest): Route | undefined {
    if (!this.isStopping) request.route = this.router.find(request.method, request.target);
    return request.route;
  }

  /** Answers a request that has no route. */
  refuse(request: HttpRequest): void {
    if (this.isStopping) return answer(request, 503);
    const allow = this.router.allowed(request.method, request.target);
    if (allow.length === 0) answer(request, 404);
    else answer(request.writeHeader('Allow', allow.join(', ')), 405);
  }

  /** Runs a routed request's handler, now or when a slot is free. Ends in its `acceptBody` or an answer. */
  serve(request: HttpRequest): void {
    const { isQueued } = request.route!;
    if (!isQueued) void this.#run(request);
    else if (!this.queue.submit(request)) {
      this.rejected++;
      this.#logger.warn('http: request refused because the work queue is full; a longer queue can be configured');
      answer(request, 503, QUEUE_FULL_TEXT);
    }
  }

  /** Never throws, and its promise never fails. */
  #run(request: HttpRequest): void | Promise<void> {
    if (request.isGone) return;
    const { handler, beforeBody } = request.route!;
    if (beforeBody === undefined || request.isChecked) return this.#call(handler, request);
    request.isChecked = true;
    return this.#call(beforeBody, request);
  }

  #call(handler: HttpHandler, request: HttpRequest): void | Promise<void> {
    try {
      const ending = handler(request);
      if (ending === undefined) return this.#ended(handler, request);
      return Promise.resolve(ending).then(
        () => this.#ended(handler, request),
        (error: unknown) => this.#failed(request, error),
      );
    } catch (error) {
      this.#failed(request, error);
    }
  }

  #ended(handler: HttpHandler, request: HttpRequest): void | Promise<void> {
    if (request.isAnswered) return;
    const route = request.route!;
    if (handler === route.handler) this.#failed(request, 'it did not answer');
    else if (request.isComplete) return this.#run(request);
    else request.acceptBody();
  }

  #failed(request: HttpRequest, error: unknown): void {
    this.logFailure(`the handler of ${request.method} ${request.route!.path}`, error);
    request.fail(HANDLER_FAILED_TEXT);
  }

  /** Logs the details that the client does not get. */
  logFailure(what: string, error: unknown): void {
    this.#logger.error(`http: ${what} failed: ${reasonOf(error)}`);
  }
}

/** The message of anything that was thrown, even if it cannot be converted to text. */
function reasonOf(error: unknown): string {
  try {
    return error instanceof Error ? String(error.stack ?? error.message) : shown(error);
  } catch {
    return 'it threw a value that cannot be shown';
  }
}

/** An answer of the server's own. */
function answer(request: HttpRequest, status: number, body = ''): void {
  request.writeHeader('Cache-Control', 'no-store').writeReply(status, body);
}

// Which handler a request goes to.

import { invalidArg } from '../util/errors.ts';
import type { HttpHandler, Route } from './http-request.ts';

/** How a route is matched and served. */
export interface RouteOptions {
  /** The path is the beginning of the target. Default false: all of it. */
  prefix?: boolean;
  /** The target is matched as it is, a `?` and what follows included. Default false: up to the `?`. */
  rawTarget?: boolean;
  /** The handler waits for a free slot of the work queue. Default true; without, it always runs at once. */
  queued?: boolean;
  /**
   * Asked once the head is read, before the body is: it may answer, and then the handler is never called. Where there is a body
   * the connection then closes, as nobody wants to read it. It counts as the handler does, with slot and queue.
   */
  beforeBody?: HttpHandler;
}

/** Every method of a route. */
export const ANY_METHOD = '*';

/** Methods that are always known: with another, whatever the target, the answer is 405. (Bitcoin Core src/httpserver.cpp) */
const KNOWN_METHODS = ['GET', 'HEAD', 'POST', 'PUT'];

const METHOD = /^[A-Z]+$/;

/** A route, or the methods that the target would take; none: there is nothing at the target. */
export type Match = { route: Route; allow?: undefined } | { route?: undefined; allow: readonly string[] };

export class HttpRouter {
  readonly #routes: Route[] = [];
  readonly #exact = new Map<string, Route[]>();
  readonly #others: Route[] = [];
  readonly #methods = new Set(KNOWN_METHODS);

  /** @see `HttpServer.route` */
  add(method: string, path: string, handler: HttpHandler, options: RouteOptions = {}): void {
    if (method !== ANY_METHOD && !METHOD.test(method)) throw invalidArg('method', "upper-case letters, or '*'", method);
    if (typeof path !== 'string' || !path.startsWith('/')) throw invalidArg('path', 'a path from /', path);
    if (typeof handler !== 'function') throw invalidArg('handler', 'a function', handler);
    const { prefix = false, rawTarget = false, queued = true, beforeBody } = options;
    const route: Route = {
      order: this.#routes.length,
      method,
      path,
      isPrefix: prefix,
      isRaw: rawTarget,
      isQueued: queued,
      handler,
      beforeBody,
    };
    this.#routes.push(route);
    if (method !== ANY_METHOD) this.#methods.add(method);
    if (prefix || rawTarget) this.#others.push(route);
    else this.#exact.set(path, [...(this.#exact.get(path) ?? []), route]);
  }

  /** Forgets all routes. */
  clear(): void {
    this.#routes.length = 0;
    this.#others.length = 0;
    this.#exact.clear();
  }

  /** The route of a request. `HEAD` goes where `GET` does, unless it has a route of its own. */
  match(method: string, target: string): Match {
    if (!this.#methods.has(method)) return { allow: KNOWN_METHODS };
    const query = target.indexOf('?');
    const path = query === -1 ? target : target.slice(0, query);
    const exact = this.#exact.get(path);
    if (this.#others.length === 0 && exact !== undefined && exact[0]!.method === method) return { route: exact[0]! };
    const candidates = [...(exact ?? []), ...this.#others.filter((route) => isAt(route, target, path))];
    candidates.sort((a, b) => a.order - b.order);
    const route =
      candidates.find((candidate) => candidate.method === method || candidate.method === ANY_METHOD) ??
      (method === 'HEAD' ? candidates.find((candidate) => candidate.method === 'GET') : undefined);
    return route === undefined ? { allow: methodsOf(candidates) } : { route };
  }
}

function isAt(route: Route, target: string, path: string): boolean {
  const text = route.isRaw ? target : path;
  return route.isPrefix ? text.startsWith(route.path) : text === route.path;
}

function methodsOf(routes: readonly Route[]): string[] {
  const methods = new Set(routes.map(({ method }) => method));
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods];
}

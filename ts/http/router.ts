// Which handler a request goes to.

import { invalidArg } from '../util/errors/errors.ts';
import type { HttpHandler, Route } from './message/http-request.ts';

/** How a route is matched and handled. */
export interface RouteOptions {
  /** The path is the beginning of the target. Default false: all of it. */
  prefix?: boolean;
  /** The target is matched as it is, a `?` and what follows included. Default false: up to the `?`. */
  rawTarget?: boolean;
  /** The handler waits for a free slot of the work queue. Default true; with false it always runs at once. */
  queued?: boolean;
  /**
   * Called once the head is read, before the body is. If it answers, the handler is not called; a connection whose body is
   * then unread closes. It takes a slot and waits in the queue as the handler does.
   */
  beforeBody?: HttpHandler;
}

/** Every method of a route. */
const ANY_METHOD = '*';

/** Methods that are always known: with another, whatever the target, the answer is 405. (Bitcoin Core src/httpserver.cpp) */
const KNOWN_METHODS = ['GET', 'HEAD', 'POST', 'PUT'];

const METHOD = /^[A-Z]+$/;

export class HttpRouter {
  readonly #routes: Route[] = [];
  readonly #exact = new Map<string, Route[]>();
  readonly #prefixes: Route[] = [];
  readonly #methods = new Set(KNOWN_METHODS);
  /** The search before: clients of a kind often ask for the same. */
  #lastMethod = '';
  #lastTarget = '';
  #lastRoute: Route | undefined = undefined;

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
    this.#forget();
    if (method !== ANY_METHOD) this.#methods.add(method);
    if (prefix) this.#prefixes.push(route);
    else this.#exact.set(path, [...(this.#exact.get(path) ?? []), route]);
  }

  /** Forgets all routes. */
  clear(): void {
    this.#forget();
    this.#routes.length = 0;
    this.#prefixes.length = 0;
    this.#exact.clear();
  }

  /**
   * The route of a request; undefined if none matches, see `allowed`. `HEAD` goes where `GET` does, unless it has a route of
   * its own.
   */
  find(method: string, target: string): Route | undefined {
    if (target !== this.#lastTarget || method !== this.#lastMethod) {
      this.#lastRoute = this.#search(method, target);
      this.#lastMethod = method;
      this.#lastTarget = target;
    }
    return this.#lastRoute;
  }

  /** No method is the empty text, so no route is the right answer to it. */
  #forget(): void {
    this.#lastMethod = '';
    this.#lastTarget = '';
    this.#lastRoute = undefined;
  }

  #search(method: string, target: string): Route | undefined {
    if (!this.#methods.has(method)) return undefined;
    const path = pathOf(target);
    const exact = firstOf(this.#exact.get(path), method, target, path);
    const prefix = firstOf(this.#prefixes, method, target, path);
    const route = prefix === undefined || (exact !== undefined && exact.order < prefix.order) ? exact : prefix;
    return route ?? (method === 'HEAD' ? this.#search('GET', target) : undefined);
  }

  /** The methods that a target accepts. If no route matches it: none, or for a method that no route has the usual ones. */
  allowed(method: string, target: string): readonly string[] {
    const path = pathOf(target);
    const methods = new Set(this.#routes.filter((route) => isAt(route, target, path)).map((route) => route.method));
    const isUnknown = methods.size === 0 && !this.#methods.has(method);
    if (isUnknown || methods.delete(ANY_METHOD)) for (const known of KNOWN_METHODS) methods.add(known);
    if (methods.has('GET')) methods.add('HEAD');
    return [...methods];
  }
}

function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}

function firstOf(
  routes: readonly Route[] | undefined,
  method: string,
  target: string,
  path: string,
): Route | undefined {
  if (routes === undefined) return undefined;
  for (const route of routes) {
    if ((route.method === method || route.method === ANY_METHOD) && isAt(route, target, path)) return route;
  }
  return undefined;
}

function isAt(route: Route, target: string, path: string): boolean {
  const text = route.isRaw ? target : path;
  return route.isPrefix ? text.startsWith(route.path) : text === route.path;
}

// Who may use the RPC of a node, and the pages beside it. (Bitcoin Core src/httprpc.cpp)

import { isAbsolute } from 'node:path';

import type { HttpHandler, HttpRequest } from '../../message/http-request.ts';
import { invalidArg, shown } from '../../../util/errors/errors.ts';
import { guardedLogger } from '../../../util/guarded-logger.ts';
import type { Logger } from '../../../util/logger.ts';
import { checkOptionNames } from '../../../util/options/option-names.ts';
import { systemClock } from '../../../util/time/clock.ts';
import type { Clock } from '../../../util/time/clock.ts';
import { parseBasic } from './basic.ts';
import type { BasicCredentials } from './basic.ts';
import { COOKIE_MODES, COOKIE_USER, CookieFile } from './cookie-file.ts';
import type { CookieReaders } from './cookie-file.ts';
import { credentialFor, isKnown, parseRpcAuth } from './credentials.ts';
import type { Credential } from './credentials.ts';
import { isFromForeignPage } from './foreign-page.ts';
import { MethodLists } from './method-lists.ts';

/** Delay of the answer to a wrong password, in milliseconds: it slows down guessing. (Core, HTTPReq_JSONRPC) */
const WRONG_PASSWORD_MS = 250;

/** An origin as browsers send it: without a path, or a slash at its end. That of files has no host. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@]*$/;

/** Wrong passwords answered in that time; further ones wait longer. Core has as many threads. */
const GUESSES_AT_A_TIME = 16;

/** Who may call. Names are those of Bitcoin Core's options, in our spelling. */
export interface RpcAuthOptions {
  /** Absolute path of the cookie; it is written by `open` unless there is a `password`. Default: no cookie. */
  readonly cookieFile?: string;
  /** Who may read the cookie: `owner` (the default), `group`, `all`. */
  readonly cookieReaders?: CookieReaders;
  /** User name. Default empty. */
  readonly user?: string;
  /** Password in place of the cookie. Empty is none. */
  readonly password?: string;
  /** `user:salt$hash` each, as Bitcoin Core's `share/rpcauth` makes them. A user may have several. */
  readonly rpcAuth?: readonly string[];
  /**
   * `user:method,method`: all that the user may call. With several entries for a user, only methods that are in all of them.
   */
  readonly whitelist?: readonly string[];
  /** Users without a list may call nothing. Default: true with a `whitelist`. */
  readonly whitelistDefault?: boolean;
  /**
   * Origins of pages of others that may send requests, such as `https://admin.example`, without a path; `Origin` of a browser
   * says which page it is. Default: only pages of the server itself.
   */
  readonly allowOrigins?: readonly string[];
  /** Default: none. */
  readonly logger?: Logger;
  /** Default: the system's. */
  readonly clock?: Pick<Clock, 'after'>;
}

const OPTION_NAMES: Readonly<Record<keyof RpcAuthOptions, true>> = {
  cookieFile: true,
  cookieReaders: true,
  user: true,
  password: true,
  rpcAuth: true,
  whitelist: true,
  whitelistDefault: true,
  allowOrigins: true,
  logger: true,
  clock: true,
};

/** A client that was let in. */
interface Admitted {
  readonly header: string;
  readonly user: string;
}

/**
 * Credentials, and the guard that asks for them: for RPC and for any other route.
 *
 * @example
 * const auth = new RpcAuth({ cookieFile: '/home/me/.node/.cookie' });
 * auth.open();
 * server.route('GET', '/metrics', showMetrics, { queued: false, beforeBody: auth.guard });
 */
export class RpcAuth {
  /**
   * Lets a request pass and sets its `user`, or answers 401: at once if there are no credentials, after a quarter of a
   * second if they are wrong. What the page of another site has a browser send is answered 403, unless it only reads. Use it as
   * `beforeBody` of a route, or first in a handler, and return if `request.isAnswered`.
   */
  readonly guard: HttpHandler;
  /** What each user may call. */
  readonly methodLists: MethodLists;
  readonly #credentials: readonly Credential[];
  readonly #cookie: CookieFile | undefined;
  #cookieCredentials: readonly Credential[] = [];
  readonly #origins: ReadonlySet<string>;
  readonly #logger: Logger;
  readonly #clock: Pick<Clock, 'after'>;
  /** Connections that were admitted, with their header: hashing a password again costs more than most calls. */
  #admitted = new WeakMap<object, Admitted>();
  #failureCount = 0;
  /** Wrong passwords that wait for their answer. */
  #waitingCount = 0;

  /**
   * Nothing is written yet.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`, naming the option. No secret is in the message.
   */
  constructor(options: RpcAuthOptions = {}) {
    checkOptionNames('', options, OPTION_NAMES);
    const { cookieFile, cookieReaders = 'owner', user = '', password = '', rpcAuth = [], whitelist = [] } = options;
    const { allowOrigins = [] } = options;
    this.#logger = guardedLogger(options.logger);
    this.#clock = options.clock ?? systemClock;
    if (cookieFile !== undefined && !isAbsolute(cookieFile))
      throw invalidArg('cookieFile', 'an absolute path', cookieFile);
    if (!Object.hasOwn(COOKIE_MODES, cookieReaders)) {
      throw invalidArg('cookieReaders', Object.keys(COOKIE_MODES).join(', '), cookieReaders);
    }
    this.#cookie = cookieFile === undefined || password !== '' ? undefined : new CookieFile(cookieFile, cookieReaders);
    if (!Array.isArray(allowOrigins)) throw invalidArg('allowOrigins', 'an array', allowOrigins);
    this.#origins = new Set(allowOrigins.map(originOf));
    this.guard = (request) => this.#guard(request);
    const named = password === '' ? [] : [credentialFor(user, password)];
    this.#credentials = [...named, ...rpcAuth.map(credentialOf)];
    this.methodLists = new MethodLists(whitelist, options.whitelistDefault);
  }

  /** Writes the cookie, if there is to be one. @throws {FileError} `ERR_SOCKMAN_SYSTEM`: it cannot be written. */
  open(): void {
    if (this.#cookie === undefined) return;
    this.#cookieCredentials = [credentialFor(COOKIE_USER, this.#cookie.write())];
    this.#admitted = new WeakMap();
  }

  /** Removes the cookie that `open` wrote, and no longer accepts it. Idempotent. */
  close(): void {
    this.#cookieCredentials = [];
    this.#admitted = new WeakMap();
    const problem = this.#cookie?.remove();
    if (problem !== undefined) this.#logger.warn(`Unable to remove the cookie: ${shown(problem)}`);
  }

  /** Requests that were refused, including those without credentials and those of foreign pages. */
  get failureCount(): number {
    return this.#failureCount;
  }

  #guard(request: HttpRequest): void | Promise<void> {
    if (isFromForeignPage(request, this.#origins)) return this.#refusePage(request);
    const header = request.header('authorization');
    if (header === undefined) return this.#refuse(request);
    // Compares only with what this client itself has sent: the time this takes reveals nothing about others' passwords.
    const before = this.#admitted.get(request.connection);
    if (before !== undefined && before.header === header) {
      request.user = before.user;
      return;
    }
    const given = parseBasic(header);
    if (given !== undefined && this.#isKnown(given)) {
      request.user = given.user.toString();
      this.#admitted.set(request.connection, { header, user: request.user });
      return;
    }
    const whose = given === undefined ? '' : ` for user ${shown(given.user.toString())}`;
    this.#logger.warn(`ThreadRPCServer incorrect password attempt from ${request.peer}${whose}`);
    return this.#refuseLater(request);
  }

  #isKnown(given: BasicCredentials): boolean {
    const isNamed = isKnown(this.#credentials, given);
    return isKnown(this.#cookieCredentials, given) || isNamed;
  }

  #refusePage(request: HttpRequest): void {
    this.#failureCount++;
    this.#logger.warn(`refused a request of the page ${shown(request.header('origin'))}, sent by ${request.peer}`);
    request.writeHeader('Content-Type', 'text/plain').writeReply(403, 'a page of another site may not do this\n');
  }

  #refuse(request: HttpRequest): void {
    this.#failureCount++;
    request.writeHeader('WWW-Authenticate', 'Basic realm="jsonrpc"').writeReply(401);
  }

  async #refuseLater(request: HttpRequest): Promise<void> {
    // Without this delay, routes outside of the work queue would allow as many guesses at a time as there are connections.
    const rounds = 1 + Math.floor(this.#waitingCount / GUESSES_AT_A_TIME);
    this.#waitingCount++;
    await new Promise<void>((resolve) => void this.#clock.after(rounds * WRONG_PASSWORD_MS, resolve));
    this.#waitingCount--;
    this.#refuse(request);
  }
}

function credentialOf(text: string): Credential {
  const credential = parseRpcAuth(text);
  // The value may be a password given by mistake.
  if (credential === undefined) throw invalidArg('rpcAuth', 'user:salt$hash', 'something else');
  return credential;
}

/** In lower case. */
function originOf(origin: unknown): string {
  const text = typeof origin === 'string' ? origin.toLowerCase() : '';
  if (!ORIGIN.test(text)) throw invalidArg('allowOrigins', 'origins such as https://admin.example', origin);
  return text;
}

// JSON-RPC over HTTP: connects a route with the methods. (Bitcoin Core src/httprpc.cpp)

import type { HttpServer } from '../../http-server.ts';
import type { JsonInput } from '../../json/json-value.ts';
import type { HttpRequest } from '../../message/http-request.ts';
import { guardedLogger } from '../../../util/guarded-logger.ts';
import type { Logger } from '../../../util/logger.ts';
import { checkOptionNames } from '../../../util/options/option-names.ts';
import { systemClock } from '../../../util/time/clock.ts';
import type { Clock } from '../../../util/time/clock.ts';
import type { RpcAuth } from '../auth/rpc-auth.ts';
import { serverMethods } from '../methods/server-methods.ts';
import type { RpcParams } from '../protocol/rpc-request.ts';
import type { RpcMethod } from '../table/rpc-method.ts';
import { RpcTable } from '../table/rpc-table.ts';
import type { RpcMethodCounts } from '../table/rpc-table.ts';
import { RpcAnswers } from './rpc-answers.ts';
import type { RpcAnswer } from './rpc-answers.ts';

/** The status before one is set. (Core, rpcWarmupStatus) */
const FIRST_WARMUP_STATUS = 'RPC server started';

/** How an `RpcServer` is set up. */
export interface RpcServerOptions {
  /** Who may call. The caller opens and closes its cookie. */
  readonly auth: RpcAuth;
  /** Methods that clients can call, besides `help`, `getrpcinfo`, `echo` and `echojson`. */
  readonly methods?: Iterable<RpcMethod>;
  /** The path of the log, for `getrpcinfo`. Default empty. */
  readonly logPath?: string;
  /** Default: none. */
  readonly logger?: Logger;
  /** Default: the system's. */
  readonly clock?: Pick<Clock, 'now' | 'soon'>;
}

const OPTION_NAMES: Readonly<Record<keyof RpcServerOptions, true>> = {
  auth: true,
  methods: true,
  logPath: true,
  logger: true,
  clock: true,
};

/** What an `RpcServer` counts. */
export interface RpcStats {
  /** By method and outcome; `other` for unknown names. */
  readonly calls: readonly RpcMethodCounts[];
  /** Requests refused for wrong or missing credentials, on all routes that share them. */
  readonly authFailures: number;
}

/**
 * Answers JSON-RPC 1.0, 1.1 and 2.0, single calls and batches, on an `HttpServer`.
 *
 * @example
 * const rpc = new RpcServer({ auth: new RpcAuth({ user: 'me', password: 'secret' }), methods: [add] });
 * const server = rpc.attach(new HttpServer({ bind: ['127.0.0.1:8332'] }));
 * server.start();
 */
export class RpcServer {
  /** The methods; more can be added at any time. */
  readonly table: RpcTable;
  readonly #auth: RpcAuth;
  readonly #answers: RpcAnswers;

  /** @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: an option, or a method. */
  constructor(options: RpcServerOptions) {
    checkOptionNames('', options, OPTION_NAMES);
    const { auth, methods = [], logPath = '', clock = systemClock } = options;
    const logger = guardedLogger(options.logger);
    this.#auth = auth;
    this.table = new RpcTable(() => clock.now());
    this.#answers = new RpcAnswers({ table: this.table, methodLists: auth.methodLists, logger, clock });
    for (const method of [...serverMethods(this.table, logPath), ...methods]) this.table.add(method);
  }

  /** Serves `/` and, for `bitcoin-cli -rpcwallet`, `/wallet/…` on a server. @returns The server. */
  attach(server: HttpServer): HttpServer {
    const handle = (request: HttpRequest): void | Promise<void> => this.#answer(request);
    const beforeBody = (request: HttpRequest): void | Promise<void> => this.#admit(request);
    server.route('*', '/', handle, { rawTarget: true, beforeBody });
    return server.route('*', '/wallet/', handle, { rawTarget: true, prefix: true, beforeBody });
  }

  /** Answers calls with −28 and a status until `finishWarmup`, while the node starts. */
  warmUp(status: string = FIRST_WARMUP_STATUS): void {
    this.#answers.warmupStatus = status;
  }

  /** From now on, calls are executed. */
  finishWarmup(): void {
    this.#answers.warmupStatus = undefined;
  }

  /**
   * Calls a method from within the program.
   *
   * @param params - By position, or an object of JSON by name.
   * @throws {RpcError} The error a client would get, as a rejected promise.
   */
  async call(method: string, params: RpcParams = []): Promise<JsonInput> {
    return this.table.execute(method, params);
  }

  /** A snapshot of the counters. */
  stats(): RpcStats {
    return { calls: this.table.counts(), authFailures: this.#auth.failureCount };
  }

  #admit(request: HttpRequest): void | Promise<void> {
    if (request.method === 'POST') return this.#auth.guard(request);
    request.writeHeader('Allow', 'POST').writeReply(405, 'JSONRPC server handles only POST requests');
  }

  #answer(request: HttpRequest): void | Promise<void> {
    const answer = this.#answers.answer(request.body, request);
    if (!(answer instanceof Promise)) return reply(request, answer);
    return answer.then((late) => reply(request, late));
  }
}

function reply(request: HttpRequest, { status, text }: RpcAnswer): void {
  if (text !== '') request.writeHeader('Content-Type', 'application/json');
  request.writeReply(status, text);
}

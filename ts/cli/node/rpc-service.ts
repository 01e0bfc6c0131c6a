// The RPC server of `sockman node --rpc`: JSON-RPC, metrics and the dashboard over one HTTP server, from warm-up to the last answer.

import { Dashboard } from '../../http/dashboard/dashboard.ts';
import type { DashboardOptions } from '../../http/dashboard/dashboard.ts';
import { HttpServer } from '../../http/http-server.ts';
import { Metrics } from '../../http/metrics/metrics.ts';
import { RpcAuth } from '../../http/rpc/auth/rpc-auth.ts';
import { nodeMethods } from '../../http/rpc/methods/node-methods.ts';
import type { RpcNode } from '../../http/rpc/node/rpc-node.ts';
import { RpcServer } from '../../http/rpc/server/rpc-server.ts';
import type { Service } from '../../netaddr/service.ts';
import type { Logger } from '../../util/logger.ts';
import { withCategory } from '../../util/logger.ts';
import { StartError } from '../start-error.ts';
import type { RpcSettings } from './rpc-settings.ts';

/** Options of an `RpcService`. */
export interface RpcServiceOptions {
  readonly settings: RpcSettings;
  readonly node: RpcNode;
  readonly logger: Logger;
  /** The path of the log, for messages that refer to it and for `getrpcinfo`; undefined without a log. */
  readonly logPath: string | undefined;
}

/** The HTTP server of one node. */
export class RpcService {
  /** Routes can be added before `start`. */
  readonly server: HttpServer;
  /** Guards other routes, too. */
  readonly auth: RpcAuth;
  readonly rpc: RpcServer;
  #metrics: Metrics | undefined;
  #dashboard: Dashboard | undefined;

  /** Opens nothing yet. @throws {StartError} The settings cannot be used. */
  constructor({ settings, node, logger, logPath }: RpcServiceOptions) {
    const parts = orStartError(logger, logPath, () => {
      const auth = new RpcAuth({ ...settings.auth, logger });
      const server = new HttpServer({ ...settings.http, logger: withCategory(logger, 'http') });
      const rpc = new RpcServer({
        auth,
        methods: nodeMethods(node),
        logPath: logPath ?? '',
        logger: withCategory(logger, 'rpc'),
      });
      return { auth, server, rpc };
    });
    this.auth = parts.auth;
    this.server = parts.server;
    this.rpc = parts.rpc;
    this.rpc.attach(this.server);
    for (const warning of settings.warnings) logger.warn(warning);
    this.start = () => orStartError(logger, logPath, () => this.#start());
  }

  /**
   * Listens, writes the cookie, and answers calls with "warming up".
   *
   * @returns The addresses. @throws {StartError} No address can be bound, or the cookie cannot be written.
   */
  readonly start: () => Service[];

  #start(): Service[] {
    this.rpc.warmUp();
    // First: where the port is another node's, the cookie may be that node's as well. Nobody is answered before both are done.
    const addresses = this.server.start();
    this.auth.open();
    return addresses;
  }

  /** Serves `/metrics` over the parts of a starting node. */
  serveMetrics(options: ConstructorParameters<typeof Metrics>[0]): void {
    this.#metrics = new Metrics({ ...options, httpServer: this.server, rpc: this.rpc });
    this.#metrics.attach(this.server, { guard: this.auth.guard });
  }

  /** Serves `/dashboard` over the same parts, and counts its pages among the metrics. */
  serveDashboard(options: DashboardOptions): void {
    this.#dashboard = new Dashboard({ ...options, httpServer: this.server });
    this.#dashboard.attach(this.server, { guard: this.auth.guard });
    this.#metrics?.add(this.#dashboard);
  }

  /** From now on, calls are executed. */
  finishWarmup(): void {
    this.rpc.finishWarmup();
  }

  /** Answers pending requests, accepts no new ones and removes the cookie. Idempotent, also if `start` failed. */
  async stop(): Promise<void> {
    this.server.interrupt();
    this.auth.close();
    await this.server.stop();
    this.#dashboard?.stop();
    this.#metrics?.stop();
  }
}

/** Failures are logged in full, and summarized on the terminal that started the node, as with `bitcoind`. */
function orStartError<Value>(logger: Logger, logPath: string | undefined, make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    const { message } = error as Error;
    if (logPath === undefined) throw new StartError(`Unable to start HTTP server: ${message}`);
    logger.error(message);
    throw new StartError('Unable to start HTTP server. See debug log for details.');
  }
}

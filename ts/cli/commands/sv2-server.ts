// `sockman sv2-server`: a template provider of Stratum V2, on a mock chain or on a real node.

import { Dashboard } from '../../http/dashboard/dashboard.ts';
import { HttpServer } from '../../http/http-server.ts';
import { Metrics } from '../../http/metrics/metrics.ts';
import type { Service } from '../../netaddr/service.ts';
import { SV2_PORTS } from '../../stratum/ports.ts';
import { formatAuthorityKey, formatSv2Url } from '../../stratum/authority-key.ts';
import { loadServerKeys, temporaryServerKeys } from '../../stratum/key-files.ts';
import { Sv2Connman } from '../../stratum/server/sv2-connman.ts';
import { MockTemplateSource } from '../../stratum/templates/mock-source.ts';
import { RpcTemplateSource } from '../../stratum/templates/rpc-source.ts';
import { TemplateProvider } from '../../stratum/templates/template-provider.ts';
import type { TemplateSource } from '../../stratum/templates/template-source.ts';
import { systemClock } from '../../util/time/clock.ts';
import type { Logger } from '../../util/logger.ts';
import { sleep } from '../../util/time/sleep.ts';
import { defineCommand } from '../command.ts';
import type { CliIo } from '../terminal/cli-io.ts';
import { RUN_SECONDS, networkOption } from '../common-options.ts';
import * as option from '../option-kinds.ts';
import { UsageError } from '../options.ts';
import { ofArguments } from '../run.ts';
import { clientTable } from '../sv2/client-table.ts';

/** Interval between redraws, in milliseconds. */
const REDRAW_MS = 500;

export const command = defineCommand(
  {
    options: {
      mock: option.flag('templates of a simulated chain (the default)'),
      rpc: option.text(
        'URL',
        'templates of the node at a URL, such as http://127.0.0.1:18443; its cookie, or user:password@ in the URL',
      ),
      cookie: option.text('FILE', "the node's cookie file", 'file'),
      network: networkOption('regtest', 'decides port and rules (regtest)'),
      bind: option.listenAddress('ADDRESS', 'where to listen (127.0.0.1 and the port of the network)'),
      datadir: option.text(
        'FOLDER',
        'folder of the keys, made if missing; without it they end with the process',
        'folder',
      ),
      http: option.listenAddress('ADDRESS', 'serves a page and /metrics there, such as 127.0.0.1:8080'),
      'max-clients': option.wholeNumber('N', 'connections at a time (64)', 1, 1_000_000),
      'block-seconds': option.number('SECONDS', 'mock: time between two blocks of others (30)', 0.001, 1_000_000),
      for: RUN_SECONDS,
    },
    examples: [
      ['sockman sv2-server', 'a server to try clients with'],
      [
        'sockman sv2-server --rpc http://127.0.0.1:18443 --cookie ~/.bitcoin/regtest/.cookie --datadir ~/.sv2',
        'a real template provider',
      ],
    ],
    notes: [
      'Prints the URL that clients are configured with, and a table of clients; without a terminal, a line for each event.',
    ],
  },
  async (values, io) => {
    if (values.mock && values.rpc !== undefined) throw new UsageError('--mock and --rpc exclude each other');
    if (values.cookie !== undefined && values.rpc === undefined) throw new UsageError('--cookie needs --rpc');
    if (values.rpc !== undefined) checkRpcUrl(values.rpc);
    const logger = loggerOf(io);
    const { datadir, 'max-clients': maxClients } = values;
    // Without its keys, the server would have another URL at its next start.
    const keys = datadir === undefined ? temporaryServerKeys() : loadServerKeys(datadir, logger, { mustStore: true });
    const server = new Sv2Connman({ keys, logger, ...(maxClients !== undefined && { maxClients }) });
    const page = values.http === undefined ? undefined : new Page(server, values.http, values.network);
    const provider = new TemplateProvider(
      server,
      ofArguments(() => createSource(values, logger)),
      { logger },
    );
    try {
      const { bound, errmsg } = server.bindAndStartListening(values.bind ?? `127.0.0.1:${SV2_PORTS[values.network]}`);
      if (bound === undefined) {
        io.complain(`sockman: sv2-server cannot listen: ${errmsg}`);
        return 1;
      }
      const pageUrl = page?.start();
      provider.start();
      const { authorityX } = server;
      io.print(`authority key ${formatAuthorityKey(authorityX)}`);
      io.print(`listening at  ${formatSv2Url({ host: bound.address.toString(), port: bound.port, authorityX })}`);
      if (pageUrl !== undefined) io.print(`dashboard at  ${pageUrl}, metrics at /metrics`);
      await showUntilTheEnd(server, io, values.for);
      return 0;
    } finally {
      await page?.stop();
      await provider.stop();
      // Everybody is gone.
      io.redraw?.([]);
    }
  },
);

/** @throws {UsageError} Not a URL of HTTP. */
function checkRpcUrl(text: string): void {
  if (/^https?:/i.test(text) && URL.canParse(text)) return;
  throw new UsageError(`--rpc: expected a URL such as http://127.0.0.1:18443, got '${text}'`);
}

function createSource(
  values: { rpc: string | undefined; cookie: string | undefined; network: string; 'block-seconds': number | undefined },
  logger: Logger,
): TemplateSource {
  const { rpc: url, cookie: cookieFile, network, 'block-seconds': blockSeconds } = values;
  if (url === undefined) {
    return new MockTemplateSource(
      blockSeconds === undefined ? {} : { blockIntervalMs: Math.max(1, Math.round(blockSeconds * 1_000)) },
    );
  }
  return new RpcTemplateSource({
    url,
    logger,
    isSignet: network === 'signet',
    ...(cookieFile !== undefined && { cookieFile }),
  });
}

/** The page of `--http`, and its metrics. */
class Page {
  readonly #httpServer: HttpServer;
  readonly #dashboard: Dashboard;
  readonly #metrics: Metrics;

  constructor(sv2: Sv2Connman, bind: Service, chain: string) {
    const httpServer = new HttpServer({ bind: [bind] });
    this.#httpServer = httpServer;
    this.#dashboard = new Dashboard({ sv2, httpServer, chain });
    this.#metrics = new Metrics({ sv2, httpServer });
    this.#metrics.add(this.#dashboard).attach(httpServer);
    this.#dashboard.attach(httpServer);
  }

  /** @returns The URL. @throws {SockManError} `ERR_SOCKMAN_SYSTEM`: the address cannot be bound. */
  start(): string {
    return `http://${String(this.#httpServer.start()[0])}/dashboard`;
  }

  /** Also where it was not started. */
  async stop(): Promise<void> {
    await this.#httpServer.stop();
    this.#dashboard.stop();
    this.#metrics.stop();
  }
}

async function showUntilTheEnd(server: Sv2Connman, io: CliIo, seconds: number | undefined): Promise<void> {
  const end = seconds === undefined ? io.signal : AbortSignal.any([io.signal, AbortSignal.timeout(seconds * 1_000)]);
  while (!end.aborted) {
    io.redraw?.(clientTable(server.clients(), Date.now(), io.columns));
    await sleep(systemClock, REDRAW_MS, end);
  }
}

/** A logger whose lines appear above the table on a terminal. */
function loggerOf(io: CliIo): Logger {
  const print = (line: string): void => io.print(line);
  return { debug: () => {}, info: print, warn: print, error: print };
}

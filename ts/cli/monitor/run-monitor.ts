// Runs a monitor for the command: live line, lines of JSON, metrics and a page.

import { Monitor } from '../../crawl/monitor/monitor.ts';
import type { MonitorOptions, MonitorPicture } from '../../crawl/monitor/monitor-options.ts';
import { duration, plain } from '../../crawl/report/format.ts';
import { HttpServer } from '../../http/http-server.ts';
import { Metrics } from '../../http/metrics/metrics.ts';
import type { Service } from '../../netaddr/service.ts';
import type { CliIo } from '../terminal/cli-io.ts';
import { complainingLogger, ofArguments, untilStopped } from '../run.ts';
import { breakFacts } from '../terminal/facts.ts';
import { jsonLine } from '../terminal/json-line.ts';
import { monitorMetrics } from './monitor-metrics.ts';
import { monitorPage, pageHeaders } from './monitor-page.ts';

/** Interval between live lines, in milliseconds; without a terminal it is longer. */
const REDRAW_MS = 500;
const LINE_MS = 10_000;

/** Options of the command, besides the monitor's. */
export interface MonitorShow {
  readonly isJson: boolean;
  /** Address of the page; undefined without one. */
  readonly http: Service | undefined;
  /** Duration; undefined until Ctrl-C. */
  readonly seconds: number | undefined;
}

/** Holds connections until it is told to end. @returns The exit code: 0 if any node was held. */
export async function runMonitor(
  options: MonitorOptions,
  { isJson, http, seconds }: MonitorShow,
  io: CliIo,
): Promise<number> {
  const crawl = { logger: complainingLogger(io), ...options.crawl };
  const monitor = ofArguments(() => new Monitor({ ...options, crawl }));
  let page: Page | undefined;
  let most = 0;
  const show = (): void => {
    const { picture } = monitor;
    most = Math.max(most, picture.held);
    if (isJson) io.print(jsonLine({ event: 'picture', ...picture }));
    else if (io.redraw === undefined) io.print(lineOf(picture));
    else io.redraw(breakFacts(lineOf(picture), io.columns));
  };
  try {
    page = http === undefined ? undefined : servePage(monitor, http);
    if (page !== undefined)
      io.print(isJson ? jsonLine({ event: 'http', url: page.url }) : `${page.url} and ${page.url}metrics`);
    monitor.start();
    const timer = setInterval(show, isJson || io.redraw === undefined ? LINE_MS : REDRAW_MS);
    await untilStopped(io.signal, seconds);
    clearInterval(timer);
    show();
  } finally {
    await monitor.stop();
    await page?.stop();
  }
  const { propagation } = monitor;
  io.redraw?.([]);
  if (isJson) io.print(jsonLine({ event: 'propagation', ...propagation }));
  else
    io.print(
      `at most ${most} nodes held; ${propagation.blocks.seen} blocks and ${propagation.transactions.seen} transactions announced`,
    );
  return most > 0 ? 0 : 1;
}

function lineOf({ held, dialing, known, networks, blocksSeen, transactionsSeen, pingMs }: MonitorPicture): string {
  const byNetwork = Object.entries(networks)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count}`);
  return `${held} held${byNetwork.length === 0 ? '' : ` (${byNetwork.join(' · ')})`} · ${dialing} dialing · ${known} known · ${blocksSeen} blocks · ${transactionsSeen} transactions · ping ${plain(duration(pingMs))}`;
}

interface Page {
  readonly url: string;
  stop(): Promise<void>;
}

function servePage(monitor: Monitor, bind: Service): Page {
  const server = new HttpServer({ bind: [bind] });
  const metrics = new Metrics({ httpServer: server }).add(monitorMetrics(monitor));
  metrics.attach(server);
  server.route('GET', '/', (request) => {
    for (const [name, value] of Object.entries(pageHeaders())) request.writeHeader(name, value);
    request.writeReply(200, monitorPage(monitor.picture, monitor.propagation));
  });
  const [bound] = server.start();
  return {
    url: `http://${String(bound)}/`,
    async stop() {
      await server.stop();
      metrics.stop();
    },
  };
}

// Prometheus itself scrapes a node: for some seconds, or for as many as `PROMETHEUS_SECONDS` says.

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Connman, PeerManager } from '../../ts/connman.ts';
import { HttpServer, Metrics } from '../../ts/http.ts';
import { noBuild } from '../harness/child.ts';

const SECONDS = Number(process.env['PROMETHEUS_SECONDS'] ?? 5);

const MAIN = join(import.meta.dirname, '..', '..', 'esm', 'cli', 'main.js');

const isMissing = spawnSync('prometheus', ['--version']).error !== undefined;
const reason = isMissing ? ' (skipped: no prometheus here, it is in the package of that name)' : '';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A port that was free a moment ago: Prometheus does not tell which it took. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The queries of the dashboard for Grafana, with what stands for its variables. */
function grafanaQueries(): string[] {
  const file = join(import.meta.dirname, '../../docs/grafana-sockman.json');
  const { panels } = JSON.parse(readFileSync(file, 'utf8')) as { panels: { targets: { expr: string }[] }[] };
  const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  expect(queries.length).toBeGreaterThan(15);
  return queries.map((expr) => expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '1m'));
}

interface Vector {
  data: { result: { metric: Record<string, string>; value: [number, string] }[] };
}

/** A Prometheus that scrapes one target each second, and ends with the test. */
class Prometheus {
  readonly #at: string;

  private constructor(at: string) {
    this.#at = at;
  }

  /** @param credentials - As `basic_auth` of its configuration has them. */
  static async start(target: string, credentials?: { username: string; password: string }): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'sockman-prometheus-'));
    closers.push(() => rmSync(folder, { recursive: true }));
    const job = {
      job_name: 'sockman',
      static_configs: [{ targets: [target] }],
      ...(credentials !== undefined && { basic_auth: credentials }),
    };
    // JSON is YAML too.
    const config = JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: [job] });
    writeFileSync(join(folder, 'prometheus.yml'), config);
    const at = `127.0.0.1:${await freePort()}`;
    const child = spawn(
      'prometheus',
      [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=${at}`],
      { stdio: 'ignore' },
    );
    closers.push(() => endOf(child));
    const started = new Prometheus(at);
    await expect.poll(() => started.valueOf('up').catch(() => NaN), { timeout: 20_000 }).toBe(1);
    return started;
  }

  async ask<T>(path: string): Promise<T> {
    return (await (await fetch(`http://${this.#at}/api/v1/${path}`)).json()) as T;
  }

  /** The first value of a query; NaN for none. */
  async valueOf(query: string): Promise<number> {
    const { data } = await this.ask<Vector>(`query?query=${encodeURIComponent(query)}`);
    return Number(data.result[0]?.value[1] ?? NaN);
  }

  /** Waits until it has scraped once for each second of the test, and checks that each scrape went well. */
  async scrape(): Promise<void> {
    const scrapes = (): Promise<number> => this.valueOf('http_requests_total{handler="/metrics",code="200"}');
    await expect.poll(scrapes, { timeout: SECONDS * 1_000 + 30_000, interval: 250 }).toBeGreaterThanOrEqual(SECONDS);
    const targets = await this.ask<{ data: { activeTargets: { health: string; lastError: string }[] } }>('targets');
    expect(targets.data.activeTargets).toMatchObject([{ health: 'up', lastError: '' }]);
    expect(await this.valueOf('min_over_time(up[1h])')).toBe(1);
  }
}

async function endOf(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill();
  await ended;
}

describe.skipIf(isMissing)(`Prometheus${reason}`, { timeout: 60_000 + SECONDS * 1_000 }, () => {
  it('scrapes a node each second, and answers with its figures', async () => {
    const connman = new Connman({ chain: 'regtest', bind: ['127.0.0.1:0'], noConnect: true });
    const peerManager = new PeerManager();
    const server = new HttpServer();
    const metrics = new Metrics({ connman, peerManager, httpServer: server, chain: 'regtest' });
    metrics.attach(server);
    const target = server.start()[0]!;
    await connman.start(peerManager);
    const other = new Connman({ chain: 'regtest', listen: false, connect: [String(connman.listeningAt[0])] });
    await other.start(new PeerManager());
    closers.push(
      () => metrics.stop(),
      () => server[Symbol.asyncDispose](),
      () => connman.stop(),
      () => other.stop(),
    );
    const prometheus = await Prometheus.start(String(target));
    await prometheus.scrape();
    expect(await prometheus.valueOf('sum(bitcoin_peers)')).toBe(1);
    expect(await prometheus.valueOf('sum(bitcoin_messages_total{direction="received",type="verack"})')).toBe(1);
    const turns = 'histogram_quantile(0.99, sum by (le) (sockman_turn_seconds_bucket{sockman="p2p"}))';
    expect(await prometheus.valueOf(turns)).toBeGreaterThan(0);
    for (const expr of grafanaQueries()) {
      const { status } = await prometheus.ask<{ status: string }>(`query?query=${encodeURIComponent(expr)}`);
      expect(status, expr).toBe('success');
    }
  });

  it.skipIf(noBuild !== undefined)('scrapes a running sockman node with its credentials', async () => {
    const args = ['node', '-regtest', '--rpc', '-rpcport=0', '-rpcuser=scraper', '-rpcpassword=secret'];
    const node = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    closers.push(() => endOf(node));
    let said = '';
    node.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    await expect.poll(() => said, { timeout: 20_000 }).toMatch(/RPC server at .*127\.0\.0\.1:\d+/);
    const target = /RPC server at .*(127\.0\.0\.1:\d+)/.exec(said)![1]!;
    const prometheus = await Prometheus.start(target, { username: 'scraper', password: 'secret' });
    await prometheus.scrape();
    expect(await prometheus.valueOf('bitcoin_info{chain="regtest"}')).toBe(1);
    expect(await prometheus.valueOf('process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
    // It brought a second node along, and the two have met.
    expect(await prometheus.valueOf('sum(bitcoin_peers)')).toBeGreaterThanOrEqual(1);
  });
});

// Prometheus itself scrapes a node: for some seconds, or for as many as `PROMETHEUS_SECONDS` says.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Connman, PeerManager } from '../../ts/connman.ts';
import { HttpServer, Metrics } from '../../ts/http.ts';

const SECONDS = Number(process.env['PROMETHEUS_SECONDS'] ?? 5);

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

describe.skipIf(isMissing)(`Prometheus${reason}`, () => {
  it(
    'scrapes a node each second, and answers with its figures',
    async () => {
      const connman = new Connman({ network: 'regtest', bind: ['127.0.0.1:0'], noConnect: true });
      const peerManager = new PeerManager();
      const server = new HttpServer();
      const metrics = new Metrics({ connman, peerManager, httpServer: server, chain: 'regtest' });
      metrics.attach(server);
      const target = server.start()[0]!;
      await connman.start(peerManager);
      const other = new Connman({ network: 'regtest', listen: false, connect: [String(connman.listeningAt[0])] });
      await other.start(new PeerManager());
      closers.push(
        () => metrics.stop(),
        () => server[Symbol.asyncDispose](),
        () => connman.stop(),
        () => other.stop(),
      );
      const folder = mkdtempSync(join(tmpdir(), 'sockman-prometheus-'));
      closers.push(() => rmSync(folder, { recursive: true }));
      writeFileSync(
        join(folder, 'prometheus.yml'),
        `global: { scrape_interval: 1s }\nscrape_configs:\n  - job_name: sockman\n    static_configs: [{ targets: ['${target}'] }]\n`,
      );
      const at = `127.0.0.1:${await freePort()}`;
      const prometheus = spawn(
        'prometheus',
        [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=${at}`],
        { stdio: 'ignore' },
      );
      closers.push(async () => {
        const ended = new Promise((resolve) => prometheus.once('exit', resolve));
        prometheus.kill();
        await ended;
      });
      const ask = async <T>(path: string): Promise<T> =>
        (await (await fetch(`http://${at}/api/v1/${path}`)).json()) as T;
      const valueOf = async (query: string): Promise<number> => {
        const { data } = await ask<Vector>(`query?query=${encodeURIComponent(query)}`);
        return Number(data.result[0]?.value[1] ?? NaN);
      };
      const isUp = (): Promise<number> => valueOf('up').catch(() => NaN);
      await expect.poll(isUp, { timeout: 20_000 }).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
      const targets = await ask<{ data: { activeTargets: { health: string; lastError: string }[] } }>('targets');
      expect(targets.data.activeTargets).toMatchObject([{ health: 'up', lastError: '' }]);
      expect(await valueOf('sum(bitcoin_peers)')).toBe(1);
      expect(await valueOf('min_over_time(up[1h])')).toBe(1);
      expect(await valueOf('sum(bitcoin_messages_total{direction="received",type="verack"})')).toBe(1);
      expect(
        await valueOf('histogram_quantile(0.99, sum by (le) (sockman_turn_seconds_bucket{sockman="p2p"}))'),
      ).toBeGreaterThan(0);
      for (const expr of grafanaQueries()) {
        const { status } = await ask<{ status: string }>(`query?query=${encodeURIComponent(expr)}`);
        expect(status, expr).toBe('success');
      }
      expect(await valueOf('http_requests_total{handler="/metrics"}')).toBeGreaterThanOrEqual(SECONDS - 2);
    },
    60_000 + SECONDS * 1_000,
  );
});

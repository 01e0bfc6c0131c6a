// A node and a server with traffic on them, and what a scrape tells of it.

import { spawnSync } from 'node:child_process';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { AddrMan, BanMan, Connman, PeerManager } from '../../../ts/connman.ts';
import { HttpServer, Metrics } from '../../../ts/http.ts';
import { Service } from '../../../ts/index.ts';
import { fromWithin } from '../../connman/world.ts';
import { noteProgress, until } from '../../harness/until.ts';
import { readMetrics, sampleOf } from './prometheus-text.ts';

const closers: (() => unknown)[] = [];

// Nodes tell nobody what happens inside them: tests that await that look every few milliseconds.
const looking = setInterval(noteProgress, 5);
afterAll(() => clearInterval(looking));

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Two nodes, one of which dials the other and has an HTTP server with metrics. */
async function measuredNode() {
  const other = new Connman({ chain: 'regtest', bind: ['127.0.0.1:0'], noConnect: true });
  const otherPeerManager = new PeerManager();
  const otherMetrics = new Metrics({ connman: other, peerManager: otherPeerManager });
  await other.start(otherPeerManager);
  closers.push(() => other.stop());
  const addrMan = new AddrMan();
  addrMan.add(
    [{ service: Service.parse('8.8.8.8:8333'), services: 1n, timeSeconds: Math.floor(Date.now() / 1_000) }],
    Service.parse('9.9.9.9:8333').address,
  );
  const banMan = new BanMan();
  const connman = new Connman({ chain: 'regtest', listen: false, connect: [String(other.listeningAt[0])], banMan });
  const peerManager = new PeerManager({ addressBook: addrMan, banMan });
  const server = new HttpServer({ handlerSlots: 1, workQueueDepth: 1 });
  const metrics = new Metrics({ connman, peerManager, addrMan, banMan, httpServer: server, chain: 'regtest' });
  metrics.attach(server);
  closers.push(() => metrics.stop());
  const at = `http://${server.start()[0]}`;
  closers.push(() => server[Symbol.asyncDispose]());
  await connman.start(peerManager);
  closers.push(() => connman.stop());
  const ready = (): boolean => [...connman.nodes()].some(({ isSuccessfullyConnected }) => isSuccessfullyConnected);
  await until('a peer', ready);
  const scrape = async (accept = '*/*') => (await fetch(`${at}/metrics`, { headers: { accept } })).text();
  return { other, otherPeerManager, otherMetrics, connman, peerManager, banMan, server, metrics, at, scrape };
}

describe('a scrape', () => {
  it('tells of sockets, peers, messages, addresses, bans, answers and the process', async () => {
    const { connman, peerManager, banMan, at, scrape } = await measuredNode();
    banMan.ban('1.2.3.4');
    peerManager.sendPings();
    await until('a ping', () => peerManager.counts.pingSeconds.count > 0);
    for (const path of ['/x', '/x?y', '/metrics']) await fetch(`${at}${path}`);
    const families = readMetrics(await scrape());
    const value = (name: string, labels = ''): number | undefined => sampleOf(families, name, labels);
    expect(
      value('bitcoin_peers', 'direction="out",network="not_publicly_routable",connection_type="manual",transport="v2"'),
    ).toBe(1);
    expect(value('bitcoin_connect_attempts_total', 'network="not_publicly_routable",result="ok"')).toBe(1);
    expect(value('bitcoin_transport_handshakes_total', 'version="v2",result="ok"')).toBe(1);
    expect(value('bitcoin_messages_total', 'direction="sent",type="version"')).toBe(1);
    expect(value('bitcoin_message_bytes_total', 'direction="received",type="pong"')).toBeGreaterThan(8);
    expect(value('bitcoin_ping_seconds_count')).toBeGreaterThan(0);
    expect(value('bitcoin_addrman_addresses', 'network="ipv4",table="new"')).toBe(1);
    expect(value('bitcoin_banned')).toBe(1);
    expect(value('bitcoin_net_bytes_total', 'direction="sent"')).toBe(connman.getNetTotals().totalbytessent);
    expect(value('sockman_connections', 'sockman="p2p"')).toBe(1);
    expect(value('sockman_dialed_total', 'sockman="p2p"')).toBe(1);
    expect(value('sockman_turn_seconds_count', 'sockman="p2p"')).toBeGreaterThan(0);
    expect(value('http_requests_total', 'handler="none",method="GET",code="404"')).toBe(2);
    expect(value('http_requests_total', 'handler="/metrics",method="GET",code="200"')).toBe(1);
    expect(value('http_request_seconds_count', 'handler="/metrics"')).toBe(1);
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(1e7);
    expect(value('process_open_fds')).toBeGreaterThan(3);
    expect(value('nodejs_eventloop_lag_seconds', 'quantile="0.99"')).toBeGreaterThanOrEqual(0);
  });

  it('counts how connections end', async () => {
    const { other, otherPeerManager, otherMetrics, connman, scrape } = await measuredNode();
    otherPeerManager.misbehaving([...other.nodes()][0]!.id, 'for a test');
    await until('the end', () => connman.getNodeCount() === 0);
    const hung = readMetrics(await scrape());
    expect(sampleOf(hung, 'bitcoin_disconnects_total', 'reason="peer"')).toBe(1);
    expect(sampleOf(hung, 'sockman_closed_total', 'sockman="p2p",reason="eof"')).toBe(1);
    const families = readMetrics(otherMetrics.text());
    otherMetrics.stop();
    expect(sampleOf(families, 'bitcoin_misbehaving_total')).toBe(1);
    expect(sampleOf(families, 'bitcoin_disconnects_total', 'reason="misbehaving"')).toBe(1);
    expect(sampleOf(families, 'sockman_closed_total', 'sockman="p2p",reason="local"')).toBe(1);
  });

  it('has nothing of what peers say of themselves', async () => {
    const { connman, scrape } = await measuredNode();
    for (const node of connman.nodes()) fromWithin(node).cleanSubVer = 'x"} 1\nevil{a="';
    const text = await scrape();
    readMetrics(text);
    expect(text).not.toContain('evil');
    expect(text).not.toContain('127.0.0.1');
  });

  it('has no counter that goes down while peers come and go', async () => {
    const { connman, server, scrape } = await measuredNode();
    server.route('GET', '/x', (request) => request.writeReply(200));
    const before = readMetrics(await scrape());
    connman.setNetworkActive(false);
    await until('nobody', () => connman.getNodeCount() === 0);
    const after = readMetrics(await scrape());
    for (const [name, { type, samples }] of before) {
      if (type === 'gauge') continue;
      for (const [key, value] of samples) expect(after.get(name)!.samples.get(key), key).toBeGreaterThanOrEqual(value);
    }
    expect(sampleOf(after, 'bitcoin_disconnects_total', 'reason="network_inactive"')).toBe(1);
  });

  it('is answered while the work queue is full', async () => {
    const { server, at, scrape } = await measuredNode();
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    server.route('GET', '/slow', async (request) => {
      await gate;
      request.writeReply(200);
    });
    const slow = [1, 2, 3].map(() => fetch(`${at}/slow`));
    await until('a full queue', () => server.httpStats().queueRejected === 1);
    const families = readMetrics(await scrape());
    expect(sampleOf(families, 'http_queue_depth')).toBe(1);
    expect(sampleOf(families, 'http_queue_rejected_total')).toBe(1);
    release();
    await Promise.all(slow);
  });

  it('comes as OpenMetrics to who asks for that', async () => {
    const { at, scrape } = await measuredNode();
    const accept = 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5';
    const families = readMetrics(await scrape(accept), 'openmetrics');
    expect(sampleOf(families, 'bitcoin_evictions_total')).toBe(0);
    const { headers } = await fetch(`${at}/metrics`, { method: 'HEAD', headers: { accept } });
    expect(headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
  });

  it('is refused by a guard', async () => {
    const server = new HttpServer();
    const guard = (request: { writeReply(status: number): void }): void => request.writeReply(401);
    new Metrics({ httpServer: server }).attach(server, { guard });
    const at = `http://${server.start()[0]}`;
    closers.push(() => server[Symbol.asyncDispose]());
    expect((await fetch(`${at}/metrics`)).status).toBe(401);
    expect((await fetch(`${at}/metrics`, { headers: { authorization: 'Basic eDp5' } })).status).toBe(401);
  });

  const promtool = spawnSync('promtool', ['--version']);
  const missing = promtool.error === undefined ? '' : ' (skipped: no promtool here, it is in the package prometheus)';
  it.skipIf(missing !== '')(`passes promtool under load${missing}`, async () => {
    const { at, scrape } = await measuredNode();
    let isOver = false;
    const load = [1, 2, 3, 4].map(async () => {
      while (!isOver) await (await fetch(`${at}/metrics`)).text();
    });
    const text = await scrape();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    isOver = true;
    await Promise.all(load);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});

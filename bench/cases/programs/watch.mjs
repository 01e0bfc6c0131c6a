// What does monitoring cost: a scrape of a node with ten thousand peers, and open pages?
//
//   node bench/cases/programs/watch.mjs [--smoke]     needs a built package (npm run build:ts)
//
// Peers are in memory; pages are in another process on loopback. The goals: a scrape under 20 ms, 16 pages under 1 % of a
// core.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Connman, PeerManager } from '../../../esm/connman.js';
import { Dashboard } from '../../../esm/dashboard.js';
import { HttpServer, Metrics } from '../../../esm/http.js';
import { MemoryNetwork } from '../../../esm/testing.js';
import { CHAIN_PARAMS } from '../../../modules/p2p/chain-params.js';
import { encodeMessage } from '../../../modules/p2p/messages/registry.js';
import { NO_VERSION_ADDRESS } from '../../../modules/p2p/messages/version.js';
import { V1Transport } from '../../../modules/p2p/transport/v1.js';
import { describeProcess } from '../../lib/micro.mjs';

const { values: options } = parseArgs({ options: { smoke: { type: 'boolean', default: false } } });
const SCRAPED_PEERS = options.smoke ? 200 : 10_000;
const WATCHED_PEERS = options.smoke ? [20] : [125, 1_000];
const SCRAPES = options.smoke ? 3 : 50;
const PAGES = 16;
const SECONDS = options.smoke ? 2 : 15;

/** Interval of a talking peer's messages, in milliseconds: a ping each second. */
const CHATTER_MS = 1_000;

const { magic } = CHAIN_PARAMS.regtest;

/** Bytes of a peer that dials and completes its handshake. */
function greeting() {
  const transport = new V1Transport(magic);
  const version = {
    type: 'version',
    protocolVersion: 70_016,
    services: 9n,
    timeSeconds: Math.floor(Date.now() / 1_000),
    receiver: NO_VERSION_ADDRESS,
    sender: NO_VERSION_ADDRESS,
    nonce: 1n,
    userAgent: '/bench:1.0/',
    startHeight: 0,
    relay: true,
  };
  return Buffer.concat([version, { type: 'verack' }].map((message) => frame(transport, message)));
}

/** @param {V1Transport} transport @param {object} message */
function frame(transport, message) {
  const pieces = [];
  transport.setMessageToSend(encodeMessage(message));
  for (let bytes = transport.getBytesToSend(false).toSend; bytes.length > 0;) {
    pieces.push(bytes.slice());
    transport.markBytesSent(bytes.length);
    bytes = transport.getBytesToSend(false).toSend;
  }
  return Buffer.concat(pieces);
}

/** A node with this many peers. @param {number} count */
async function nodeWith(count) {
  const network = new MemoryNetwork({ autoRun: true, wallTimeMs: Date.now() });
  const { clock } = network;
  const connman = new Connman({
    chain: 'regtest',
    backend: network.createBackend,
    clock,
    bind: ['1.0.0.1:8333'],
    noConnect: true,
    maxConnections: count + 100,
    descriptorLimit: count + 1_000,
  });
  const peerManager = new PeerManager({ clock });
  await connman.start(peerManager);
  const hello = greeting();
  const peers = [];
  for (let index = 0; index < count; index++) {
    const peer = network.connect(
      '1.0.0.1:8333',
      `${(index % 200) + 20}.${index >> 8}.${index % 256}.1:${10_000 + (index % 50_000)}`,
    );
    peer.send(hello);
    peers.push(peer);
    if (index % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const ready = () => [...connman.nodes()].filter((node) => node.isSuccessfullyConnected).length;
  // Nearly all: on a busy machine a peer may time out.
  while (ready() < count * 0.99) await new Promise((resolve) => setTimeout(resolve, 50));
  return { connman, peerManager, clock, peers };
}

async function measureScrape() {
  const { connman, peerManager } = await nodeWith(SCRAPED_PEERS);
  const server = new HttpServer();
  const metrics = new Metrics({ connman, peerManager, httpServer: server });
  const times = [];
  let text = '';
  for (let count = 0; count < SCRAPES; count++) {
    const startedAt = performance.now();
    text = metrics.text();
    times.push(performance.now() - startedAt);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  times.sort((a, b) => a - b);
  const [median, worst] = [times[times.length >> 1], times.at(-1)];
  console.log(
    `scrape of ${SCRAPED_PEERS} peers: median ${median.toFixed(2)} ms, worst of ${SCRAPES} ${worst.toFixed(2)} ms, ${text.length} characters`,
  );
  metrics.stop();
  server.closeSockets();
  await connman.stop();
}

/** Sixteen clients of the stream in a process of their own. */
const CLIENTS = `
  const { get } = require('node:http');
  let bytes = 0;
  for (let count = 0; count < ${PAGES}; count++) get(process.argv[1], (answer) => answer.on('data', (piece) => (bytes += piece.length)));
  process.on('message', () => { process.send(bytes); process.exit(0); });
`;

/** @param {number} peerCount */
async function measurePages(peerCount) {
  const { connman, peerManager, clock, peers } = await nodeWith(peerCount);
  const server = new HttpServer({ maxConnections: 64 });
  const dashboard = new Dashboard({ connman, peerManager, httpServer: server, clock });
  dashboard.attach(server);
  const at = server.start()[0];
  const transport = new V1Transport(magic);
  const ping = frame(transport, { type: 'ping', nonce: 7n });
  // A tenth of the peers send a message each second, as on the real network.
  let turn = 0;
  const chatter = setInterval(() => {
    for (let index = turn++ % 10; index < peers.length; index += 10) peers[index].send(ping);
    for (const peer of peers) peer.take();
  }, CHATTER_MS);
  const unwatched = await cpuShare();
  const clients = spawn(process.execPath, ['-e', CLIENTS, `http://${at}/events`], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  while (dashboard.clientCount < PAGES) await new Promise((resolve) => setTimeout(resolve, 50));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const watched = await cpuShare();
  clients.send('over');
  const [bytes] = await once(clients, 'message');
  clearInterval(chatter);
  const cost = ((watched - unwatched) * 100).toFixed(2);
  console.log(
    `${PAGES} pages on a node of ${peerCount} peers, a tenth of which talk: ${cost} % of a core ` +
      `(${(watched * 100).toFixed(2)} % with, ${(unwatched * 100).toFixed(2)} % without), ${Math.round(bytes / (SECONDS + 1) / 1_000)} KB/s for all`,
  );
  dashboard.stop();
  server.interruptNet();
  server.closeSockets();
  await connman.stop();
}

/** CPU time of this process as a share of the wall time, over some time. */
async function cpuShare() {
  const before = process.cpuUsage();
  const startedAt = performance.now();
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / (performance.now() - startedAt);
}

console.log(describeProcess());
await measureScrape();
for (const count of WATCHED_PEERS) await measurePages(count);

// The measured process of the soak: a node with RPC and metrics, and sockets that dial when they are told.
// `node --expose-gc server.mjs` with a channel of messages: it says where everything listens, then answers `dial` and `sample`.

import { readdirSync } from 'node:fs';
import { HttpServer, Metrics } from '../../../esm/http.js';
import { createSockMan } from '../../../esm/index.js';
import { Connman, PeerManager } from '../../../esm/connman.js';
import { CHAIN_PARAMS } from '../../../esm/p2p/index.js';
import { RpcAuth, RpcServer, nodeMethods } from '../../../esm/rpc.js';

const connman = new Connman({ chain: 'regtest', bind: ['127.0.0.1:0'], noConnect: true });
const peerManager = new PeerManager();
const http = new HttpServer({ bind: ['127.0.0.1:0'], maxConnections: 64 });
const auth = new RpcAuth({ user: 'soak', password: 'soak' });
const rpc = new RpcServer({ auth, methods: nodeMethods({ chain: CHAIN_PARAMS.regtest, connman, peerManager }) });
new Metrics({ connman, peerManager, httpServer: http, rpc, chain: 'regtest' }).attach(http);
rpc.attach(http);

/** What a dial hears and sends: as much as it was told. */
const wanted = new Map();
const dialer = createSockMan({
  eventGotData(nodeId, data) {
    const one = wanted.get(nodeId);
    if (one !== undefined && (one.left -= data.length) <= 0) dialer.endConnection(nodeId);
  },
  eventConnectionClosed(nodeId) {
    wanted.get(nodeId)?.resolve();
    wanted.delete(nodeId);
  },
});

/** Dials, sends `bytes` and hears them back, or learns that it cannot. */
async function dial({ to, proxy, bytes }) {
  const options = proxy === undefined ? {} : { proxy: { endpoint: proxy, streamIsolation: true } };
  const { nodeId } = await dialer.connectAndMakeNodeId(to, options);
  if (nodeId === undefined) return false;
  await new Promise((resolve) => {
    wanted.set(nodeId, { left: bytes, resolve });
    dialer.queueBytes(nodeId, new Uint8Array(bytes));
  });
  return true;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What is left once everybody is gone and what is garbage is collected. */
async function sample() {
  const isBusy = () =>
    connman.getPeerStats().length > 0 || dialer.connectionCount > 0 || http.httpStats().connections > 0;
  for (let tries = 0; isBusy() && tries < 200; tries++) await pause(20);
  for (let round = 0; round < 3; round++) {
    globalThis.gc();
    await pause(10);
  }
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return {
    isBusy: isBusy(),
    rss,
    heapUsed,
    external,
    arrayBuffers,
    descriptors: readdirSync('/proc/self/fd').length,
    handles: process.getActiveResourcesInfo().length,
  };
}

process.on('message', async ({ id, ask, dials }) => {
  if (ask === 'dial') process.send({ id, answer: await Promise.all(dials.map(dial)) });
  if (ask === 'sample') process.send({ id, answer: await sample() });
  if (ask === 'stop') {
    for (const one of [http, connman]) await one.stop();
    await dialer.close();
    process.send({ id, answer: readdirSync('/proc/self/fd').length });
    process.disconnect();
  }
});

// Nobody asks any more: a soak that was killed leaves no server behind.
process.once('disconnect', () => process.exit());

dialer.startSocketsThreads();
const [httpAt] = http.start();
await connman.start(peerManager);
rpc.finishWarmup();
process.send({ p2p: String(connman.listeningAt[0]), http: String(httpAt) });

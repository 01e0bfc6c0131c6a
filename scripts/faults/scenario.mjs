// What runs while system calls fail: listens, accepts, dials, dials through a SOCKS5 proxy, sends more than kernels take, ends in
// order and by reset, does the same on a Unix-domain socket, serves HTTP, opens, saves and closes the data folder of a node, and
// crawls a node with a folder of records if asked. `node scenario.mjs FOLDER [crawl] [patient]`
//
// Any step may fail, as the API says: by a result or an event. Writes FOLDER.json: what came of each step, which
// descriptors are left, and how much of the processor all took.

import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Crawler, readRecords } from '../../esm/crawl.js';
import { HttpServer } from '../../esm/http.js';
import { Service, createSockMan } from '../../esm/index.js';
import { Connman, PeerManager, openDataFolder } from '../../esm/connman.js';
import { CHAIN_PARAMS } from '../../esm/p2p/index.js';

const folder = process.argv[2];
/** A step that goes on for longer waits for what will not come, unless all has to come; that of the node waits for disks. */
const STEP_MS = process.argv.includes('patient') ? 20_000 : 3_000;
const NODE_STEP_MS = 20_000;
/** What receives nothing is ended by force after half a minute. */
const HTTP_END_MS = 35_000;
/** A crawl waits for a disk that refuses, until it is told to stop. */
const CRAWL_MS = 8_000;
const LARGE = new Uint8Array(4_000_000);
const GRANTED = Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 80]);
const done = {};

const DESCRIPTORS = '/proc/self/fd';
/** Which are open, and what each is. The one that reads the folder is gone. */
function openDescriptors() {
  const open = new Map();
  for (const descriptor of readdirSync(DESCRIPTORS)) {
    try {
      open.set(descriptor, readlinkSync(join(DESCRIPTORS, descriptor)));
    } catch {
      continue;
    }
  }
  return open;
}

/** Runs a step; what it throws must be an error with a code of ours, or of the system. */
async function step(name, run, stepMs = STEP_MS) {
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, stepMs, 'late')));
  try {
    done[name] = (await Promise.race([run(), late])) ?? 'done';
  } catch (error) {
    done[name] = error.code ?? `uncoded: ${error.stack}`;
  } finally {
    clearTimeout(timer);
  }
}

/** A server that echoes, and one that answers as a proxy which grants everything and then echoes. */
function echoServer(isProxy) {
  const greeted = new Map();
  const server = createSockMan({
    eventGotData(nodeId, data) {
      const steps = greeted.get(nodeId) ?? 0;
      if (!isProxy || steps >= 2) return void server.queueBytes(nodeId, data);
      greeted.set(nodeId, steps + 1);
      server.queueBytes(nodeId, steps === 0 ? Buffer.from([5, 0]) : GRANTED);
    },
    shouldTryToRecv: (nodeId) => server.queuedBytesOf(nodeId) === 0,
    eventGotEOF: (nodeId) => server.endConnection(nodeId),
    eventGotPermanentReadError: (nodeId) => server.closeConnection(nodeId),
  });
  server.startSocketsThreads();
  return server;
}

/** Sends all of it, hears as much, and ends. */
async function talk(client, heard, to, options) {
  const dialed = await client.connectAndMakeNodeId(to, options);
  if (dialed.nodeId === undefined) return dialed.errmsg;
  let at = 0;
  const ended = new Promise((resolve) => heard.set(dialed.nodeId, { bytes: 0, resolve }));
  const send = () => {
    while (at < LARGE.length) {
      const sent = client.sendBytes(dialed.nodeId, LARGE.subarray(at));
      if (sent <= 0) return sent < 0 ? client.closeConnection(dialed.nodeId) : undefined;
      at += sent;
    }
    return undefined;
  };
  heard.get(dialed.nodeId).send = send;
  send();
  return ended;
}

const before = openDescriptors();
const server = echoServer(false);
const proxy = echoServer(true);
const heard = new Map();
const client = createSockMan({
  eventReadyToSend(nodeId) {
    heard.get(nodeId)?.send?.();
    return false;
  },
  eventGotData(nodeId, data) {
    const one = heard.get(nodeId);
    if ((one.bytes += data.length) === LARGE.length) client.shutdownSend(nodeId);
  },
  eventGotEOF: (nodeId) => client.closeConnection(nodeId),
  eventGotPermanentReadError: (nodeId) => client.closeConnection(nodeId),
  eventConnectionClosed(nodeId) {
    const one = heard.get(nodeId);
    one?.resolve(one.bytes === LARGE.length ? 'done' : 'closed');
  },
});
client.startSocketsThreads();

let bound;
let proxyBound;
await step('listen', async () => {
  const result = server.bindAndStartListening('127.0.0.1:0');
  ({ bound } = result);
  return result.errmsg;
});
await step('listen as proxy', async () => {
  const result = proxy.bindAndStartListening('127.0.0.1:0');
  proxyBound = result.bound;
  return result.errmsg;
});
if (bound !== undefined) await step('dial and talk', () => talk(client, heard, bound));
if (bound !== undefined) await step('dial again', () => talk(client, heard, bound));
if (proxyBound !== undefined) {
  await step('dial through a proxy', () => talk(client, heard, '192.0.2.1:80', { proxy: { endpoint: proxyBound } }));
}
await step('reset', async () => {
  const { nodeId } = bound === undefined ? {} : await client.connectAndMakeNodeId(bound);
  if (nodeId !== undefined) client.resetConnection(nodeId);
});
await step('Unix-domain', async () => {
  const { bound: path, errmsg } = server.bindAndStartListening(`unix:${folder}.sock`);
  return path === undefined ? errmsg : talk(client, heard, path);
});
const http = new HttpServer({ bind: ['127.0.0.1:0'] });
await step('HTTP', serveHttp);
for (const one of [client, proxy, server]) await one[Symbol.asyncDispose]();
await step('end of HTTP', () => http.stop(), HTTP_END_MS);

/** Answers a request of a client that says nothing else. */
async function serveHttp() {
  http.route('GET', '/', (request) => request.writeReply(200, 'hello\n'));
  const [at] = http.start();
  const { nodeId, errmsg } = await client.connectAndMakeNodeId(at);
  if (nodeId === undefined) return errmsg;
  const answered = new Promise((resolve) => heard.set(nodeId, { bytes: 0, resolve }));
  if (client.queueBytes(nodeId, Buffer.from('GET / HTTP/1.0\r\n\r\n')) < 0) client.closeConnection(nodeId);
  await answered;
  return undefined;
}

async function runNode() {
  const remembered = await openDataFolder(folder, CHAIN_PARAMS.regtest);
  const node = new Connman({ chain: 'regtest', bind: ['127.0.0.1:0'], noConnect: true, ...remembered });
  try {
    await node.start(new PeerManager({ ...remembered }));
  } finally {
    await node.stop();
  }
}

/** One round over one node, whose record has to be in the folder behind it. A disk that refuses is waited for, until the end. */
async function crawl() {
  const node = new Connman({ chain: 'regtest', bind: ['127.0.0.1:0'], noConnect: true });
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(), CRAWL_MS);
  try {
    await node.start(new PeerManager());
    const seeds = node.listeningAt.map((at) => ({ service: Service.parse(String(at)), source: 'given' }));
    const options = {
      chain: 'regtest',
      folder: `${folder}-crawl`,
      followsLocal: true,
      seeds,
      attempts: 1,
      clear: { quietMs: 100, deadlineMs: 2_000 },
    };
    await new Crawler(options, {}).run(end.signal);
    if (end.signal.aborted) return 'stopped';
    const outcomes = [];
    await readRecords(join(`${folder}-crawl`, 'records.ndjson'), (record) => outcomes.push(record.outcome));
    return outcomes.includes('reachable') ? undefined : `records: ${outcomes.join(' ')}`;
  } finally {
    clearTimeout(timer);
    await node.stop();
  }
}
await step('node', runNode, NODE_STEP_MS);
if (process.argv.includes('crawl')) await step('crawl', crawl, NODE_STEP_MS);
const { user, system } = process.cpuUsage();
const left = [...openDescriptors()].filter(([descriptor, what]) => before.get(descriptor) !== what);
// Not to standard output: what Node makes of that depends on calls that fail, too.
writeFileSync(
  `${folder}.json`,
  JSON.stringify({ done, left: left.map(([, what]) => what), cpuMs: Math.round((user + system) / 1_000) }),
);

// Very many connections to one SockMan. Usage: node many.mjs SCENARIO COUNT
//
//   echo    connect, echo a line, close: again and again, up to COUNT; descriptors return
//   silent  COUNT connect and never send: next to no CPU, and one that speaks is served at once
//   rst     COUNT connect, send and reset
//   unread  COUNT ask for more and never read: memory stays bounded

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { setImmediate as nextPass, setTimeout as timePassing } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createSockMan } from '../../../esm/index.js';

const [scenario, countText] = process.argv.slice(2);
const COUNT = Number(countText);
/** Dials under way at a time: fewer than a backlog. */
const AT_A_TIME = 200;
const LINE = Buffer.from('hello\n');
/** One per cent of a second. */
const IDLE_CPU_US = 10_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
function memoryInUse() {
  collectGarbage();
  const { external, heapUsed } = process.memoryUsage();
  return external + heapUsed;
}

const countDescriptors = () => readdirSync('/proc/self/fd').length;

const server = createSockMan({
  eventGotData(nodeId, data) {
    if (scenario === 'unread') flood(nodeId);
    else server.sendBytes(nodeId, data);
  },
  eventReadyToSend(nodeId) {
    if (flooded.has(nodeId)) flood(nodeId);
    return false;
  },
});

const BLOCK = new Uint8Array(65_536);
const flooded = new Set();
function flood(nodeId) {
  flooded.add(nodeId);
  while (server.sendBytes(nodeId, BLOCK) === BLOCK.length);
}

const waiting = new Map();
let mayReceive = true;
const client = createSockMan({
  eventGotData(nodeId) {
    waiting.get(nodeId)?.();
  },
  ...(scenario === 'unread' ? { shouldTryToRecv: () => mayReceive } : {}),
});

server.startSocketsThreads();
client.startSocketsThreads();
const before = countDescriptors();
const { bound, errmsg } = server.bindAndStartListening('127.0.0.1:0');
assert.ok(bound, errmsg);

async function dial() {
  const { nodeId, errmsg: failure } = await client.connectAndMakeNodeId(bound, { timeoutMs: 30_000 });
  assert.notEqual(nodeId, undefined, failure);
  return nodeId;
}

async function echo(nodeId) {
  const answered = new Promise((resolve) => waiting.set(nodeId, resolve));
  client.sendBytes(nodeId, LINE);
  await answered;
  waiting.delete(nodeId);
}

/** Runs `job` COUNT times, `AT_A_TIME` at a time. */
async function often(job) {
  let started = 0;
  const run = async () => {
    while (started++ < COUNT) await job();
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, run));
}

const passes = async (condition) => {
  while (!condition()) await nextPass();
};

const scenarios = {
  async echo() {
    await often(async () => {
      const nodeId = await dial();
      await echo(nodeId);
      client.closeConnection(nodeId);
    });
    await passes(() => server.connectionCount === 0);
    assert.equal(server.stats().accepted, COUNT);
    assert.equal(server.stats().receivedBytes, COUNT * LINE.length);
  },
  async silent() {
    const heap = process.memoryUsage().rss;
    await often(dial);
    await passes(() => server.connectionCount === COUNT);
    const perConnection = (process.memoryUsage().rss - heap) / COUNT;
    // Both ends live here, and RSS is rough: this is against growth by kilobytes, the bench has the exact figure.
    assert.ok(perConnection < 8_192, `${Math.round(perConnection)} bytes for a connection`);
    const turns = server.stats().turns;
    // V8 tidies up after so many dials: the first second in which it rests shows what the connections cost.
    const seconds = [];
    do {
      const cpu = process.cpuUsage();
      await timePassing(1_000);
      const { user, system } = process.cpuUsage(cpu);
      seconds.push(user + system);
    } while (seconds.at(-1) >= IDLE_CPU_US && seconds.length < 10);
    assert.ok(seconds.at(-1) < IDLE_CPU_US, `idle, but us of CPU in each second: ${seconds}`);
    assert.equal(server.stats().turns, turns);
    await echo(await dial());
  },
  async rst() {
    await often(async () => {
      const nodeId = await dial();
      client.sendBytes(nodeId, LINE);
      client.resetConnection(nodeId);
    });
    // Behind all of them. Peers that reset before they were accepted are none for node-net, which does not know who they were.
    await echo(await dial());
    await passes(() => server.connectionCount === 1);
    if (server.backendName !== 'node-net') assert.equal(server.stats().accepted, COUNT + 1);
  },
  async unread() {
    const before = memoryInUse();
    await often(async () => {
      const nodeId = await dial();
      mayReceive = false;
      client.sendBytes(nodeId, LINE);
    });
    await passes(() => flooded.size === COUNT);
    for (let pass = 0; pass < 100; pass++) await nextPass();
    const grown = memoryInUse() - before;
    // The kernel holds what it took. node-net holds up to 256 KiB to send and about 128 KiB read ahead, and streams.
    const bound = COUNT * 1024 * (server.backendName === 'node-net' ? 640 : 64);
    assert.ok(grown < bound, `${grown} bytes of memory for peers that do not read`);
  },
};

await scenarios[scenario]();
client.closeSockets();
server.closeSockets();
for (let pass = 0; pass < 5; pass++) await nextPass();
assert.ok(countDescriptors() <= before, `${countDescriptors()} descriptors, ${before} before`);
await client[Symbol.asyncDispose]();
await server[Symbol.asyncDispose]();

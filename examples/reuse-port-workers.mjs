// One port, several threads: each worker has a SockMan of its own and listens with `reusePort`, and the kernel deals the
// connections out among them. Nothing is shared, and node ids count from 0 in each.
//
// Usage: node examples/reuse-port-workers.mjs [WORKERS] [CONNECTIONS]
// The main thread dials all connections, has each echo a line, and prints how many every worker served.

import { once } from 'node:events';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { createSockMan } from 'sockman';

if (isMainThread) await runMain(Number(process.argv[2] ?? 4), Number(process.argv[3] ?? 400));
else runWorker(workerData);

async function runMain(workerCount, connectionCount) {
  // The first worker takes a free port, the others the same one.
  const workers = [];
  let address = '127.0.0.1:0';
  for (let index = 0; index < workerCount; index++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: address });
    [address] = await once(worker, 'message');
    workers.push(worker);
  }
  console.log(`${workerCount} workers listen at ${address}`);

  await echoFromAll(address, connectionCount);

  for (const [index, worker] of workers.entries()) {
    worker.postMessage('how many?');
    const [accepted] = await once(worker, 'message');
    console.log(`worker ${index} served ${accepted} connections`);
    await worker.terminate();
  }
}

/** Dials `count` connections and resolves when each has got its line back. */
async function echoFromAll(address, count) {
  const line = Buffer.from('hello\n');
  const missing = new Map();
  let allEchoed;
  const done = new Promise((resolve) => {
    allEchoed = resolve;
  });
  const client = createSockMan({
    eventGotData(nodeId, data) {
      missing.set(nodeId, missing.get(nodeId) - data.length);
      if ([...missing.values()].every((bytes) => bytes === 0)) allEchoed();
    },
  });
  client.startSocketsThreads();
  const dials = await Promise.all(Array.from({ length: count }, () => client.connectAndMakeNodeId(address)));
  for (const { nodeId, errmsg } of dials) {
    if (nodeId === undefined) throw new Error(errmsg);
    missing.set(nodeId, line.length);
  }
  for (const { nodeId } of dials) client.sendBytes(nodeId, line);
  await done;
  await client[Symbol.asyncDispose]();
}

function runWorker(address) {
  const server = createSockMan(
    { eventGotData: (nodeId, data) => void server.sendBytes(nodeId, data) },
    { reusePort: true },
  );
  const result = server.bindAndStartListening(address);
  if (!result.ok) throw new Error(result.errmsg);
  server.startSocketsThreads();
  parentPort.on('message', () => parentPort.postMessage(server.stats().accepted));
  parentPort.postMessage(result.bound.toString());
}

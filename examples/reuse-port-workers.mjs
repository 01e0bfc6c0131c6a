// One port, several threads: each worker has a SockMan of its own and listens with `reusePort`, and the kernel deals the
// connections out among them. Nothing is shared, and node ids count from 0 in each.
//
// Usage: node examples/reuse-port-workers.mjs [WORKERS] [CONNECTIONS]
// The main thread dials all connections, has each echo a line, and prints how many every worker served.

import { EventEmitter, once } from 'node:events';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { createSockMan } from 'sockman';

if (isMainThread) await runMain(Number(process.argv[2] ?? 4), Number(process.argv[3] ?? 400));
else runWorker(workerData);

/**
 * @param {number} workerCount
 * @param {number} connectionCount
 */
async function runMain(workerCount, connectionCount) {
  // The first worker takes a free port, the others the same one.
  /** @type {Worker[]} */
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

/**
 * Dials `count` connections and resolves when each has got its line back.
 *
 * @param {string} address
 * @param {number} count
 */
async function echoFromAll(address, count) {
  const line = Buffer.from('hello\n');
  let missing = count * line.length;
  const echoed = new EventEmitter();
  const client = createSockMan({
    eventGotData(nodeId, data) {
      missing -= data.length;
      if (missing === 0) echoed.emit('all');
    },
  });
  client.startSocketsThreads();
  const dials = await Promise.all(Array.from({ length: count }, () => client.connectAndMakeNodeId(address)));
  const all = once(echoed, 'all');
  for (const { nodeId, errmsg } of dials) {
    if (nodeId === undefined) throw new Error(errmsg);
    client.queueBytes(nodeId, line);
  }
  await all;
  await client[Symbol.asyncDispose]();
}

/** @param {string} address */
function runWorker(address) {
  const server = createSockMan(
    {
      eventGotData: (nodeId, data) => void server.queueBytes(nodeId, data),
      shouldTryToRecv: (nodeId) => server.queuedBytesOf(nodeId) === 0,
    },
    { reusePort: true },
  );
  const result = server.bindAndStartListening(address);
  if (!result.ok) throw new Error(result.errmsg);
  server.startSocketsThreads();
  parentPort?.on('message', () => parentPort?.postMessage(server.stats().accepted));
  parentPort?.postMessage(result.bound.toString());
}

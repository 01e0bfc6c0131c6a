// Worker threads with a SockMan each, terminated in the middle of traffic or of a callback: descriptors return.
// Usage: node workers.mjs traffic|callback ROUNDS

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import net from 'node:net';
import { Worker } from 'node:worker_threads';

const [where, rounds] = process.argv.slice(2);
const WORKERS = 3;
const CONNECTIONS = 20;
const busy = where === 'callback';

const countDescriptors = () => readdirSync('/proc/self/fd').length;

async function round() {
  const workers = Array.from(
    { length: WORKERS },
    () => new Worker(new URL('worker-node.mjs', import.meta.url), { workerData: { busy } }),
  );
  await Promise.all(
    workers.map(async (worker) => {
      const [port] = await once(worker, 'message');
      const sockets = Array.from({ length: CONNECTIONS }, () => net.connect(port, '127.0.0.1'));
      for (const socket of sockets) {
        socket.on('error', () => {});
        await once(socket, 'connect');
      }
      const block = Buffer.alloc(65_536);
      let echoed = 0;
      const flowing = new Promise((resolve) => {
        for (const socket of sockets) {
          socket.on('data', (data) => {
            echoed += data.length;
            if (echoed > 1_000_000) resolve();
            if (!socket.destroyed) socket.write(block);
          });
        }
      });
      const isBusy = busy ? once(worker, 'message') : flowing;
      for (const socket of sockets) socket.write(block);
      await isBusy;
      await worker.terminate();
      await Promise.all(sockets.map((socket) => (socket.destroyed ? undefined : once(socket.destroy(), 'close'))));
    }),
  );
}

// The first round opens what the runtime keeps for itself.
await round();
const before = countDescriptors();
for (let count = 0; count < Number(rounds); count++) await round();
assert.equal(countDescriptors(), before);

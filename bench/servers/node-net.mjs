// The same job on node:net, written for speed: no pipe, no copies, a flowing socket that is paused only when a write asks
// for it. Run as `node node-net.mjs MODE`; modes and first line of output are those of epoll.c.

import { createServer } from 'node:net';

const mode = process.argv[2] ?? 'echo';

/** Most bytes queued for one slow receiver of broadcasts. */
const MOST_PENDING_BYTES = 16 * 1024 * 1024;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** @type {Set<import('node:net').Socket>} */
const receivers = new Set();

function relay(from, data) {
  for (const socket of receivers) {
    if (socket === from) continue;
    socket.write(data);
    if (socket.writableLength > MOST_PENDING_BYTES) socket.destroy();
  }
}

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  if (mode !== 'echo') socket.write('!');
  if (mode === 'broadcast') {
    receivers.add(socket);
    socket.on('close', () => receivers.delete(socket));
    socket.on('data', (data) => relay(socket, data));
    return;
  }
  socket.on('data', (data) => {
    if (mode === 'storm' && data.length > 1) Atomics.wait(sleeper, 0, 0, data.length);
    if (!socket.write(data)) socket.pause();
  });
  socket.on('drain', () => socket.resume());
});

server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  console.log(JSON.stringify({ port: server.address().port }));
});
process.on('SIGUSR2', () => globalThis.gc?.());

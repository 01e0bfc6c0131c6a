// The same job on Bun's own sockets. Run as `bun bun.mjs MODE`; modes and first line of output are those of epoll.c.

const mode = process.argv[2] ?? 'echo';

/** Most bytes queued for one slow receiver of broadcasts. */
const MOST_PENDING_BYTES = 16 * 1024 * 1024;

const sleeper = new Int32Array(new SharedArrayBuffer(4));
const receivers = new Set();

/** Sends what the kernel takes and keeps a copy of the rest, in `socket.data`; `write` returns the bytes sent. */
function sendOrKeep(socket, bytes) {
  const sent = socket.data === undefined ? Math.max(0, socket.write(bytes)) : 0;
  if (sent === bytes.length) return;
  const rest = bytes.subarray(sent);
  socket.data = Buffer.concat(socket.data === undefined ? [rest] : [socket.data, rest]);
  if (mode !== 'broadcast') socket.pause();
  else if (socket.data.length > MOST_PENDING_BYTES) socket.terminate();
}

const server = Bun.listen({
  hostname: '127.0.0.1',
  port: 0,
  socket: {
    open(socket) {
      socket.setNoDelay(true);
      if (mode !== 'echo') sendOrKeep(socket, Buffer.from('!'));
      if (mode === 'broadcast') receivers.add(socket);
    },
    data(socket, bytes) {
      if (mode === 'storm' && bytes.length > 1) Atomics.wait(sleeper, 0, 0, bytes.length);
      if (mode !== 'broadcast') return sendOrKeep(socket, bytes);
      for (const receiver of receivers) if (receiver !== socket) sendOrKeep(receiver, bytes);
    },
    drain(socket) {
      if (socket.data === undefined) return;
      const sent = Math.max(0, socket.write(socket.data));
      socket.data = sent === socket.data.length ? undefined : socket.data.subarray(sent);
      if (socket.data === undefined && mode !== 'broadcast') socket.resume();
    },
    close(socket) {
      receivers.delete(socket);
    },
    error() {},
  },
});

console.log(JSON.stringify({ port: server.port, version: `Bun ${Bun.version}` }));
process.on('SIGUSR2', () => Bun.gc(true));

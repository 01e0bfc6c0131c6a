// `GET /SIZE` on `HttpServer`: SIZE times the letter x, above 1 MiB as a stream of 64 KiB pieces. First line of output as http-epoll.c.

import { HttpServer } from '../../esm/http.js';

const bodies = new Map();
const piece = new Uint8Array(65_536).fill(120);

function bodyOf(size) {
  let body = bodies.get(size);
  if (body === undefined) bodies.set(size, (body = 'x'.repeat(size)));
  return body;
}

async function stream(request, size) {
  const reply = request.startStream(200, { contentLength: size });
  for (let left = size; left > 0; left -= piece.length) {
    if (!reply.write(left < piece.length ? piece.subarray(0, left) : piece)) await reply.drained();
  }
  reply.end();
}

const server = new HttpServer({ maxConnections: 100_000, idleTimeoutSeconds: 0 });
server.route(
  'GET',
  '/',
  (request) => {
    const size = Number(request.target.slice(1));
    if (size > 1_048_576) return stream(request, size);
    request.writeReply(200, bodyOf(size));
  },
  { prefix: true },
);
const [address] = server.start();
console.log(JSON.stringify({ port: address.port, version: `SockMan ${server.backendName}` }));
process.on('SIGUSR2', () => globalThis.gc?.());

// `GET /SIZE` on node:http: SIZE times the letter x, above 1 MiB in 64 KiB pieces. First line of output as http-epoll.c.

import { once } from 'node:events';
import { createServer } from 'node:http';

const bodies = new Map();
const piece = Buffer.alloc(65_536, 'x');

function bodyOf(size) {
  let body = bodies.get(size);
  if (body === undefined) bodies.set(size, (body = 'x'.repeat(size)));
  return body;
}

async function stream(response, size) {
  response.writeHead(200, { 'Content-Length': size });
  for (let left = size; left > 0; left -= piece.length) {
    if (!response.write(left < piece.length ? piece.subarray(0, left) : piece)) await once(response, 'drain');
  }
  response.end();
}

const server = createServer((request, response) => {
  const size = Number(request.url.slice(1));
  if (size > 1_048_576) return void stream(response, size);
  response.writeHead(200, { 'Content-Type': 'text/html; charset=ISO-8859-1', 'Content-Length': size });
  response.end(bodyOf(size));
});
server.keepAliveTimeout = 0;
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  console.log(JSON.stringify({ port: server.address().port, version: `node:http ${process.version}` }));
});
process.on('SIGUSR2', () => globalThis.gc?.());

// `GET /SIZE` on Bun.serve: SIZE times the letter x. First line of output as http-epoll.c.

const bodies = new Map();

function bodyOf(size) {
  let body = bodies.get(size);
  if (body === undefined) bodies.set(size, (body = 'x'.repeat(size)));
  return body;
}

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  idleTimeout: 0,
  fetch(request) {
    const { url } = request;
    return new Response(bodyOf(Number(url.slice(url.lastIndexOf('/') + 1))), {
      headers: { 'Content-Type': 'text/html; charset=ISO-8859-1' },
    });
  },
});

console.log(JSON.stringify({ port: server.port, version: `Bun.serve ${Bun.version}` }));
process.on('SIGUSR2', () => Bun.gc(true));

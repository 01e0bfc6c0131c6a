// A web server in ten lines. Usage: node examples/http-hello.mjs [ADDRESS]

import { HttpServer } from 'sockman/http';

const bind = [process.argv[2] ?? '127.0.0.1:8080'];
const server = new HttpServer({ bind, defaultContentType: 'text/plain; charset=utf-8' });
server.route('GET', '/hello', (request) => request.writeReply(200, `hello ${request.query('name') ?? 'world'}\n`));
server.route('POST', '/echo', (request) => request.writeReply(200, request.body));
const [address] = server.start();
console.log(`http://${address}/hello`);
process.once('SIGINT', () => void server.stop());

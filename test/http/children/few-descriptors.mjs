// An HTTP server in a process with few descriptors: says its port, then what it warns of, and serves until its input ends. See
// many.test.ts.

import { HttpServer } from '../../../esm/http.js';

const quiet = () => {};
const logger = { debug: quiet, info: quiet, warn: (text) => console.log(text), error: (text) => console.log(text) };
const server = new HttpServer({ bind: ['127.0.0.1:0'], maxConnections: 10_000, logger });
server.route('GET', '/hello', (request) => request.writeReply(200, 'hello'));
console.log(server.start()[0].port);
process.stdin.resume();
await new Promise((resolve) => process.stdin.once('end', resolve));
await server.stop();

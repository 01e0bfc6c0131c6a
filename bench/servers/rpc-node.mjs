// `getconnectioncount` on node:http with JSON.parse, with the checks of an RPC server: method and path of the request,
// credentials (a salted hash, compared in constant time), the fields of the call, its arguments.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const MOST_BODY_BYTES = 33_554_432;
const USER = 'bench';
const salt = randomBytes(16).toString('hex');
const hashOf = (password) => createHmac('sha256', salt).update(password).digest();
const hash = hashOf('bench');

const methods = new Map([['getconnectioncount', { most: 0, call: () => 0 }]]);

function isKnown(header) {
  if (!header?.startsWith('Basic ')) return false;
  const text = Buffer.from(header.slice(6), 'base64').toString();
  const colon = text.indexOf(':');
  return text.slice(0, colon) === USER && timingSafeEqual(hashOf(text.slice(colon + 1)), hash);
}

function answer(body) {
  let id = null;
  try {
    const request = JSON.parse(body);
    if (typeof request !== 'object' || request === null)
      throw { code: -32700, message: 'Top-level object parse error' };
    id = request.id;
    if (request.jsonrpc !== '2.0') throw { code: -32600, message: 'JSON-RPC version not supported' };
    if (typeof request.method !== 'string') throw { code: -32600, message: 'Missing method' };
    const params = request.params ?? [];
    if (!Array.isArray(params)) throw { code: -32600, message: 'Params must be an array or object' };
    const method = methods.get(request.method);
    if (method === undefined) throw { code: -32601, message: 'Method not found' };
    if (params.length > method.most) throw { code: -1, message: 'help' };
    return { jsonrpc: '2.0', result: method.call(params), id };
  } catch (error) {
    return { jsonrpc: '2.0', error: { code: error.code ?? -32700, message: error.message }, id };
  }
}

const server = createServer((request, response) => {
  if (request.method !== 'POST' || request.url !== '/') return void response.writeHead(405).end();
  if (!isKnown(request.headers.authorization)) return void response.writeHead(401).end();
  const chunks = [];
  let length = 0;
  request.on('data', (chunk) => {
    length += chunk.length;
    if (length > MOST_BODY_BYTES) return void response.writeHead(413).end();
    chunks.push(chunk);
  });
  request.on('end', () => {
    const text = `${JSON.stringify(answer(Buffer.concat(chunks).toString()))}\n`;
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
    response.end(text);
  });
});
server.keepAliveTimeout = 0;
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  console.log(JSON.stringify({ port: server.address().port, version: `node:http ${process.version}` }));
});

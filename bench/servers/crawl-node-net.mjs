// The yardstick of the crawl bench: the same visit over V1 (version, verack, getaddr, ping, addresses) in plain `node:net`,
// as somebody would write it in an afternoon. A socket, a Buffer and a Map of strings; no rates, no journal, no V2.
//
//   node bench/servers/crawl-node-net.mjs SEED CONCURRENCY QUIET_MS

import { createHash } from 'node:crypto';
import { connect } from 'node:net';

const MAGIC = Buffer.from('fabfb5da', 'hex');
const [, , seed, concurrency, quietMs] = process.argv;
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

function message(type, payload = Buffer.alloc(0)) {
  const header = Buffer.alloc(24);
  MAGIC.copy(header);
  header.write(type, 4, 'latin1');
  header.writeUInt32LE(payload.length, 16);
  sha256(sha256(payload)).copy(header, 20, 0, 4);
  return Buffer.concat([header, payload]);
}

function version() {
  const payload = Buffer.alloc(98);
  payload.writeInt32LE(70_016, 0);
  payload.writeBigInt64LE(BigInt(Math.floor(Date.now() / 1_000)), 12);
  payload.writeBigUInt64LE(7n, 72);
  payload[80] = 12;
  payload.write('/node-net:1/', 81, 'latin1');
  return message('version', payload);
}

const known = new Map();
const waiting = [];
let inFlight = 0;
let reachable = 0;
let told = 0;

function learn(address, port) {
  const key = `${address}:${port}`;
  if (known.has(key)) return;
  known.set(key, false);
  waiting.push([address, port]);
}

function readAddresses(payload) {
  let at = payload[0] < 0xfd ? 1 : 3;
  const count = payload[0] < 0xfd ? payload[0] : payload.readUInt16LE(1);
  for (let index = 0; index < count; index++) {
    at += 4;
    const first = payload[at];
    at += first < 0xfd ? 1 : first === 0xfd ? 3 : first === 0xfe ? 5 : 9;
    const network = payload[at++];
    const length = payload[at++];
    if (network === 1) {
      const address = `${payload[at]}.${payload[at + 1]}.${payload[at + 2]}.${payload[at + 3]}`;
      learn(address, payload.readUInt16BE(at + 4));
    }
    at += length + 2;
  }
  told += count;
  return count;
}

function visit([host, port]) {
  inFlight++;
  let buffered = Buffer.alloc(0);
  let quiet;
  const socket = connect({ host, port });
  const timer = setTimeout(() => socket.destroy(), 60_000);
  socket.on('connect', () => socket.write(version()));
  socket.on('data', (chunk) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
    while (buffered.length >= 24) {
      const length = buffered.readUInt32LE(16);
      if (buffered.length < 24 + length) return;
      const type = buffered.toString('latin1', 4, 16).replace(/\0+$/, '');
      const payload = buffered.subarray(24, 24 + length);
      if (buffered.readUInt32LE(20) !== sha256(sha256(payload)).readUInt32LE(0)) return void socket.destroy();
      buffered = buffered.subarray(24 + length);
      if (type === 'version')
        socket.write(Buffer.concat([message('sendaddrv2'), message('verack'), message('getaddr')]));
      else if (type === 'verack') {
        reachable++;
        socket.write(message('ping', Buffer.alloc(8, 1)));
      } else if (type === 'addrv2' && readAddresses(payload) > 1) {
        clearTimeout(quiet);
        quiet = setTimeout(() => socket.destroy(), Number(quietMs));
      }
    }
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    clearTimeout(timer);
    clearTimeout(quiet);
    inFlight--;
    next();
  });
}

function next() {
  while (inFlight < Number(concurrency) && waiting.length > 0) visit(waiting.shift());
  if (inFlight === 0 && waiting.length === 0) {
    process.send({
      reachable,
      known: known.size,
      told,
      ms: performance.now() - startedMs,
      cpu: process.cpuUsage(),
      rss: process.resourceUsage().maxRSS,
    });
    process.disconnect();
  }
}

const startedMs = performance.now();
const [host, port] = seed.split(':');
learn(host, Number(port));
next();

// The yardstick of the crawl bench: the same visit over V1 (version, verack, getaddr, ping, addresses) in plain `node:net`,
// as somebody would write it in an afternoon, with a record of it. A socket, a Buffer and a Map of strings; no rates, no journal,
// no spam defence, no V2.
//
//   node bench/servers/crawl-node-net.mjs SEED CONCURRENCY QUIET_MS

import { connect } from 'node:net';
import { greeting, ping, sha256, version } from '../lib/visit-messages.mjs';

const [, , seed, concurrency, quietMs] = process.argv;
const known = new Map();
const waiting = [];
let inFlight = 0;
let reachable = 0;
let told = 0;

function learn(address, port) {
  const key = `${address}:${port}`;
  if (known.has(key)) return 0;
  known.set(key, false);
  waiting.push([address, port]);
  return 1;
}

/** @returns Count, how many were new, and the median age. */
function readAddresses(payload) {
  const nowSeconds = Math.floor(Date.now() / 1_000);
  let at = payload[0] < 0xfd ? 1 : 3;
  const count = payload[0] < 0xfd ? payload[0] : payload.readUInt16LE(1);
  const ages = [];
  let newCount = 0;
  for (let index = 0; index < count; index++) {
    ages.push(Math.max(0, nowSeconds - payload.readUInt32LE(at)));
    at += 4;
    const first = payload[at];
    at += first < 0xfd ? 1 : first === 0xfd ? 3 : first === 0xfe ? 5 : 9;
    const network = payload[at++];
    const length = payload[at++];
    if (network === 1) {
      const address = `${payload[at]}.${payload[at + 1]}.${payload[at + 2]}.${payload[at + 3]}`;
      newCount += learn(address, payload.readUInt16BE(at + 4));
    }
    at += length + 2;
  }
  return { count, newCount, age: ages.sort((a, b) => a - b)[(count - 1) >> 1] };
}

function readVersion(payload) {
  const length = payload[80];
  return {
    protocolVersion: payload.readInt32LE(0),
    services: payload.readBigUInt64LE(4).toString(16).padStart(16, '0'),
    timeOffsetSeconds: Number(payload.readBigInt64LE(12)) - Math.floor(Date.now() / 1_000),
    userAgent: payload.toString('utf8', 81, 81 + length),
    startHeight: payload.readInt32LE(81 + length),
    relay: payload[85 + length] !== 0,
  };
}

/** What is done with a record: as in crawl-sockman.mjs. */
function note({ outcome }) {
  if (outcome === 'reachable') reachable++;
}

function visit([host, port]) {
  inFlight++;
  const startedMs = performance.now();
  const record = { address: host, port, outcome: 'unreachable', addressCount: 0, newAddressCount: 0, features: [] };
  let buffered = Buffer.alloc(0);
  let quiet;
  const socket = connect({ host, port });
  const timer = setTimeout(() => socket.destroy(), 60_000);
  const handle = (type, payload) => {
    if (type === 'version') {
      Object.assign(record, readVersion(payload));
      socket.write(greeting());
    } else if (type === 'verack') {
      record.outcome = 'reachable';
      record.handshakeMs = performance.now() - startedMs - record.connectMs;
      socket.write(ping());
    } else if (type === 'pong') record.pingMs = performance.now() - startedMs - record.handshakeMs - record.connectMs;
    else if (type === 'addrv2') {
      const { count, newCount, age } = readAddresses(payload);
      record.addressCount += count;
      record.newAddressCount += newCount;
      record.addressAges = age;
      told += count;
      if (count <= 1) return;
      clearTimeout(quiet);
      quiet = setTimeout(() => socket.destroy(), Number(quietMs));
    } else if (record.outcome !== 'reachable') record.features.push(type);
  };
  socket.on('connect', () => {
    record.connectMs = performance.now() - startedMs;
    socket.write(version());
  });
  socket.on('data', (chunk) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
    while (buffered.length >= 24) {
      const length = buffered.readUInt32LE(16);
      if (buffered.length < 24 + length) return;
      const payload = buffered.subarray(24, 24 + length);
      if (buffered.readUInt32LE(20) !== sha256(sha256(payload)).readUInt32LE(0)) return void socket.destroy();
      handle(buffered.toString('latin1', 4, 16).replace(/\0+$/, ''), payload);
      buffered = buffered.subarray(24 + length);
    }
  });
  socket.on('error', ({ code }) => (record.code = code));
  socket.on('close', () => {
    clearTimeout(timer);
    clearTimeout(quiet);
    record.time = Date.now();
    record.bytesReceived = socket.bytesRead;
    record.bytesSent = socket.bytesWritten;
    note(record);
    inFlight--;
    next();
  });
}

let peakInFlight = 0;
function next() {
  while (inFlight < Number(concurrency) && waiting.length > 0) visit(waiting.shift());
  peakInFlight = Math.max(peakInFlight, inFlight);
  if (inFlight === 0 && waiting.length === 0) {
    process.send({
      reachable,
      known: known.size,
      peakInFlight,
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

// The yardstick of the crawl bench: the same visit over V1 (version, verack, getaddr, ping, addresses) in plain `node:net`,
// as one writes it in an afternoon, with the same record of it, and safe against what strangers send. A socket, a Buffer and a
// Map of strings; no rates, no journal, no spam defence, no V2.
//
//   node bench/servers/crawl-node-net.mjs SEED CONCURRENCY QUIET_MS

import { connect } from 'node:net';
import { MAGIC, greeting, ping, sha256, version } from '../lib/visit-messages.mjs';

/** Longest payload that a node sends, in bytes. */
const MAX_PAYLOAD_BYTES = 4_000_000;
const SERVICE_NAMES = {
  0: 'NETWORK',
  2: 'BLOOM',
  3: 'WITNESS',
  6: 'COMPACT_FILTERS',
  10: 'NETWORK_LIMITED',
  11: 'P2P_V2',
};

const [, , seed, concurrency, quietMs] = process.argv;
const known = new Map();
const waiting = [];
let inFlight = 0;
let reachable = 0;
let told = 0;

function learn(address, port, source) {
  const key = `${address}:${port}`;
  if (known.has(key)) return 0;
  known.set(key, source);
  waiting.push([address, port, key]);
  return 1;
}

/** @returns Count, how many were new, and the median age. */
function readAddresses(payload, source) {
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
      newCount += learn(address, payload.readUInt16BE(at + 4), source);
    }
    at += length + 2;
  }
  return { count, newCount, age: ages.sort((a, b) => a - b)[(count - 1) >> 1] };
}

function namesOf(services) {
  return Object.keys(SERVICE_NAMES)
    .filter((bit) => (services >> BigInt(bit)) & 1n)
    .map((bit) => SERVICE_NAMES[bit]);
}

/** IPv4 as a `version` has it: in IPv6 form. Undefined if the peer names no such address. */
function readOurAddress(payload) {
  const address = payload.subarray(28, 44);
  return address.readUInt16BE(10) === 0xffff
    ? `${address.subarray(12).join('.')}:${payload.readUInt16BE(44)}`
    : undefined;
}

function readVersion(payload) {
  const length = payload[80];
  const services = payload.readBigUInt64LE(4);
  return {
    protocolVersion: payload.readInt32LE(0),
    services: services.toString(16).padStart(16, '0'),
    serviceNames: namesOf(services),
    ourAddress: readOurAddress(payload),
    timeOffsetSeconds: Number(payload.readBigInt64LE(12)) - Math.floor(Date.now() / 1_000),
    userAgent: payload.toString('utf8', 81, 81 + length),
    startHeight: payload.readInt32LE(81 + length),
    relay: payload[85 + length] !== 0,
  };
}

/** Processes a record, as in crawl-sockman.mjs. */
function note({ outcome }) {
  if (outcome === 'reachable') reachable++;
}

function visit([host, port, key]) {
  inFlight++;
  const startedMs = performance.now();
  const record = {
    round: 1,
    address: host,
    port,
    network: 'ipv4',
    outcome: 'unreachable',
    step: 'connect',
    transport: 1,
    addressCount: 0,
    newAddressCount: 0,
    features: [],
    source: known.get(key),
    attempts: 1,
  };
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
      record.step = 'addresses';
      record.handshakeMs = performance.now() - startedMs - record.connectMs;
      socket.write(ping());
    } else if (type === 'pong') record.pingMs = performance.now() - startedMs - record.handshakeMs - record.connectMs;
    else if (type === 'addrv2') {
      const { count, newCount, age } = readAddresses(payload, key);
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
  const take = (chunk) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk]);
    while (buffered.length >= 24) {
      const length = buffered.readUInt32LE(16);
      if (buffered.readInt32BE(0) !== MAGIC.readInt32BE(0) || length > MAX_PAYLOAD_BYTES) throw new Error('no node');
      if (buffered.length < 24 + length) return;
      const payload = buffered.subarray(24, 24 + length);
      if (buffered.readUInt32LE(20) !== sha256(sha256(payload)).readUInt32LE(0)) throw new Error('wrong checksum');
      handle(buffered.toString('latin1', 4, 16).replace(/\0+$/, ''), payload);
      buffered = buffered.subarray(24 + length);
    }
  };
  socket.on('data', (chunk) => {
    try {
      take(chunk);
    } catch (error) {
      record.code = error.message;
      socket.destroy();
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
let begun = 0;
function next() {
  while (inFlight < Number(concurrency) && begun < waiting.length) visit(waiting[begun++]);
  peakInFlight = Math.max(peakInFlight, inFlight);
  if (inFlight === 0 && begun === waiting.length) {
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
learn(host, Number(port), 'given');
next();

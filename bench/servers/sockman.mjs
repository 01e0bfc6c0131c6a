// The same job on SockMan: a real subclass with virtual callbacks. Run as `node sockman.mjs MODE [BACKEND]`, where BACKEND
// is `native/epoll`, `native/poll` or `node-net`; without it SockMan chooses. Modes and first line of output are those of
// epoll.c.

import { Service, SockMan } from '../../esm/index.js';

const mode = process.argv[2] ?? 'echo';
const wanted = process.argv[3];
const [backend, poller] = wanted?.split('/') ?? [];
const options = { ...(backend && { backend }), ...(poller && { poller }) };

/** Most bytes kept for one slow receiver of broadcasts. */
const MOST_PENDING_BYTES = 16 * 1024 * 1024;
const GREETING = new Uint8Array([33]);

/** Echoes; while an echo is not fully sent its connection is not read, so at most one receive is kept for it. */
class EchoServer extends SockMan {
  /** Bytes that the kernel did not take yet, by node id. @type {Map<number, Uint8Array>} */
  pending = new Map();

  eventNewConnectionAccepted() {
    return true;
  }

  eventGotData(nodeId, data) {
    const sent = this.sendBytes(nodeId, data, false);
    if (sent < data.length) this.keepRest(nodeId, data, sent);
  }

  keepRest(nodeId, data, sent) {
    if (sent < 0) this.closeConnection(nodeId);
    else this.pending.set(nodeId, data.slice(sent));
  }

  shouldTryToRecv(nodeId) {
    return this.pending.size === 0 || !this.pending.has(nodeId);
  }

  eventReadyToSend(nodeId) {
    const rest = this.pending.get(nodeId);
    if (rest === undefined) return false;
    this.pending.delete(nodeId);
    const sent = this.sendBytes(nodeId, rest, false);
    if (sent < rest.length) this.keepRest(nodeId, rest, sent);
    return false;
  }

  eventGotEOF(nodeId) {
    this.forget(nodeId);
  }

  eventGotPermanentReadError(nodeId) {
    this.forget(nodeId);
  }

  forget(nodeId) {
    this.pending.delete(nodeId);
    this.closeConnection(nodeId);
  }
}

/** Greets with a byte. A message of two bytes or more is echoed after as many milliseconds of sleep. */
class StormServer extends EchoServer {
  sleeper = new Int32Array(new SharedArrayBuffer(4));

  eventNewConnectionAccepted(nodeId) {
    return this.sendBytes(nodeId, GREETING, false) === 1;
  }

  eventGotData(nodeId, data) {
    if (data.length > 1) Atomics.wait(this.sleeper, 0, 0, data.length);
    super.eventGotData(nodeId, data);
  }
}

/** Relays the messages of one connection to all others. */
class BroadcastServer extends SockMan {
  receivers = new Set();
  pending = new Map();

  eventNewConnectionAccepted(nodeId) {
    this.receivers.add(nodeId);
    return this.sendBytes(nodeId, GREETING, false) === 1;
  }

  eventGotData(nodeId, data) {
    const others = [];
    for (const receiver of this.receivers) if (receiver !== nodeId) others.push(receiver);
    const results = this.sendBytesMany(others, data, false);
    for (let i = 0; i < others.length; ++i) if (results[i] < data.length) this.keepRest(others[i], data, results[i]);
  }

  keepRest(nodeId, data, sent) {
    const before = this.pending.get(nodeId) ?? Buffer.alloc(0);
    const rest = Buffer.concat([before, data.subarray(Math.max(sent, 0))]);
    if (sent < 0 || rest.length > MOST_PENDING_BYTES) this.forget(nodeId);
    else this.pending.set(nodeId, rest);
  }

  eventReadyToSend(nodeId) {
    const rest = this.pending.get(nodeId);
    if (rest === undefined) return false;
    const sent = this.sendBytes(nodeId, rest, false);
    if (sent < 0) this.forget(nodeId);
    else if (sent < rest.length) this.pending.set(nodeId, rest.subarray(sent));
    else this.pending.delete(nodeId);
    return false;
  }

  eventGotEOF(nodeId) {
    this.forget(nodeId);
  }

  eventGotPermanentReadError(nodeId) {
    this.forget(nodeId);
  }

  forget(nodeId) {
    this.receivers.delete(nodeId);
    this.pending.delete(nodeId);
    this.closeConnection(nodeId);
  }
}

const Server = { echo: EchoServer, storm: StormServer, broadcast: BroadcastServer }[mode];
const server = new Server(options);
if (wanted !== undefined && server.backendName !== wanted)
  throw new Error(`no ${wanted} here but ${server.backendName}`);
const listening = server.bindAndStartListening(Service.parse('127.0.0.1:0'));
if (!listening.ok) throw new Error(listening.errmsg);
server.startSocketsThreads();
console.log(JSON.stringify({ port: listening.bound.port, version: `SockMan ${server.backendName}` }));
process.on('SIGUSR2', () => globalThis.gc?.());

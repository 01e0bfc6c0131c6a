// The honest peers, a process of their own: `node honest.mjs PORT PEERS`. Each pings twice a second, and measures how long
// the pong takes. Answers `ready` once all have made their handshake, and `report` with the times since the last report.

import { connect } from 'node:net';
import { MessageReader, frame, verack, version } from './frames.mjs';

const port = Number(process.argv[2]);
const count = Number(process.argv[3]);

const PING_MS = 500;
const REDIAL_MS = 200;

/** @type {number[]} */
let times = [];
let lost = 0;
let readyCount = 0;
/** Send times of the pings without an answer so far. @type {Set<{ sentMs: number }>} */
const waiting = new Set();

function join() {
  const socket = connect({ host: '127.0.0.1', port });
  socket.setNoDelay(true);
  const reader = new MessageReader();
  /** @type {Map<string, { sentMs: number }>} */
  const pings = new Map();
  let nonce = 0;
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const ping = () => {
    const payload = Buffer.alloc(8);
    payload.writeUInt32LE(++nonce);
    const entry = { sentMs: performance.now() };
    pings.set(payload.toString('hex'), entry);
    waiting.add(entry);
    socket.write(frame('ping', payload));
  };
  socket.on('connect', () => socket.write(version()));
  socket.on('error', () => {});
  socket.on('data', (chunk) =>
    reader.take(chunk, (type, payload) => {
      if (type === 'version') socket.write(verack);
      else if (type === 'ping') socket.write(frame('pong', payload));
      else if (type === 'verack') {
        readyCount++;
        timer = setTimeout(() => {
          ping();
          timer = setInterval(ping, PING_MS);
        }, Math.random() * PING_MS);
      } else if (type === 'pong') {
        const entry = pings.get(payload.toString('hex'));
        if (entry === undefined) return;
        pings.delete(payload.toString('hex'));
        waiting.delete(entry);
        times.push(performance.now() - entry.sentMs);
      }
    }),
  );
  socket.on('close', () => {
    clearInterval(timer);
    for (const entry of pings.values()) waiting.delete(entry);
    if (timer !== undefined) {
      readyCount--;
      lost++;
    }
    setTimeout(join, REDIAL_MS);
  });
}

for (let index = 0; index < count; index++) join();

process.on('message', (/** @type {string} */ request) => {
  if (request === 'ready') return process.send?.({ readyCount });
  const nowMs = performance.now();
  // Unanswered pings have waited at least this long.
  const all = [...times, ...[...waiting].map(({ sentMs }) => nowMs - sentMs).filter((ms) => ms > PING_MS)];
  all.sort((a, b) => a - b);
  process.send?.({ count: all.length, p50Ms: all[all.length >> 1], worstMs: all.at(-1), lost });
  times = [];
  lost = 0;
});
process.on('disconnect', () => process.exit(0));

// The attackers, in a process of their own: `node attackers.mjs PORT ATTACK=PEERS…`. They begin at `go`, answer `report`
// with what was done, and end with the channel to the parent.

import { connect } from 'node:net';
import { attackOf } from './attacks.mjs';
import { MessageReader, verack, version } from './frames.mjs';

const [portText, ...crowds] = process.argv.slice(2);
const port = Number(portText);

/** How long an attacker that was disconnected stays away, and how long one that comes and goes stays, in milliseconds. */
const REDIAL_MS = 50;
/** Time limit of a handshake, after which the next one begins, in milliseconds. */
const HANDSHAKE_MS = 2_000;
const DRIP_MS = 10;
/** Attackers that come and go at the same time. */
const AT_A_TIME = 16;

let takenBytes = 0;
let handshakes = 0;
let connections = 0;

/** Loopback addresses, one for each attacker. @param {number} index */
const addressOf = (index) => `127.1.${1 + (index >> 7)}.${1 + (index & 127)}`;

/** @param {string | undefined} localAddress */
function dial(localAddress) {
  const socket = connect({ host: '127.0.0.1', port, ...(localAddress !== undefined && { localAddress }) });
  socket.setNoDelay(true);
  socket.on('connect', () => connections++);
  socket.on('error', () => {});
  socket.on('close', () => (takenBytes += socket.bytesWritten - socket.writableLength));
  return socket;
}

/** @param {import('node:net').Socket} socket @param {() => void} onReady */
function shakeHands(socket, onReady) {
  const reader = new MessageReader();
  let isReady = false;
  socket.on('connect', () => socket.write(version()));
  socket.on('data', (chunk) => {
    // Later bytes are ignored: the attackers must not become the bottleneck.
    if (isReady) return;
    reader.take(chunk, (type) => {
      if (type === 'version') socket.write(verack);
      if (type !== 'verack' || isReady) return;
      isReady = true;
      handshakes++;
      onReady();
    });
  });
}

/** @param {import('node:net').Socket} socket @param {Buffer} bytes */
function keepSending(socket, bytes) {
  const send = () => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on('drain', send);
  send();
}

/** @param {import('node:net').Socket} socket @param {Buffer} bytes */
function drip(socket, bytes) {
  let at = 0;
  const timer = setInterval(() => socket.write(bytes.subarray(at % bytes.length, (at++ % bytes.length) + 1)), DRIP_MS);
  socket.on('close', () => clearInterval(timer));
}

/** Open connections, for the report. @type {Set<import('node:net').Socket>} */
const open = new Set();

/** The attackers of one attack. */
class Crowd {
  /** @param {import('./attacks.mjs').Attack} attack @param {number} peers */
  constructor(attack, peers) {
    this.attack = attack;
    this.peers = peers;
    this.bytes = attack.bytes();
    this.nextAddress = 0;
  }

  go() {
    const { attack, peers } = this;
    const isComingAndGoing = ['handshakes', 'poison', 'churn'].includes(attack.kind);
    if (attack.kind === 'handshakes') this.#fillSlots();
    const count = isComingAndGoing ? Math.min(AT_A_TIME, peers) : peers;
    for (let index = 0; index < count; index++) {
      if (isComingAndGoing) this.#comeAndGo();
      else this.#attackOnce();
    }
  }

  #attackOnce() {
    const { attack, bytes } = this;
    const socket = dial(undefined);
    open.add(socket);
    socket.on('close', () => {
      open.delete(socket);
      setTimeout(() => this.#attackOnce(), REDIAL_MS);
    });
    if (attack.kind === 'garbage') {
      socket.on('connect', () => socket.write(bytes));
      socket.resume();
      return;
    }
    shakeHands(socket, () => {
      if (attack.neverReads) socket.pause();
      if (attack.kind === 'drip') drip(socket, bytes);
      else if (attack.kind === 'once') socket.write(bytes);
      else keepSending(socket, bytes);
    });
  }

  /**
   * Connects, makes its handshake unless it is in a hurry, stays for a while or until it is disconnected, and connects
   * again.
   */
  #comeAndGo() {
    const { attack, peers } = this;
    const isHandshake = attack.kind !== 'churn';
    const socket = dial(isHandshake ? addressOf(this.nextAddress++ % peers) : undefined);
    open.add(socket);
    const timer = setTimeout(() => socket.destroy(), HANDSHAKE_MS);
    socket.on('close', () => {
      clearTimeout(timer);
      open.delete(socket);
      setImmediate(() => this.#comeAndGo());
    });
    const stay = () => {
      if (attack.kind === 'poison') socket.write(attack.bytes());
      // A counted attacker is replaced at once: otherwise the slower a node disconnects, the fewer attackers come.
      if (attack.kind === 'handshakes') socket.destroy();
      else setTimeout(() => socket.destroy(), REDIAL_MS);
    };
    if (isHandshake) shakeHands(socket, stay);
    else socket.on('connect', () => socket.resetAndDestroy());
  }

  /** Fills the slots that the honest peers leave free. */
  #fillSlots() {
    for (let index = 0; index < this.peers / 4; index++) shakeHands(dial(addressOf(index)), () => {});
  }
}

const all = crowds.map((crowd) => {
  const at = crowd.lastIndexOf('=');
  return new Crowd(attackOf(crowd.slice(0, at)), Number(crowd.slice(at + 1)));
});

process.on('message', (/** @type {string} */ request) => {
  if (request === 'go') return all.forEach((crowd) => crowd.go());
  let openBytes = 0;
  for (const socket of open) openBytes += socket.bytesWritten - socket.writableLength;
  process.send?.({ takenBytes: takenBytes + openBytes, handshakes, connections });
});
process.on('disconnect', () => process.exit(0));

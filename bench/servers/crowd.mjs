// The other ends of p2p-crowd: connections that only stay open, or peers that shake hands over V2 and answer pings.
// Run as `node crowd.mjs bare|connman` with a channel of messages; each `do` gets one answer.

import { randomBytes } from 'node:crypto';
import { Service, SockMan } from '../../esm/index.js';
import {
  CHAIN_PARAMS,
  NO_VERSION_ADDRESS,
  PROTOCOL_VERSION,
  Services,
  V2Transport,
  decodeMessage,
  encodeMessage,
} from '../../esm/p2p/index.js';

const speaks = process.argv[2] === 'connman';
const { magic } = CHAIN_PARAMS.regtest;

/** Dials in progress: fewer than fit into a listener's queue. */
const WINDOW = 100;

const VERSION = {
  type: 'version',
  protocolVersion: PROTOCOL_VERSION,
  services: Services.P2P_V2,
  timeSeconds: Math.floor(Date.now() / 1_000),
  receiver: NO_VERSION_ADDRESS,
  sender: NO_VERSION_ADDRESS,
  nonce: 1n,
  userAgent: '/crowd/',
  startHeight: 0,
  relay: true,
};

class Crowd extends SockMan {
  /** @type {Map<number, { transport: V2Transport, queue: object[], isReady: () => void }>} */
  peers = new Map();
  invCount = 0;
  onInv = () => {};
  onPong = () => {};

  /** Dials, and resolves when the other side has pinged, which shows that it has our `verack`. */
  async join(port) {
    const { nodeId, errmsg } = await this.connectAndMakeNodeId(Service.parse(`127.0.0.1:${port}`));
    if (nodeId === undefined) throw new Error(errmsg);
    if (!speaks) return void this.peers.set(nodeId, {});
    await new Promise((resolve) => {
      const transport = new V2Transport({ magic, isInitiator: true, randomBytes });
      this.peers.set(nodeId, { transport, queue: [VERSION], isReady: resolve });
      this.wake(nodeId);
    });
  }

  hangUp() {
    for (const nodeId of this.peers.keys()) this.closeConnection(nodeId);
    this.peers.clear();
  }

  eventNewConnectionAccepted() {
    return false;
  }

  shouldTryToSend(nodeId) {
    const peer = this.peers.get(nodeId);
    if (peer?.transport === undefined) return false;
    const { toSend, more } = peer.transport.getBytesToSend(peer.queue.length > 0);
    return toSend.length > 0 || more;
  }

  eventReadyToSend(nodeId) {
    const peer = this.peers.get(nodeId);
    if (peer?.transport === undefined) return false;
    const { transport, queue } = peer;
    for (;;) {
      if (queue.length > 0 && transport.setMessageToSend(encodeMessage(queue[0]))) queue.shift();
      const { toSend, more } = transport.getBytesToSend(queue.length > 0);
      if (toSend.length === 0) return false;
      const sent = this.sendBytes(nodeId, toSend, more);
      if (sent < 0) throw new Error(this.errmsgOf(sent));
      transport.markBytesSent(sent);
      if (sent < toSend.length) return true;
    }
  }

  eventGotData(nodeId, data) {
    const peer = this.peers.get(nodeId);
    if (peer?.transport === undefined) return;
    for (let offset = 0; offset < data.length;) {
      const taken = peer.transport.receivedBytes(data, offset);
      if (typeof taken !== 'number') throw new Error(taken.reason);
      offset += taken;
      if (peer.transport.receivedMessageComplete()) this.#take(peer, peer.transport.getReceivedMessage(0));
    }
    this.wake(nodeId);
  }

  #take(peer, { type, payload }) {
    if (type === 'version') peer.queue.push({ type: 'wtxidrelay' }, { type: 'sendaddrv2' }, { type: 'verack' });
    if (type === 'ping') {
      peer.queue.push({ type: 'pong', nonce: decodeMessage('ping', payload).nonce });
      peer.isReady();
    }
    if (type === 'pong') this.onPong();
    if (type === 'inv') {
      this.invCount++;
      this.onInv();
    }
  }

  eventGotEOF(nodeId) {
    if (this.peers.has(nodeId)) throw new Error('the hub hung up');
  }

  eventGotPermanentReadError(nodeId, errmsg) {
    if (this.peers.has(nodeId)) throw new Error(errmsg);
  }
}

// Both processes may be busy for long before a connection is accepted.
const crowd = new Crowd({ connectTimeoutMs: 60_000 });
crowd.startSocketsThreads();

async function dial({ port, count }) {
  const began = performance.now();
  let started = 0;
  const dialOn = async () => {
    while (started < count) {
      started++;
      await crowd.join(port);
    }
  };
  await Promise.all(Array.from({ length: WINDOW }, dialOn));
  return { seconds: (performance.now() - began) / 1_000 };
}

function expectInv() {
  crowd.invCount = 0;
  return {};
}

/** Resolves once this many peers have received an announcement since `expectInv`. */
function awaitInv({ count }) {
  return new Promise((resolve) => {
    crowd.onInv = () => {
      if (crowd.invCount === count) resolve({});
    };
    crowd.onInv();
  });
}

/** Makes one peer ping at intervals, and returns the time of each answer, in milliseconds. */
async function ping({ count, everyMs }) {
  const [[nodeId, peer]] = crowd.peers;
  const times = [];
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    const answered = new Promise((resolve) => (crowd.onPong = resolve));
    peer.queue.push({ type: 'ping', nonce: BigInt(i) });
    crowd.wake(nodeId);
    await answered;
    times.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  return { times };
}

function hangUp() {
  crowd.hangUp();
  return {};
}

const TASKS = { dial, hangUp, ping, expectInv, awaitInv };
process.on('message', async (request) => process.send(await TASKS[request.do](request)));
process.on('disconnect', () => process.exit(0));

// Stops a node in the middle of something and says `stopped`; then the process must end by itself.
//
//   node stop-while.mjs dialing|resolving|waiting-for-a-slot|processing

import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as timePassing } from 'node:timers/promises';
import { Connman, PeerManager } from '../../../esm/connman.js';

const [, , stage] = process.argv;

/** A port on loopback where somebody takes connections and never says a word. */
async function silentPort() {
  const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  server.on('connection', (socket) => socket.unref());
  return /** @type {import('node:net').AddressInfo} */ (server.address()).port;
}

/** A node with a peer manager, started. */
async function start(options = {}) {
  const peerManager = new PeerManager();
  const connman = new Connman({ chain: 'regtest', listen: false, ...options });
  await connman.start(peerManager);
  return { connman, peerManager };
}

const stages = {
  /** A proxy took the connection and does not answer. */
  async dialing() {
    const { connman } = await start({ proxy: `127.0.0.1:${await silentPort()}` });
    void connman.connectTo('203.0.113.1:18444');
    return connman;
  },

  async resolving() {
    const { connman } = await start({ lookUpHost: () => new Promise(() => {}) });
    void connman.connectTo('node.example');
    return connman;
  },

  /** The only slot is taken: the task that dials waits for it. */
  async 'waiting-for-a-slot'() {
    const addressBook = {
      size: () => 0,
      add: () => false,
      good: () => false,
      attempt() {},
      connected() {},
      setServices() {},
      select: () => undefined,
      resolveCollisions() {},
      selectTriedCollision: () => undefined,
      getAddr: () => [],
    };
    const { connman } = await start({ maxConnections: 1, addressBook, fixedSeeds: false });
    const added = await connman.addConnection(`127.0.0.1:${await silentPort()}`, 'outbound-full-relay', true);
    if (added !== 'connected') {
      throw new Error('no connection');
    }
    // The task that dials looks twice a second, and nothing tells that it has begun to wait.
    await timePassing(600);
    return connman;
  },

  /** Thousands of messages wait in the queue, and one of them stops the node. */
  async processing() {
    const server = await start({ listen: true, bind: ['127.0.0.1:0', '127.0.0.1:0=onion'], v2Transport: false });
    const client = await start({ v2Transport: false });
    const reached = new Promise((resolve) => server.peerManager.on('message:ping', resolve));
    client.peerManager.on('peerReady', ({ nodeId }) => {
      for (let count = 0; count < 5_000; count++) client.peerManager.send(nodeId, { type: 'ping', nonce: 1n });
    });
    await client.connman.connectTo(String(server.connman.listeningAt[0]));
    await reached;
    await client.connman.stop();
    return server.connman;
  },
};

const connman = await stages[/** @type {keyof typeof stages} */ (stage)]();
await connman.stop();
process.stdout.write('stopped\n');

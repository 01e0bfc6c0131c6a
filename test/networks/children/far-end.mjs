// The far end of the wire: does what it is asked over its channel. Sends and checks the noise of test/harness/peers/noise.ts.

import { readdirSync } from 'node:fs';
import { AddrMan, Connman, PeerManager } from '../../../esm/connman.js';
import { Service, createSockMan } from '../../../esm/index.js';

const nodes = [];
const servers = [];

/** As in noise.ts. */
function noise(seed, byteCount) {
  const bytes = Buffer.allocUnsafe(byteCount);
  let state = (seed * 2 + 1) >>> 0;
  for (let at = 0; at < byteCount; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** Listens; checks what comes, sends as much of its own once the peer has ended its side, and ends. */
function listen({ at, byteCount }) {
  const [expected, own] = [noise(1, byteCount), noise(2, byteCount)];
  const heard = new Map();
  const ends = [];
  const server = createSockMan(
    {
      eventNewConnectionAccepted: (nodeId) =>
        heard.set(nodeId, { bytes: 0, isSound: true, ending: undefined }) !== undefined,
      eventGotData(nodeId, data) {
        const one = heard.get(nodeId);
        if (!expected.subarray(one.bytes, one.bytes + data.length).equals(data)) one.isSound = false;
        one.bytes += data.length;
      },
      eventGotEOF(nodeId) {
        heard.get(nodeId).ending = 'eof';
        server.queueBytes(nodeId, own);
        server.endConnection(nodeId, { timeoutMs: 60_000 });
      },
      eventGotPermanentReadError(nodeId, _errmsg, code) {
        heard.get(nodeId).ending = code;
        server.closeConnection(nodeId);
      },
      eventConnectionClosed(nodeId) {
        ends.push(heard.get(nodeId));
        heard.delete(nodeId);
      },
    },
    { keepAliveSeconds: 1 },
  );
  server.startSocketsThreads();
  const { bound } = server.bindAndStartListening(at);
  servers.push({ server, ends });
  return String(bound);
}

/** Nodes at public addresses, each of which knows all others. */
async function startNodes({ addresses }) {
  const services = addresses.map((address) => Service.parse(address));
  for (const service of services) {
    const addressBook = new AddrMan();
    const others = services.filter((other) => other !== service);
    const timeSeconds = Math.floor(Date.now() / 1_000);
    addressBook.add(
      others.map((other) => ({ service: other, services: 9n, timeSeconds })),
      service.address,
    );
    const node = new Connman({ chain: 'regtest', bind: [String(service)], noConnect: true, addressBook });
    await node.start(new PeerManager());
    nodes.push(node);
  }
  return addresses.length;
}

async function stopNodes() {
  for (const node of nodes.splice(0)) await node.stop();
  return true;
}

const answers = {
  listen,
  startNodes,
  stopNodes,
  /** How the connections of the last listener ended; all of them so far. */
  ends: () => servers.at(-1).ends,
  connections: () => servers.at(-1).server.connectionCount,
  descriptors: () => readdirSync('/proc/self/fd').length,
};

process.on('message', async ({ id, ask, ...question }) => {
  process.send({ id, answer: await answers[ask](question) });
});
// Without its channel nobody needs it.
process.on('disconnect', () => process.exit());

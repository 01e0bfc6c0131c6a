// What does Stratum V2 cost: a handshake as server, a small message, a full chunk, a new tip for 64 clients, the memory of
// a client that never finishes its handshake?
//
//   npm run bench -- --cases stratum     needs a built package (npm run build:ts)
//
// The first lane of a table is the yardstick: bare AEAD calls of node:crypto over the same bytes, or one full second.

import { execFileSync } from 'node:child_process';
import { createCipheriv, randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { createKeyPair } from '../../../modules/p2p/bip324/ellswift.js';
import { encodeMessage } from '../../../modules/stratum/messages/registry.js';
import { Initiator, respond } from '../../../modules/stratum/noise/handshake.js';
import { Sv2Link } from '../../../modules/stratum/sv2-link.js';
import { MAX_CHUNK_BYTES, Sv2Transport } from '../../../modules/stratum/sv2-transport.js';
import { temporaryServerKeys } from '../../../modules/stratum/key-files.js';
import { Sv2Connman } from '../../../modules/stratum/server/sv2-connman.js';
import { compareLanes, describeProcess } from '../../lib/micro.mjs';

/** @typedef {import('../../lib/micro.mjs').Lane} Lane */

const { values: options } = parseArgs({ options: { smoke: { type: 'boolean', default: false } } });

const keys = temporaryServerKeys();
const certificate = keys.authorityKey.certify(
  keys.staticKey,
  { validFrom: 0, notValidAfter: 0xffff_ffff },
  randomBytes,
);
const credentials = () => ({
  staticKey: keys.staticKey,
  staticEncoding: keys.staticKey.drawEncoding(randomBytes),
  certificate,
});

/** Both ends after their handshake. */
function connect() {
  const client = new Sv2Transport({
    role: 'initiator',
    ephemeral: createKeyPair(randomBytes),
    policy: { authorityX: undefined, leewaySeconds: 0 },
    nowSeconds: () => 0,
  });
  const server = new Sv2Transport({ role: 'responder', ephemeral: () => createKeyPair(randomBytes), credentials });
  receive(server, takeToSend(client));
  receive(client, takeToSend(server));
  return { client, server };
}

/** Takes the bytes to send, piece by piece, as a socket would. @param {Sv2Transport} transport */
function takeToSend(transport) {
  const pieces = [];
  for (let isMore = true; isMore;) {
    const { toSend, more } = transport.getBytesToSend(false);
    pieces.push(toSend);
    transport.markBytesSent(toSend.length);
    isMore = more;
  }
  return pieces;
}

/** @param {Sv2Transport} transport @param {Uint8Array[]} pieces */
function receive(transport, pieces) {
  for (const piece of pieces) transport.receivedBytes(piece);
}

function compareHandshakes() {
  const acts = Array.from({ length: 50 }, () => new Initiator(createKeyPair(randomBytes)).act1);
  const run = () => {
    for (const act1 of acts) respond(act1, createKeyPair(randomBytes), credentials());
  };
  const lanes = [{ title: 'Noise NX, elliptic curves included', run, unitsPerRun: acts.length }, ...peerLanes()];
  compareLanes('Handshakes as server', 'handshakes', lanes, options.smoke);
}

/** Another implementation's handshakes as server, each with a certificate signed anew. @returns {Lane[]} */
function peerLanes() {
  const peer = process.env.SV2_PEER;
  if (peer === undefined) {
    console.log('SV2_PEER names no other implementation (test/interop/README.md): handshakes are measured alone');
    return [];
  }
  return [
    {
      title: `${basename(peer)}, a process of its own`,
      measure(forMs) {
        const event = JSON.parse(execFileSync(peer, ['handshakes', String(forMs)], { encoding: 'latin1' }));
        return event.count / event.cpuSeconds;
      },
    },
  ];
}

/** The cost of node:crypto for the cipher messages of one frame, alone. @param {readonly number[]} sizes */
function sealByNodeCrypto(sizes) {
  const key = randomBytes(32);
  const nonce = new Uint8Array(12);
  const texts = sizes.map((bytes) => randomBytes(bytes));
  return () => {
    for (const text of texts) {
      const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
      cipher.update(text);
      cipher.final();
      cipher.getAuthTag();
    }
  };
}

/** @param {number} payloadBytes @param {number} count - Frames of one run. */
function compareFrames(payloadBytes, count) {
  const frame = { extensionType: 0, isChannelMessage: false, messageType: 0x71, payload: randomBytes(payloadBytes) };
  const { server: sender } = connect();
  const { client, server } = connect();
  const bare = sealByNodeCrypto([6, payloadBytes]);
  /** @param {() => void} job */
  const repeated = (job) => () => {
    for (let index = 0; index < count; index++) job();
  };
  const send = () => {
    sender.setFrameToSend(frame);
    takeToSend(sender);
  };
  const sendAndReceive = () => {
    server.setFrameToSend(frame);
    receive(client, takeToSend(server));
    client.takeFrame();
  };
  const lanes = [
    { title: 'node:crypto, AEAD alone, header and payload', run: repeated(bare), unitsPerRun: count },
    { title: 'Sv2Transport, sending', run: repeated(send), unitsPerRun: count },
    {
      title: 'Sv2Transport, sending and receiving (twice the AEAD)',
      run: repeated(sendAndReceive),
      unitsPerRun: count,
    },
  ];
  compareLanes(`Frames of ${payloadBytes.toLocaleString('en')} bytes`, 'frames', lanes, options.smoke);
}

/** A new tip: a template and its SetNewPrevHash, encoded and encrypted for each client; sockets take everything. */
function compareTips() {
  const clientCount = 64;
  /** About a megabyte for all clients together, outputs and merkle path included. */
  const template = {
    name: /** @type {const} */ ('NewTemplate'),
    templateId: 1n,
    futureTemplate: true,
    version: 0x2000_0000,
    coinbaseTxVersion: 2,
    coinbasePrefix: randomBytes(4),
    coinbaseTxInputSequence: 0xffff_fffe,
    coinbaseTxValueRemaining: 312_500_000n,
    coinbaseTxOutputsCount: 1,
    coinbaseTxOutputs: randomBytes(15_800),
    coinbaseTxLocktime: 1,
    merklePath: Array.from({ length: 12 }, () => randomBytes(32)),
  };
  const tip = {
    name: /** @type {const} */ ('SetNewPrevHash'),
    templateId: 1n,
    prevHash: randomBytes(32),
    headerTimestamp: 1,
    nBits: 1,
    target: randomBytes(32),
  };
  const links = Array.from({ length: clientCount }, () => {
    const { server } = connect();
    return new Sv2Link(
      server,
      (bytes) => bytes.length,
      64 * 1_048_576,
      () => 0,
    );
  });
  const bytes = (encodeMessage(template).payload.length + encodeMessage(tip).payload.length) * clientCount;
  const run = () => {
    for (const link of links) {
      link.queue(template);
      link.queue(tip);
      link.flush();
    }
  };
  compareLanes(
    `A new tip for ${clientCount} clients, ${(bytes / 1e6).toFixed(2)} MB in all`,
    'tips',
    [{ title: 'Sv2Link, encoded and encrypted for each', run, unitsPerRun: 1 }],
    options.smoke,
  );
}

/** Clients that have sent half of their first act, from another thread: its memory is not counted. */
async function measurePendingClients() {
  const count = options.smoke ? 50 : 2_000;
  const server = new Sv2Connman({ keys, maxClients: count });
  const { bound } = server.bindAndStartListening('127.0.0.1:0');
  server.start({
    onConstraints() {},
    answerTransactionData: async () => undefined,
    onSubmitSolution() {},
    onClientGone() {},
  });
  const before = heldBytes();
  const clients = new Worker(
    `const { connect } = require('node:net');
     const { workerData: { port, count } } = require('node:worker_threads');
     for (let index = 0; index < count; index++) connect(port, '127.0.0.1').write(new Uint8Array(32));`,
    { eval: true, workerData: { port: bound.port, count } },
  );
  const received = () => server.clients().reduce((sum, { receivedBytes }) => sum + receivedBytes, 0);
  while (received() < 32 * count) await new Promise(setImmediate);
  const perClient = (heldBytes() - before) / count;
  console.log(
    `\nPending clients: ${count.toLocaleString('en')} with half a handshake, ${Math.round(perClient)} B each (goal 8,192)`,
  );
  await clients.terminate();
  await server.stop();
}

/** Memory of this thread, after garbage collection if `--expose-gc` is set. */
function heldBytes() {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

console.log(describeProcess());
// First, since the garbage of the others would be counted.
await measurePendingClients();
compareHandshakes();
compareFrames(100, 2_000);
compareFrames(MAX_CHUNK_BYTES, 100);
compareTips();

// What does V2 cost: a handshake, a small message, a megabyte? Against the same OpenSSL primitives called from C.
//
//   npm run bench -- --cases p2p-v2     needs a built package (npm run build:ts), a C compiler and libssl-dev
//
// The first lane of each table is the yardstick: `openssl/bip324.c`, in a process of its own, which always works in the same
// buffers and leaves the bytes there. The last lanes are rejected designs.

import { execFileSync } from 'node:child_process';
import { createCipheriv, randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { MessageChannel } from 'node:worker_threads';
import { KEYED_BYTES, openLong, openShort, sealLong, sealShort } from '../../../modules/p2p/bip324/aead.js';
import { createKeyPair, decodeX, ecdhXOnly } from '../../../modules/p2p/bip324/ellswift.js';
import { V2Transport } from '../../../modules/p2p/transport/v2.js';
import { program } from '../../lib/build.mjs';
import { compareLanes, describeProcess } from '../../lib/micro.mjs';
import * as bigintDesign from './openssl/handshake.mjs';

const { values: options } = parseArgs({ options: { smoke: { type: 'boolean', default: false } } });

const magic = Uint8Array.of(0xfa, 0xbf, 0xb5, 0xda);
const NO_BYTES = new Uint8Array(0);
/** Length from which the memory of a packet matters more than the set-up of a cipher, in bytes. */
const LONG_BYTES = 1_000_000;
/** Bytes of one readiness event. */
const CHUNK_BYTES = 65_536;

/** A lane of the C program. @param {string} job @param {number} contentsBytes */
function cLane(job, contentsBytes) {
  const path = program('bip324');
  return {
    title: `C, OpenSSL: ${job}`,
    measure: (/** @type {number} */ forMs) =>
      Number(execFileSync(path, [job, String(contentsBytes), String(forMs)], { encoding: 'latin1' })),
  };
}

/** @param {V2Transport} transport */
function takeToSend(transport) {
  const pieces = [];
  for (
    let { toSend } = transport.getBytesToSend(false);
    toSend.length > 0;
    { toSend } = transport.getBytesToSend(false)
  ) {
    pieces.push(Buffer.from(toSend));
    transport.markBytesSent(toSend.length);
  }
  return Buffer.concat(pieces);
}

/** @param {V2Transport} transport @param {Uint8Array} chunk @returns {number} Messages delivered. */
function feed(transport, chunk) {
  let delivered = 0;
  for (let offset = 0; offset < chunk.length;) {
    const taken = transport.receivedBytes(chunk, offset);
    if (typeof taken !== 'number') throw new Error(taken.reason);
    offset += taken;
    if (transport.receivedMessageComplete() && transport.getReceivedMessage(0).rejectReason === undefined) delivered++;
  }
  return delivered;
}

const keyPairs = { initiator: createKeyPair(randomBytes), responder: createKeyPair(randomBytes) };

/** A transport with fixed keys: what one recorded another can read. @param {boolean} isInitiator */
function recordable(isInitiator) {
  const { privateKey, publicKey } = isInitiator ? keyPairs.initiator : keyPairs.responder;
  return new V2Transport({
    magic,
    isInitiator,
    randomBytes,
    keyPair: { privateKey: Uint8Array.from(privateKey), publicKey },
    garbage: NO_BYTES,
  });
}

/** Both sides after the handshake; `toResponder` is what the responder received. */
function connect() {
  const [initiator, responder] = [recordable(true), recordable(false)];
  const key = takeToSend(initiator);
  feed(responder, key);
  feed(initiator, takeToSend(responder));
  const rest = takeToSend(initiator);
  feed(responder, rest);
  return { initiator, responder, toResponder: Buffer.concat([key, rest]) };
}

/** Sends and drops the bytes. @param {V2Transport} sender @param {{ type: string, payload: Uint8Array }} message */
function send(sender, message) {
  sender.setMessageToSend(message);
  for (let { toSend } = sender.getBytesToSend(false); toSend.length > 0; { toSend } = sender.getBytesToSend(false)) {
    sender.markBytesSent(toSend.length);
  }
}

/** @param {Uint8Array} contents */
function sealByNodeCrypto(contents) {
  const cipher = createCipheriv(
    'chacha20-poly1305',
    keyPairs.initiator.publicKey.subarray(0, 32),
    contents.subarray(0, 12),
    {
      authTagLength: 16,
    },
  );
  cipher.update(contents);
  cipher.final();
  return cipher.getAuthTag();
}

/**
 * Alternatives to the chosen way of sealing a long packet, which reuse memory. Both are far slower than C: OpenSSL through
 * Node costs a call and a fresh array for each piece; the code in WebAssembly has only vectors of 128 bits.
 */
function otherSealers() {
  const keyed = randomBytes(KEYED_BYTES);
  const { port1: closedPort } = new MessageChannel();
  closedPort.close();
  const out = new Uint8Array(4_096);
  /** @param {Uint8Array} contents @param {number} stepBytes @param {(piece: Uint8Array) => void} each */
  const inSteps = (contents, stepBytes, each) => {
    for (let at = 0; at < contents.length; at += stepBytes) each(contents.subarray(at, at + stepBytes));
  };
  return {
    /** A closed port takes a posted buffer and drops it. @param {Uint8Array} contents */
    freeing(contents) {
      const sealer = sealLong(keyed, NO_BYTES, contents.length);
      inSteps(contents, 65_536, (piece) => closedPort.postMessage(0, [sealer.update(piece).buffer]));
      sealer.finish();
    },
    /** Each piece is a packet of its own, which takes no more work than one long one. @param {Uint8Array} contents */
    webAssembly(contents) {
      inSteps(contents, out.length - 16, (piece) => sealShort(keyed, NO_BYTES, NO_BYTES, piece, out, 0));
    },
  };
}

/** @param {number} contentsBytes @param {number} count - Messages of one run. */
function comparePackets(contentsBytes, count) {
  const message = { type: 'tx', payload: randomBytes(contentsBytes - 1) };
  const contents = randomBytes(contentsBytes);
  const { initiator: recorder, toResponder } = connect();
  const recorded = [toResponder];
  for (let i = 0; i < count; i++) {
    recorder.setMessageToSend(message);
    recorded.push(takeToSend(recorder));
  }
  const stream = new Uint8Array(Buffer.concat(recorded));
  const { initiator: sender } = connect();
  const sendRun = () => {
    for (let i = 0; i < count; i++) send(sender, message);
  };
  const receiveRun = () => {
    const receiver = recordable(false);
    let delivered = 0;
    for (let at = 0; at < stream.length; at += CHUNK_BYTES)
      delivered += feed(receiver, stream.subarray(at, at + CHUNK_BYTES));
    if (delivered !== count) throw new Error(`delivered ${delivered} of ${count} messages`);
  };
  const nodeRun = () => {
    for (let i = 0; i < count; i++) sealByNodeCrypto(contents);
  };
  const others = contentsBytes < LONG_BYTES ? [] : Object.entries(otherSealers());
  const otherLanes = others.map(([name, seal]) => ({
    title: name === 'freeing' ? 'node:crypto, each array freed at once' : 'WebAssembly in memory used again',
    run: () => {
      for (let i = 0; i < count; i++) seal(contents);
    },
    unitsPerRun: count,
  }));
  const title = `Packets of ${contentsBytes.toLocaleString('en')} bytes of contents`;
  compareLanes(
    title,
    'messages',
    [
      cLane('seal', contentsBytes),
      { title: 'V2Transport, sending', run: sendRun, unitsPerRun: count },
      { title: 'V2Transport, receiving (with one handshake)', run: receiveRun, unitsPerRun: count },
      { title: 'node:crypto, AEAD alone in one call', run: nodeRun, unitsPerRun: count },
      ...otherLanes,
    ],
    options.smoke,
  );
}

/** Which of the two AEADs is faster at a size: the basis of `MAX_SHORT_TEXT_BYTES`. @param {number} textBytes */
function compareAeads(textBytes) {
  const [keyed, text] = [randomBytes(KEYED_BYTES), randomBytes(textBytes)];
  const out = new Uint8Array(textBytes + 16);
  sealShort(keyed, NO_BYTES, NO_BYTES, text, out, 0);
  const [ciphertext, tag] = [out.slice(0, textBytes), out.slice(textBytes)];
  const repeat = (/** @type {() => unknown} */ job) => () => {
    for (let i = 0; i < 500; i++) job();
  };
  const shortRun = repeat(() => openShort(keyed, NO_BYTES, out, 0, textBytes));
  const longRun = repeat(() => {
    const opener = openLong(keyed, NO_BYTES, textBytes);
    opener.update(ciphertext);
    if (!opener.finish(tag)) throw new Error('wrong tag');
  });
  const sealRun = repeat(() => {
    const sealer = sealLong(keyed, NO_BYTES, textBytes);
    sealer.update(text);
    sealer.finish();
  });
  compareLanes(
    `AEAD of ${textBytes.toLocaleString('en')} bytes`,
    'texts',
    [
      { title: 'WebAssembly, opening', run: shortRun, unitsPerRun: 500 },
      { title: 'OpenSSL through node:crypto, opening', run: longRun, unitsPerRun: 500 },
      { title: 'OpenSSL through node:crypto, sealing', run: sealRun, unitsPerRun: 500 },
    ],
    options.smoke,
  );
}

function compareHandshakes() {
  // Only the parts that differ: the key pair and the shared secret of one side. HKDF and the first packets are in the other
  // lane.
  const theirs = keyPairs.responder.publicKey;
  const check = bigintDesign.createKeyPair();
  if (!check.ecdh.getPublicKey(null, 'compressed').subarray(1).equals(decodeX(check.publicKey))) {
    throw new Error('the two designs do not agree');
  }
  const chosen = () => ecdhXOnly(theirs, createKeyPair(randomBytes).privateKey);
  const other = () => bigintDesign.ecdhXOnly(bigintDesign.createKeyPair().ecdh, theirs);
  const wholeRun = () => {
    const initiator = new V2Transport({ magic, isInitiator: true, randomBytes });
    const responder = new V2Transport({ magic, isInitiator: false, randomBytes });
    feed(responder, takeToSend(initiator));
    feed(initiator, takeToSend(responder));
    feed(responder, takeToSend(initiator));
    if (responder.getInfo().transportType !== 'v2') throw new Error('no handshake');
  };
  compareLanes(
    'Handshakes, for each side',
    'sides',
    [
      cLane('multiply', 0),
      { title: 'V2Transport, whole handshake', run: wholeRun, unitsPerRun: 2 },
      { title: 'WebAssembly: key pair and shared secret', run: chosen, unitsPerRun: 1 },
      { title: 'BigInt and node:crypto: the same', run: other, unitsPerRun: 1 },
    ],
    options.smoke,
  );
}

/** Memory of a connection after its handshake. */
function measureMemory() {
  const count = options.smoke ? 20 : 2_000;
  const used = () => {
    for (let i = 0; i < 3; i++) globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = used();
  const connections = Array.from({ length: count }, connect);
  const each = (used() - before) / (2 * connections.length);
  const note = globalThis.gc === undefined ? ' (with garbage: run with --expose-gc)' : '';
  console.log(`\nMemory of a transport after its handshake: ${Math.round(each)} bytes${note}`);
}

console.log(describeProcess());
compareHandshakes();
comparePackets(100, 50_000);
comparePackets(1_000, 20_000);
comparePackets(1_000_000, 50);
for (const textBytes of [1_000, 2_000, 4_000, 8_000]) compareAeads(textBytes);
measureMemory();

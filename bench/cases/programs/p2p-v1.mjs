// How fast does one connection's V1 stream become messages, and what does a block cost beyond its checksum?
//
//   npm run bench -- --cases p2p-v1     needs a built package (npm run build:ts)
//
// The first lane of each table is the yardstick: the checksums alone, which any V1 node has to compute.

import { parseArgs } from 'node:util';
import { CHAIN_PARAMS, V1Transport, checksum32, decodeMessage, encodeMessage } from '../../../esm/p2p/index.js';
import { compareLanes, describeProcess } from '../../lib/micro.mjs';

const { values: options } = parseArgs({ options: { smoke: { type: 'boolean', default: false } } });

const { magic } = CHAIN_PARAMS.main;
/** Bytes of one readiness event. */
const CHUNK_BYTES = 65_536;
const MESSAGES = 5_000;
/** Blocks that are kept, as by a node that validates: memory that is freed at once would be reused at once. */
const KEPT_BLOCKS = 3;

/** @param {{ type: string, payload: Uint8Array }} message @param {number} count */
function streamOf(message, count) {
  const sender = new V1Transport(magic);
  const parts = [];
  for (let i = 0; i < count; i++) {
    sender.setMessageToSend(message);
    for (
      let piece = sender.getBytesToSend(false).toSend;
      piece.length > 0;
      piece = sender.getBytesToSend(false).toSend
    ) {
      parts.push(piece);
      sender.markBytesSent(piece.length);
    }
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** The chunks that a connection would get, prepared in advance. @param {Uint8Array} stream */
function chunksOf(stream) {
  const chunks = [];
  for (let at = 0; at < stream.length; at += CHUNK_BYTES) chunks.push(stream.subarray(at, at + CHUNK_BYTES));
  return chunks;
}

/** @param {Uint8Array[]} chunks @param {(message: import('../../../esm/p2p/index.js').ReceivedMessage) => void} take */
function parse(chunks, take) {
  const receiver = new V1Transport(magic);
  for (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length;) {
      const taken = receiver.receivedBytes(chunk, offset);
      if (typeof taken !== 'number') throw new Error(taken.reason);
      offset += taken;
      if (receiver.receivedMessageComplete()) take(receiver.getReceivedMessage(0));
    }
  }
}

/** @param {string} title @param {{ type: string, payload: Uint8Array }} message @param {number} count */
function compareParsers(title, message, count) {
  const chunks = chunksOf(streamOf(message, count));
  let received = 0;
  const ours = (/** @type {(message: any) => void} */ take) => () => {
    received = 0;
    parse(chunks, take);
    if (received !== count) throw new Error(`delivered ${received} of ${count} messages`);
  };
  const accept = (/** @type {any} */ one) => {
    if (one.rejectReason === undefined) received++;
  };
  const acceptDecoded = (/** @type {any} */ one) => {
    if (decodeMessage(one.type, one.payload).type === message.type) received++;
  };
  const checksums = () => {
    for (let i = 0; i < count; i++) checksum32(message.payload);
  };
  compareLanes(
    title,
    'messages',
    [
      { title: 'checksums alone', run: checksums, unitsPerRun: count },
      { title: 'V1Transport: messages', run: ours(accept), unitsPerRun: count },
      { title: 'V1Transport: messages, decoded', run: ours(acceptDecoded), unitsPerRun: count },
    ],
    options.smoke,
  );
}

const item = { type: 1, hash: new Uint8Array(32).fill(7) };
const ping = encodeMessage({ type: 'ping', nonce: 0x0102_0304_0506_0708n });
const inv = encodeMessage({ type: 'inv', items: [item] });
const longInv = encodeMessage({ type: 'inv', items: Array(10).fill(item) });

/** Bytes with the shape of a block, so that ours can be decoded; its transactions are noise. @param {number} byteCount */
function blockOf(byteCount) {
  const payload = new Uint8Array(byteCount).map((_, index) => (index * 31) % 251);
  payload[80] = 1;
  return { type: 'block', payload };
}

/** @type {Uint8Array[]} */
const keptBlocks = [];

/** @param {Uint8Array} payload */
function keep(payload) {
  keptBlocks.push(payload);
  if (keptBlocks.length > KEPT_BLOCKS) keptBlocks.shift();
}

/**
 * @param {string} title @param {{ payload: Uint8Array }} block @param {number} count
 * @param {(chunks: Uint8Array[]) => Uint8Array} collect
 */
function collectLane(title, { payload }, count, collect) {
  const chunks = chunksOf(payload);
  const run = () => {
    for (let i = 0; i < count; i++) {
      checksum32(payload);
      keep(collect(chunks));
    }
  };
  return { title: `checksums and ${title}`, run, unitsPerRun: count };
}

/** The minimum, if the announced length could be trusted. @param {Uint8Array[]} chunks */
function collectOnce(chunks) {
  return Buffer.concat(chunks);
}

/** Rejected: copies every chunk, and joins all at the end. Reserves nothing ahead. @param {Uint8Array[]} chunks */
function collectTwice(chunks) {
  return Buffer.concat(chunks.map((chunk) => chunk.slice()));
}

/** How far ahead a buffer grows in place, in bytes. */
const GROW_AHEAD_BYTES = 262_144;

/** Rejected: one copy, into a buffer that grows in place. @param {Uint8Array[]} chunks */
function collectResizable(chunks) {
  const maxByteLength = chunks.reduce((sum, { length }) => sum + length, 0);
  const buffer = new ArrayBuffer(0, { maxByteLength });
  const bytes = new Uint8Array(buffer);
  let at = 0;
  for (const chunk of chunks) {
    const end = at + chunk.length;
    if (end > buffer.byteLength) buffer.resize(Math.min(maxByteLength, end + GROW_AHEAD_BYTES));
    bytes.set(chunk, at);
    at = end;
  }
  return bytes;
}

/** @param {number} byteCount */
function compareBlocks(byteCount) {
  const count = 8;
  const block = blockOf(byteCount);
  const chunks = chunksOf(streamOf(block, count));
  const run = () => parse(chunks, ({ payload }) => keep(payload));
  const checksums = () => {
    for (let i = 0; i < count; i++) checksum32(block.payload);
  };
  compareLanes(
    `Blocks of ${byteCount.toLocaleString('en')} bytes in chunks of ${CHUNK_BYTES.toLocaleString('en')}`,
    'blocks',
    [
      { title: 'checksums alone', run: checksums, unitsPerRun: count },
      collectLane('one copy', block, count, collectOnce),
      collectLane('two copies', block, count, collectTwice),
      collectLane('a copy into a resizable buffer', block, count, collectResizable),
      { title: 'V1Transport: messages', run, unitsPerRun: count },
    ],
    options.smoke,
  );
}

console.log(describeProcess());
compareParsers('ping: 8 bytes of payload', ping, MESSAGES);
compareParsers('inv with one item: 37 bytes of payload', inv, MESSAGES);
compareParsers('inv with ten items: 361 bytes of payload', longInv, MESSAGES);
compareBlocks(250_000);
compareBlocks(1_000_000);
compareBlocks(4_000_000);

// The V2 transport (BIP 324) against one of our own: messages arrive whole and in order, and a changed byte ends the stream.
//
// The first byte of an input chooses. 0: what follows is what a stranger sends to a responder; the seeds have all that one of our own
// sends, up to two messages. 1: a plan for a connection of its own, with a byte that is changed on the way: where, how, and then two
// bytes for each message, its size and its type. Else: two bytes for each message again, on a connection that goes on from input to
// input: most of what a handshake takes is saved, and yet it takes as long as many messages.

import { Curve } from '../../../ts/p2p/bip324/curve.ts';
import { createKeyPair } from '../../../ts/p2p/bip324/ellswift.ts';
import type { EllSwiftKeyPair } from '../../../ts/p2p/bip324/ellswift.ts';
import { FIELD_BYTES } from '../../../ts/p2p/bip324/field.ts';
import { V2Transport } from '../../../ts/p2p/transport/v2.ts';
import type { Transport } from '../../../ts/p2p/transport/transport.ts';
import { MAX_STEP_BYTES, MIN_STEP_BYTES } from '../../../ts/p2p/transport/v2-long-packet.ts';
import { fromHex } from '../../harness/data/vectors.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { finding, pieces, textOf } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const MAGIC = fromHex('f9beb4d9');
const TYPES = ['ping', 'inv', 'tx', 'version', 'unheardof'];
const MAX_MESSAGES = 8;
/** Around the pieces that long packets are opened and sealed in. A message takes a hundred times as long as others: they are few. */
const LONG_BYTES = [
  MIN_STEP_BYTES - 20,
  MIN_STEP_BYTES,
  40_000,
  MAX_STEP_BYTES - 1,
  MAX_STEP_BYTES,
  MAX_STEP_BYTES + 20,
];
const ZEROS = new Uint8Array(Math.max(...LONG_BYTES));
const payloadBytes = (size: number, type: number): number =>
  type < 250 ? size : LONG_BYTES[size % LONG_BYTES.length]!;

interface Heard {
  messages: { type: string; payload: Uint8Array }[];
  isEnded: boolean;
}

function deliver(transport: Transport, chunks: Iterable<Uint8Array>, heard: Heard): void {
  for (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length && !heard.isEnded;) {
      const taken = transport.receivedBytes(chunk, offset);
      heard.isEnded = typeof taken !== 'number';
      if (typeof taken !== 'number') return;
      offset += taken;
      if (!transport.receivedMessageComplete()) continue;
      const { type, payload, rejectReason } = transport.getReceivedMessage(0);
      if (rejectReason === undefined) heard.messages.push({ type, payload: Uint8Array.from(payload) });
    }
  }
}

function takeToSend(transport: Transport): Uint8Array {
  const parts: Uint8Array[] = [];
  for (;;) {
    const { toSend } = transport.getBytesToSend(false);
    if (toSend.length === 0) return Buffer.concat(parts);
    parts.push(Uint8Array.from(toSend));
    transport.markBytesSent(toSend.length);
  }
}

/**
 * The last exchanges of keys, and what each came to. A key exchange takes most of a handshake, and is the same for each input
 * that changes what follows it.
 */
const exchanges = new Map<string, Uint8Array>();
const MAX_EXCHANGES = 16;

const { multiply } = Curve.prototype;
Curve.prototype.multiply = function rememberedMultiply(x, y, scalar) {
  const known = new Uint8Array(2 * FIELD_BYTES);
  this.field.toBytes(x, known);
  known.set(scalar, FIELD_BYTES);
  const key = textOf(known);
  const shared = exchanges.get(key) ?? multiply.call(this, x, y, scalar);
  if (exchanges.size === MAX_EXCHANGES) exchanges.clear();
  exchanges.set(key, shared);
  // A copy: the caller overwrites what it gets.
  return Uint8Array.from(shared);
};

/** Made once: that takes as long as everything else that a stranger causes. */
const keyPairs = new Map<boolean, EllSwiftKeyPair>();

function createSide(isInitiator: boolean): V2Transport {
  const randomBytes = seededBytes(isInitiator ? 1 : 2);
  const keyPair = keyPairs.get(isInitiator) ?? createKeyPair(randomBytes);
  keyPairs.set(isInitiator, keyPair);
  // A transport overwrites its private key.
  const copy = { ...keyPair, privateKey: Uint8Array.from(keyPair.privateKey) };
  return new V2Transport({ magic: MAGIC, isInitiator, randomBytes, keyPair: copy, garbage: new Uint8Array(3) });
}

interface Connection {
  readonly dialer: V2Transport;
  readonly listener: V2Transport;
  readonly heard: Heard;
}

function connect(): Connection {
  const [dialer, listener] = [createSide(true), createSide(false)];
  const heard: Heard = { messages: [], isEnded: false };
  deliver(listener, [takeToSend(dialer)], heard);
  deliver(dialer, [takeToSend(listener)], { messages: [], isEnded: false });
  return { dialer, listener, heard };
}

interface Sent {
  readonly type: string;
  readonly payload: Uint8Array;
}

/** Puts the messages of a plan into the stream of the dialer. @returns The messages, and all bytes that are to be sent. */
function send(dialer: V2Transport, plan: Uint8Array): { sent: Sent[]; stream: Uint8Array } {
  const sent: Sent[] = [];
  const parts = [takeToSend(dialer)];
  for (let index = 0; index + 1 < plan.length && sent.length < MAX_MESSAGES; index += 2) {
    const payload = ZEROS.subarray(0, payloadBytes(plan[index]!, plan[index + 1]!));
    const message = { type: TYPES[plan[index + 1]! % TYPES.length]!, payload };
    if (!dialer.setMessageToSend(message)) finding('no room for a message');
    parts.push(takeToSend(dialer));
    sent.push(message);
  }
  return { sent, stream: Buffer.concat(parts) };
}

function expectPrefix(messages: readonly Sent[], sent: readonly Sent[]): void {
  for (const [index, { type, payload }] of messages.entries()) {
    const expected = sent[index];
    if (type !== expected?.type || Buffer.compare(payload, expected.payload) !== 0) finding('another message arrives');
  }
}

/** All that a dialer sends: key, garbage, its end, version packet, and the messages of a plan. */
function wholeStream(plan: Uint8Array): Uint8Array {
  const [dialer, listener] = [createSide(true), createSide(false)];
  const heard: Heard = { messages: [], isEnded: false };
  const key = takeToSend(dialer);
  deliver(listener, [key], heard);
  deliver(dialer, [takeToSend(listener)], { messages: [], isEnded: false });
  const { sent, stream } = send(dialer, plan);
  deliver(listener, [stream], heard);
  if (heard.messages.length !== sent.length) finding('a seed is not understood');
  return Buffer.concat([key, stream]);
}

function tryStranger(stream: Uint8Array): void {
  deliver(createSide(false), pieces(stream), { messages: [], isEnded: false });
}

function tryChange([changeAt = 0, change = 0, ...plan]: Uint8Array): void {
  const { dialer, listener, heard } = connect();
  const { sent, stream } = send(dialer, Uint8Array.from(plan));
  const isChanged = change !== 0 && stream.length > 0;
  if (isChanged) stream[changeAt % stream.length]! ^= change;
  deliver(listener, pieces(stream), heard);
  if (!isChanged && (heard.messages.length !== sent.length || heard.isEnded)) finding('a message is missing');
  expectPrefix(heard.messages, sent);
}

let lasting: Connection | undefined;

function tryMessages(plan: Uint8Array): void {
  lasting ??= connect();
  const { dialer, listener, heard } = lasting;
  const { sent, stream } = send(dialer, plan);
  heard.messages = [];
  deliver(listener, pieces(stream), heard);
  const { messages, isEnded } = heard;
  if (isEnded || messages.length !== sent.length) lasting = undefined;
  if (isEnded || messages.length !== sent.length) finding('a message is missing');
  expectPrefix(messages, sent);
}

export const target: FuzzTarget = {
  mutations: 500,
  seeds: () => [
    Uint8Array.of(0, ...fromHex('f9beb4d976657273696f6e')),
    Uint8Array.of(0, ...wholeStream(Uint8Array.of(8, 0, 100, 4))),
    Uint8Array.of(1, 0, 0, 8, 0, 200, 1),
    Uint8Array.of(1, 90, 1, 8, 0),
    Uint8Array.of(2, 8, 0, 200, 1, 0, 4, 255, 2),
    ...TYPES.map((_, type) => Uint8Array.of(2, 0, type, 1, type, 100, type)),
    Uint8Array.of(3, 37, 0, 37, 1, 37, 2),
    Uint8Array.of(4, 249, 3, 0, 0, 12, 4, 5, 1),
  ],
  run(input) {
    const rest = input.subarray(1);
    if (input[0] === 0) tryStranger(rest);
    else if (input[0] === 1) tryChange(rest);
    else tryMessages(rest);
  },
};

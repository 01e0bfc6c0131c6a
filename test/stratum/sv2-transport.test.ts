import { describe, expect, it } from 'vitest';
import { createKeyPair } from '../../ts/p2p/bip324/ellswift.ts';
import { MAX_CHUNK_BYTES, Sv2Transport } from '../../ts/stratum/sv2-transport.ts';
import type { Sv2Frame } from '../../ts/stratum/messages/registry.ts';
import { seededBytes } from '../harness/data/seeded-bytes.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';
import { readVectorJson, toHex } from '../harness/data/vectors.ts';
import { handshakeVectors } from './handshake-vectors.ts';
import {
  connectedPair,
  drain,
  expectedFrame,
  feed,
  frameOfRow,
  initiatorOf,
  patternBytes,
  responderOf,
} from './transport-vectors.ts';

const CASE = handshakeVectors[0]!;
const { encryptedLength } = readVectorJson<{
  encryptedLength: { plaintextLength: number; frameLength: number }[];
}>('sv2_noise_primitives.json');

function frame(payload: Uint8Array, messageType = 0x71): Sv2Frame {
  return { extensionType: 0, isChannelMessage: false, messageType, payload };
}

function send(transport: Sv2Transport, message: Sv2Frame): Uint8Array {
  expect(transport.setFrameToSend(message)).toBe(true);
  return drain(transport);
}

/** Payloads compare as hex: a mismatch of arrays would print each byte. */
const shown = (frames: readonly Sv2Frame[]) =>
  frames.map(({ payload, ...type }) => ({ ...type, payload: toHex(payload) }));

describe.each(handshakeVectors)('the published frames of $name', (test) => {
  it('are what a transport sends and reads, byte for byte', () => {
    const { client, server } = connectedPair(test);
    for (const row of test.transport) {
      const [from, to] = row.direction === 'initiatorToResponder' ? [client, server] : [server, client];
      const bytes = send(from, frameOfRow(row));
      expect(expectedFrame(row, bytes), row.label).toBe(true);
      expect(shown(feed(to, bytes))).toEqual(shown([frameOfRow(row)]));
    }
  });

  it('have the acts of the handshake in front', () => {
    const client = initiatorOf(test);
    const server = responderOf(test);
    const act1 = drain(client);
    expect(toHex(act1)).toBe(test.act1);
    feed(server, act1);
    expect(toHex(drain(server))).toBe(test.act2);
    expect(toHex(server.handshakeHash!)).toBe(test.handshakeHash);
  });
});

describe('a transport', () => {
  // A frame without payload is refused; see below.
  it.each(encryptedLength.filter((row) => row.plaintextLength > 0))(
    'carries a payload of $plaintextLength bytes in $frameLength',
    (row) => {
      const { client, server } = connectedPair(CASE);
      const payload = patternBytes(row.plaintextLength);
      const bytes = send(server, frame(payload));
      expect(bytes).toHaveLength(row.frameLength);
      const [received] = feed(client, bytes);
      expect(Buffer.compare(received!.payload, payload)).toBe(0);
      // The next frame decrypts only if both sides counted the chunks alike.
      expect(feed(client, send(server, frame(Uint8Array.of(1))))).toHaveLength(1);
    },
  );

  it('gives the same frames however the stream is split', () => {
    const random = seededUint32(2);
    for (const pieceBytes of [() => 1, () => random() % 7, () => random() % 90_000]) {
      const client = initiatorOf(CASE);
      const server = responderOf(CASE);
      feed(server, drain(client), pieceBytes);
      feed(client, drain(server), pieceBytes);
      const sent = [1, 6, 300, 65_519, 65_520].map((length, index) => frame(patternBytes(length), index));
      const stream = Buffer.concat(sent.map((message) => send(client, message)));
      expect(shown(feed(server, stream, pieceBytes))).toEqual(shown(sent));
    }
  });

  it('takes nothing while a frame waits to be taken', () => {
    const { client, server } = connectedPair(CASE);
    const stream = Buffer.concat([send(client, frame(Uint8Array.of(1))), send(client, frame(Uint8Array.of(2)))]);
    const taken = server.receivedBytes(stream);
    expect(taken).toBe(stream.length / 2);
    expect(server.receivedBytes(stream, stream.length / 2)).toBe(0);
    expect(server.takeFrame().payload[0]).toBe(1);
    expect(() => server.takeFrame()).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_STATE' }));
  });

  it('ends at any damaged frame, and delivers nothing from there on', () => {
    const random = seededUint32(3);
    for (let round = 0; round < 100; round++) {
      const { client, server } = connectedPair(CASE);
      const parts = [send(client, frame(patternBytes(40))), send(client, frame(patternBytes(65_600)))];
      const stream = Buffer.concat(parts);
      const at = random() % stream.length;
      stream[at]! ^= 1 << (random() % 8);
      const frames: Sv2Frame[] = [];
      expect(() => frames.push(...feed(server, stream, () => 1_000))).toThrow(/does not decrypt/);
      expect(server.receivedBytes(stream)).toHaveProperty('reason');
      expect(server.hasFrame()).toBe(false);
      expect(server.getBytesToSend(true)).toEqual({ toSend: new Uint8Array(0), more: false });
    }
  });

  it('ends at frames that are swapped, repeated or left out', () => {
    const orders = [[1, 0], [0, 0], [1]];
    for (const order of orders) {
      const { client, server } = connectedPair(CASE);
      const sent = [send(client, frame(Uint8Array.of(1))), send(client, frame(Uint8Array.of(2)))];
      expect(() => feed(server, Buffer.concat(order.map((index) => sent[index]!)))).toThrow(/header does not decrypt/);
    }
  });

  it('refuses the other direction’s frames', () => {
    const { client, server } = connectedPair(CASE);
    const bytes = send(client, frame(Uint8Array.of(1)));
    expect(() => feed(client, bytes)).toThrow(/header does not decrypt/);
    expect(feed(server, bytes)).toHaveLength(1);
  });

  it('holds little of a payload that is announced and does not come', () => {
    const { client, server } = connectedPair(CASE);
    const bytes = send(server, frame(patternBytes(16_777_215)));
    for (const arrived of [22, 23, 1_000, 65_557, 200_000]) {
      const receiver = initiatorOf(CASE);
      feed(receiver, drain(responderFor(receiver)));
      expect(receiver.receivedBytes(bytes.subarray(0, arrived))).toBe(arrived);
      expect(receiver.memoryBytes).toBeLessThanOrEqual(arrived + 65_535);
    }
    expect(client.isReady).toBe(true);

    function responderFor(receiver: Sv2Transport): Sv2Transport {
      const responder = responderOf(CASE);
      feed(responder, drain(receiver));
      return responder;
    }
  });

  it('refuses a payload above its limit at the header', () => {
    const limit = 131_072;
    for (const [length, isTaken] of [
      [limit, true],
      [limit + 1, false],
    ] as const) {
      const client = initiatorOf(CASE);
      const server = responderOf(CASE, limit);
      feed(server, drain(client));
      feed(client, drain(server));
      const bytes = send(client, frame(patternBytes(length)));
      const outcome = server.receivedBytes(bytes.subarray(0, 22));
      expect(typeof outcome === 'number').toBe(isTaken);
    }
  });

  it('neither sends nor takes a frame without payload', () => {
    const { server } = connectedPair(CASE);
    expect(() => server.setFrameToSend(frame(new Uint8Array(0)))).toThrow(RangeError);
    expect(() => server.setFrameToSend(frame(new Uint8Array(16_777_216)))).toThrow(RangeError);
    const clear = new Sv2Transport({ role: 'clear' });
    expect(clear.receivedBytes(new Uint8Array(6))).toEqual({ reason: 'a frame without payload' });
  });

  it('sends nothing but its act before the handshake is done', () => {
    const client = initiatorOf(CASE);
    expect(client.setFrameToSend(frame(Uint8Array.of(1)))).toBe(false);
    expect(client.getBytesToSend(true)).toMatchObject({ more: false });
    const server = responderOf(CASE);
    expect(server.setFrameToSend(frame(Uint8Array.of(1)))).toBe(false);
    expect(server.getBytesToSend(true).toSend).toHaveLength(0);
  });

  it('sends in pieces of any size, and one frame at a time', () => {
    const { client, server } = connectedPair(CASE);
    const payload = patternBytes(MAX_CHUNK_BYTES + 1);
    expect(client.setFrameToSend(frame(payload))).toBe(true);
    expect(client.setFrameToSend(frame(payload))).toBe(false);
    const pieces: Uint8Array[] = [];
    for (;;) {
      const { toSend, more } = client.getBytesToSend(true);
      if (toSend.length === 0) break;
      expect(more).toBe(true);
      const count = Math.min(7_777, toSend.length);
      pieces.push(Uint8Array.from(toSend.subarray(0, count)));
      expect(() => client.markBytesSent(toSend.length + 1)).toThrow(RangeError);
      client.markBytesSent(count);
    }
    expect(client.memoryBytes).toBe(0);
    expect(Buffer.compare(feed(server, Buffer.concat(pieces))[0]!.payload, payload)).toBe(0);
  });

  it('without encryption speaks the same frames in the clear', () => {
    const [ours, theirs] = [new Sv2Transport({ role: 'clear' }), new Sv2Transport({ role: 'clear' })];
    const sent = [frame(patternBytes(5)), frame(patternBytes(70_000))];
    const stream = Buffer.concat(sent.map((message) => send(ours, message)));
    expect(stream).toHaveLength(70_005 + 12);
    expect(shown(feed(theirs, stream, () => 3_000))).toEqual(shown(sent));
  });

  it('ends at random bytes in every state, and holds no more than came', () => {
    const random = seededBytes('noise of sv2');
    for (let round = 0; round < 20; round++) {
      const initiator = initiatorOf(CASE);
      const responder = responderOf(CASE);
      const { client, server } = connectedPair(CASE);
      for (const transport of [initiator, responder, client, server]) {
        const outcome = transport.receivedBytes(random(500));
        expect(outcome).toHaveProperty('reason');
        expect(transport.memoryBytes).toBe(0);
      }
    }
  });

  it('is a responder that answers 63 bytes with nothing', () => {
    const responder = responderOf(CASE);
    expect(responder.receivedBytes(createKeyPair(seededBytes(1)).publicKey.subarray(0, 63))).toBe(63);
    expect(responder.getBytesToSend(false).toSend).toHaveLength(0);
  });
});

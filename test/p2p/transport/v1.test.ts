import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { doubleSha256 } from '../../../ts/p2p/hash.ts';
import { CHAIN_PARAMS } from '../../../ts/p2p/chain-params.ts';
import type { ChainName } from '../../../ts/p2p/chain-params.ts';
import { withChecksum } from '../../../ts/p2p/transport/outbound-message.ts';
import {
  FIRST_PART_BYTES,
  MAX_PROTOCOL_MESSAGE_BYTES,
  MESSAGE_OVERHEAD_BYTES,
} from '../../../ts/p2p/transport/transport.ts';
import { V1Transport, V1_HEADER_BYTES } from '../../../ts/p2p/transport/v1.ts';
import { receiveAll, sendAll } from '../../harness/peers/transport.ts';
import { fromHex, readVectorJson, toHex } from '../../harness/data/vectors.ts';

const { magic } = CHAIN_PARAMS.main;

function transport(): V1Transport {
  return new V1Transport(magic);
}

/** A frame made by hand, independent of the sending side. */
function frame(type: string | Uint8Array, payload: Uint8Array, announcedLength = payload.length): Uint8Array {
  const bytes = new Uint8Array(V1_HEADER_BYTES + payload.length);
  bytes.set(magic, 0);
  bytes.set(typeof type === 'string' ? Buffer.from(type, 'latin1') : type, 4);
  new DataView(bytes.buffer).setUint32(16, announcedLength, true);
  bytes.set(doubleSha256(payload).subarray(0, 4), 20);
  bytes.set(payload, V1_HEADER_BYTES);
  return bytes;
}

function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function filled(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}

/** Anything a peer can call a message without being rejected. */
const typeArbitrary = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((c) => String.fromCharCode(c)),
  maxLength: 12,
});

describe('V1Transport, receiving', () => {
  interface FrameVector {
    network: string;
    frame: string;
    outcome: 'message' | 'rejected' | 'fatal' | 'incomplete';
    type?: string;
    payload?: string;
    note?: string;
  }
  const vectors = readVectorJson<FrameVector[]>('v1_frames.json');

  it.each(
    vectors.map((vector) => [`${vector.network} ${vector.note ?? vector.type}: ${vector.outcome}`, vector] as const),
  )('agrees with the vector: %s', (_title, { network, frame: hex, outcome, type, payload }) => {
    const bytes = fromHex(hex);
    const receiver = new V1Transport(CHAIN_PARAMS[network as ChainName].magic);
    const { messages, failure } = receiveAll(receiver, bytes);
    expect(failure !== undefined).toBe(outcome === 'fatal');
    expect(messages.length).toBe(outcome === 'message' || outcome === 'rejected' ? 1 : 0);
    const message = messages[0];
    if (message === undefined) return;
    expect(message.rawBytes).toBe(bytes.length);
    expect(message.rejectReason !== undefined).toBe(outcome === 'rejected');
    if (outcome === 'message') expect([message.type, toHex(message.payload)]).toEqual([type, payload]);
  });

  const sizes = [0, 1, 64, 65, 100, 1_024, 1_025, 9];
  const stream = join(...sizes.map((size, index) => frame(`type${index}`, filled(size, index))));
  const expected = sizes.map((size, index) => [`type${index}`, size, true]);
  const summary = (messages: { type: string; payload: Uint8Array }[]) =>
    messages.map(({ type, payload }, index) => {
      const isIntact = Buffer.compare(payload, filled(payload.length, index)) === 0;
      return [type, payload.length, isIntact];
    });

  it('delivers the same messages whichever single byte offset the stream is split at', () => {
    for (let split = 1; split < stream.length; split++) {
      const { messages, failure } = receiveAll(transport(), stream, [split, stream.length]);
      expect(failure).toBeUndefined();
      expect(summary(messages)).toEqual(expected);
    }
  });

  it('delivers the same messages when bytes come one at a time', () => {
    expect(summary(receiveAll(transport(), stream, [1]).messages)).toEqual(expected);
  });

  it('delivers the same messages when the caller cuts chunks itself instead of passing an offset', () => {
    const receiver = transport();
    const messages = [];
    for (let rest = stream; rest.length > 0;) {
      const taken = receiver.receivedBytes(rest);
      if (typeof taken !== 'number') throw new Error(taken.reason);
      rest = rest.subarray(taken);
      if (receiver.receivedMessageComplete()) messages.push(receiver.getReceivedMessage(0));
    }
    expect(summary(messages)).toEqual(expected);
  });

  it('delivers a payload of 4,000,000 bytes, split anywhere', () => {
    const payload = filled(MAX_PROTOCOL_MESSAGE_BYTES, 0).map((_, index) => index % 251);
    const bytes = join(frame('block', payload), frame('ping', filled(8, 1)));
    const boundary = V1_HEADER_BYTES + FIRST_PART_BYTES;
    const splits = [V1_HEADER_BYTES, boundary - 1, boundary, boundary + 1, bytes.length - 33, bytes.length - 31];
    const cuts = [[bytes.length], [65_536], [1, 23, 7, 262_144, 100_001], ...splits.map((at) => [at, bytes.length])];
    for (const chunkBytes of cuts) {
      const { messages } = receiveAll(transport(), bytes, chunkBytes);
      expect(messages.map(({ type, rejectReason }) => [type, rejectReason])).toEqual([
        ['block', undefined],
        ['ping', undefined],
      ]);
      expect(Buffer.compare(messages[0]!.payload, payload)).toBe(0);
    }
  });

  it('is fatal at the 24th byte of a header that announces 4,000,001 bytes, and not before', () => {
    const header = frame('block', new Uint8Array(0), MAX_PROTOCOL_MESSAGE_BYTES + 1);
    const receiver = transport();
    expect(receiver.receivedBytes(header.subarray(0, 23))).toBe(23);
    expect(receiver.receivedBytes(header.subarray(23))).toEqual({ reason: expect.stringContaining('4000001') });
  });

  it('is fatal at the 24th byte after wrong magic, and not before', () => {
    const receiver = transport();
    expect(receiver.receivedBytes(filled(23, 0))).toBe(23);
    expect(receiver.receivedBytes(filled(1, 0))).toEqual({ reason: 'wrong network magic' });
  });

  it('answers every call after a fatal error with the same error', () => {
    const receiver = transport();
    const failure = receiver.receivedBytes(filled(24, 0));
    expect(receiver.receivedBytes(frame('ping', filled(8, 1)))).toBe(failure);
    expect(receiver.receivedMessageComplete()).toBe(false);
  });

  it('delivers what came before a fatal error in the same chunk', () => {
    const { messages, failure } = receiveAll(transport(), join(frame('ping', filled(8, 1)), filled(24, 0)));
    expect(messages.map(({ type }) => type)).toEqual(['ping']);
    expect(failure).toBe('wrong network magic');
  });

  it('rejects a wrong checksum or a malformed type, counts its bytes and goes on with the next message', () => {
    const bad = frame('ping', filled(8, 1));
    bad[20]! ^= 1;
    const malformed = frame(Uint8Array.of(0x70, 0, 0x69), filled(300, 2));
    const { messages } = receiveAll(transport(), join(bad, malformed, frame('pong', filled(8, 3))));
    expect(messages.map(({ rejectReason, rawBytes }) => [rejectReason, rawBytes])).toEqual([
      ['checksum', 32],
      ['malformed type', 324],
      [undefined, 32],
    ]);
  });

  it('checks the sum of a payload that is long enough to be summed as it comes', () => {
    const bytes = frame('block', filled(FIRST_PART_BYTES + 1, 1));
    expect(receiveAll(transport(), bytes).messages[0]!.rejectReason).toBeUndefined();
    bytes[bytes.length - 1]! ^= 1;
    expect(receiveAll(transport(), bytes).messages[0]!.rejectReason).toBe('checksum');
  });

  it('takes no bytes while a complete message waits, and refuses to hand out one that is not there', () => {
    const receiver = transport();
    const bytes = join(frame('ping', filled(8, 1)), frame('pong', filled(8, 2)));
    expect(() => receiver.getReceivedMessage(0)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_STATE' }));
    expect(receiver.receivedBytes(bytes)).toBe(32);
    expect(receiver.receivedBytes(bytes, 32)).toBe(0);
    expect(receiver.getReceivedMessage(12.5)).toMatchObject({ type: 'ping', timeMs: 12.5, rawBytes: 32 });
    expect(receiver.receivedBytes(bytes, 32)).toBe(32);
  });

  it('completes an empty message with its header', () => {
    const receiver = transport();
    expect(receiver.receivedBytes(frame('verack', new Uint8Array(0)))).toBe(24);
    expect(receiver.receivedMessageComplete()).toBe(true);
  });

  it('hands out payloads that share no bytes with each other or with the chunk', () => {
    const { messages } = receiveAll(transport(), join(...[1, 2, 3].map((value) => frame('tx', filled(100, value)))));
    messages[1]!.payload.fill(9);
    expect(messages.map(({ payload }) => payload)).toEqual([filled(100, 1), filled(100, 9), filled(100, 3)]);
  });

  it.each([1, FIRST_PART_BYTES, FIRST_PART_BYTES + 1])(
    'takes no memory beyond what came from 500 peers that announce 4,000,000 bytes and send %i',
    (sentBytes) => {
      const lie = join(frame('block', new Uint8Array(0), MAX_PROTOCOL_MESSAGE_BYTES), filled(sentBytes, 0));
      const before = process.memoryUsage();
      const receivers = Array.from({ length: 500 }, transport);
      for (const receiver of receivers) expect(receiver.receivedBytes(lie)).toBe(lie.length);
      const after = process.memoryUsage();
      expect(receivers.every((receiver) => !receiver.receivedMessageComplete())).toBe(true);
      // Twice what came: the first part may lie in memory twice until garbage is collected. All 2 GB were eight times that.
      expect(after.rss - before.rss).toBeLessThan(500 * FIRST_PART_BYTES * 2);
      const reservedBytes = sentBytes > FIRST_PART_BYTES ? MAX_PROTOCOL_MESSAGE_BYTES : FIRST_PART_BYTES;
      expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(500 * reservedBytes * 1.2);
    },
  );

  it('survives any bytes: garbage is fatal or incomplete, never an exception', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 50 })),
        (bytes, startsRight, chunks) => {
          if (startsRight) bytes.set(magic.subarray(0, bytes.length), 0);
          receiveAll(transport(), bytes, chunks);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('never delivers a message other than one that was sent when a bit of the stream flips', () => {
    for (let at = 0; at < stream.length; at++) {
      const flipped = stream.slice();
      flipped[at]! ^= 1 << (at % 8);
      for (const { payload, rejectReason } of receiveAll(transport(), flipped).messages) {
        // The checksum covers the payload only, so a flip may change a type; it may not change a payload.
        const isSent = sizes.some((size, index) => Buffer.compare(payload, filled(size, index)) === 0);
        expect(isSent || rejectReason !== undefined).toBe(true);
      }
    }
  });
});

describe('V1Transport, sending', () => {
  it('sends frames that its receiving side reads back, in pieces of any size', () => {
    const payload = fc
      .tuple(fc.integer({ min: 0, max: 6_000 }), fc.nat(255))
      .map(([size, value]) => filled(size, value));
    const message = fc.record({ type: typeArbitrary, payload });
    const sizeArbitrary = fc.integer({ min: 1, max: 5_000 });
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 5 }),
        sizeArbitrary,
        fc.array(sizeArbitrary),
        (sent, sendBytes, chunkBytes) => {
          const bytes = sendAll(transport(), [...sent], sendBytes);
          const { messages } = receiveAll(transport(), bytes, chunkBytes);
          expect(messages.map(({ type }) => type)).toEqual(sent.map(({ type }) => type));
          expect(messages.every(({ rejectReason }) => rejectReason === undefined)).toBe(true);
          expect(messages.every((one, index) => Buffer.compare(one.payload, sent[index]!.payload) === 0)).toBe(true);
        },
      ),
    );
  });

  it.each([0, 8, 4_096, 4_097, 70_000])('produces the frame of the specification for a payload of %i bytes', (size) => {
    const payload = filled(size, 5);
    expect(toHex(sendAll(transport(), [{ type: 'tx', payload }]))).toBe(toHex(frame('tx', payload)));
    expect(toHex(sendAll(transport(), [withChecksum({ type: 'tx', payload })]))).toBe(toHex(frame('tx', payload)));
  });

  it('sends a long payload from where it is, after its header', () => {
    const sender = transport();
    const payload = filled(100_000, 1);
    sender.setMessageToSend({ type: 'block', payload });
    expect(sender.getBytesToSend(false)).toMatchObject({ more: true, messageType: 'block' });
    sender.markBytesSent(24);
    expect(sender.getBytesToSend(false)).toMatchObject({ more: false, messageType: 'block' });
    expect(sender.getBytesToSend(true).more).toBe(true);
    expect(sender.getBytesToSend(false).toSend).toBe(payload);
  });

  it.each([8, 5_000])(
    'answers a query with a prefix of later answers until bytes are marked as sent (%i bytes)',
    (size) => {
      const sender = transport();
      sender.setMessageToSend({ type: 'tx', payload: filled(size, 1) });
      const first = toHex(sender.getBytesToSend(false).toSend);
      sender.receivedBytes(frame('ping', filled(8, 1)));
      expect(sender.setMessageToSend({ type: 'tx', payload: filled(9, 9) })).toBe(false);
      sender.markBytesSent(0);
      expect(toHex(sender.getBytesToSend(true).toSend).startsWith(first)).toBe(true);
      sender.markBytesSent(3);
      expect(toHex(sender.getBytesToSend(true).toSend)).toBe(first.slice(6));
    },
  );

  it.each([0, 8, 4_096, 4_097])(
    'takes the next message when the last byte of %i is out, and counts memory until then',
    (size) => {
      const sender = transport();
      const next = { type: 'pong', payload: filled(8, 2) };
      sender.setMessageToSend({ type: 'tx', payload: filled(size, 1) });
      for (let left = V1_HEADER_BYTES + size; left > 0; left--) {
        expect(sender.setMessageToSend(next)).toBe(false);
        expect(sender.getSendMemoryUsage()).toBe(size + MESSAGE_OVERHEAD_BYTES);
        sender.markBytesSent(1);
      }
      expect(sender.getSendMemoryUsage()).toBe(0);
      expect(sender.getBytesToSend(false)).toMatchObject({ more: false, messageType: '' });
      expect(sender.getBytesToSend(true)).toMatchObject({ toSend: new Uint8Array(0), more: true, messageType: '' });
      expect(sender.setMessageToSend(next)).toBe(true);
    },
  );

  it('sends a payload of 4,000,000 bytes and refuses one more', () => {
    const sender = transport();
    expect(() =>
      sender.setMessageToSend({ type: 'block', payload: new Uint8Array(MAX_PROTOCOL_MESSAGE_BYTES + 1) }),
    ).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }));
    expect(sender.setMessageToSend({ type: 'block', payload: new Uint8Array(MAX_PROTOCOL_MESSAGE_BYTES) })).toBe(true);
  });

  it.each(['thirteen chars', 'abcdefghijklm', 'tab\t', 'del\x7f', 'é', 7 as never])('refuses %j as a type', (type) => {
    expect(() => transport().setMessageToSend({ type, payload: new Uint8Array(0) })).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }),
    );
  });

  it.each([undefined, 'text', [1, 2], new ArrayBuffer(3)])('refuses %s as a payload', (payload) => {
    expect(() => transport().setMessageToSend({ type: 'tx', payload: payload as never })).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }),
    );
  });

  it.each([-1, 33, 0.5, NaN])('refuses to mark %d bytes of 32 as sent', (count) => {
    const sender = transport();
    sender.setMessageToSend({ type: 'ping', payload: filled(8, 1) });
    expect(() => sender.markBytesSent(count)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }));
  });
});

describe('V1Transport', () => {
  it('says that it is V1, has no session, and never wants to be tried again', () => {
    expect(transport().getInfo()).toEqual({ transportType: 'v1', sessionId: undefined });
    expect(transport().shouldReconnectV1()).toBe(false);
  });

  it.each([undefined, 'f9beb4d9', new Uint8Array(3), new Uint8Array(5)])('refuses %s as magic', (wrong) => {
    expect(() => new V1Transport(wrong as never)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
  });

  it('keeps its own copy of the magic', () => {
    const own = Uint8Array.from(magic);
    const sender = new V1Transport(own);
    own.fill(0);
    expect(sendAll(sender, [{ type: 'ping', payload: filled(8, 1) }])).toEqual(frame('ping', filled(8, 1)));
  });
});

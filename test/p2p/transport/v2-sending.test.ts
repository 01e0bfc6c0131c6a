// Messages out of a V2 transport: in step with the other side, within limits, and showing nothing.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_PROTOCOL_MESSAGE_BYTES, MESSAGE_OVERHEAD_BYTES } from '../../../ts/p2p/transport/transport.ts';
import type { OutboundMessage } from '../../../ts/p2p/transport/transport.ts';
import { MAX_STEP_BYTES } from '../../../ts/p2p/transport/v2-long-packet.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { receiveAll, sendAll } from '../../harness/peers/transport.ts';
import { NO_BYTES, pair, sha256 } from './v2-stage.ts';

describe('V2Transport, sending', () => {
  const messages = fc.array(
    fc.record({
      type: fc.constantFrom('ping', 'tx', 'version', 'block', '', 'unknown', 'twelve chars'),
      payload: fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.integer({ min: 4_000, max: 200_000 }).map((size) => seededBytes(size)(size)),
      ),
    }),
    { maxLength: 8 },
  );

  it('is read back by the other side, in pieces of any size', () => {
    fc.assert(
      fc.property(
        messages,
        fc.integer({ min: 1, max: 70_000 }),
        fc.integer({ min: 100, max: 70_000 }),
        (queue, piece, chunk) => {
          const [initiator, responder] = pair();
          const received = receiveAll(responder, sendAll(initiator, [...queue], piece < 50 ? 50 : piece), [chunk]);
          expect(received.failure).toBeUndefined();
          expect(received.messages.map(({ type, payload }) => [type, sha256(payload)])).toEqual(
            queue.map(({ type, payload }) => [type, sha256(payload)]),
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it('keeps in step over 500 messages one way and 300 the other, across several keys', () => {
    const [initiator, responder] = pair();
    for (let i = 0; i < 500; i++) {
      const message = { type: 'ping', payload: Uint8Array.of(i, i >> 8) };
      expect(receiveAll(responder, sendAll(initiator, [message])).messages).toMatchObject([message]);
      if (i % 5 < 3) expect(receiveAll(initiator, sendAll(responder, [message])).messages).toMatchObject([message]);
    }
  });

  it('carries 4,000,000 bytes both ways and refuses one more', () => {
    const [initiator, responder] = pair();
    const block = { type: 'block', payload: seededBytes('block')(MAX_PROTOCOL_MESSAGE_BYTES) };
    for (const [from, to] of [
      [initiator, responder],
      [responder, initiator],
    ] as const) {
      const { messages: got } = receiveAll(to, sendAll(from, [block]), [65_536]);
      expect(got).toHaveLength(1);
      expect(Buffer.compare(got[0]!.payload, block.payload)).toBe(0);
      const tooLong = { type: 'block', payload: new Uint8Array(MAX_PROTOCOL_MESSAGE_BYTES + 1) };
      expect(() => from.setMessageToSend(tooLong)).toThrow(
        expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }),
      );
    }
    expect(receiveAll(responder, sendAll(initiator, [{ type: 'ping', payload: NO_BYTES }])).messages).toHaveLength(1);
  });

  it('accounts for a message until its last byte is sent, and holds one at a time', () => {
    const [initiator] = pair();
    const message = { type: 'block', payload: new Uint8Array(150_000) };
    expect(initiator.getSendMemoryUsage()).toBe(0);
    expect(initiator.setMessageToSend(message)).toBe(true);
    let sentBytes = 0;
    for (;;) {
      const { toSend, more, messageType } = initiator.getBytesToSend(false);
      if (toSend.length === 0) break;
      expect(messageType).toBe('block');
      expect(initiator.getSendMemoryUsage()).toBe(150_000 + MESSAGE_OVERHEAD_BYTES);
      expect(initiator.setMessageToSend(message)).toBe(false);
      expect(toSend.length).toBeLessThanOrEqual(MAX_STEP_BYTES + 3 + 14 + 16);
      initiator.markBytesSent(toSend.length);
      sentBytes += toSend.length;
      expect(more).toBe(sentBytes < 150_021);
    }
    expect(sentBytes).toBe(150_021);
    expect(initiator.getSendMemoryUsage()).toBe(0);
    expect(initiator.getBytesToSend(false)).toMatchObject({ messageType: '', more: false });
  });

  it.each<[string, unknown]>([
    ['thirteen characters', { type: 'a'.repeat(13), payload: NO_BYTES }],
    ['a character past 0x7e', { type: 'a\x7f', payload: NO_BYTES }],
    ['no string', { type: 5, payload: NO_BYTES }],
    ['no bytes', { type: 'ping', payload: 'text' }],
  ])('refuses a message with %s and stays usable', (_what, message) => {
    const [initiator, responder] = pair();
    expect(() => initiator.setMessageToSend(message as OutboundMessage)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }),
    );
    const ping = { type: 'ping', payload: NO_BYTES };
    expect(receiveAll(responder, sendAll(initiator, [ping])).messages).toMatchObject([ping]);
  });

  it.each([-1, 0.5, 22, Number.NaN])('refuses to mark %d of 21 bytes as sent', (count) => {
    const [initiator] = pair();
    initiator.setMessageToSend({ type: 'ping', payload: NO_BYTES });
    expect(() => initiator.markBytesSent(count)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }));
    expect(initiator.getBytesToSend(false).toSend).toHaveLength(21);
  });

  it('shows nothing of a message: not its payload, not its type, not twice the same bytes', () => {
    const [initiator] = pair();
    const message = { type: 'version', payload: new Uint8Array(1_000).fill(0x41) };
    const wire = Array.from({ length: 50 }, () => Buffer.from(sendAll(initiator, [message])));
    expect(new Set(wire.map((bytes) => bytes.subarray(0, 16).toString('hex'))).size).toBe(50);
    expect(Buffer.concat(wire).includes('version')).toBe(false);
    expect(Buffer.concat(wire).includes('AAAAAA')).toBe(false);
  });
});

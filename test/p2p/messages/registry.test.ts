// What holds for every message type alike.

import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { MESSAGE_TYPES, OTHER_MESSAGE_TYPE, isMessageType } from '../../../ts/p2p/messages/message-types.ts';
import type { MessageType } from '../../../ts/p2p/messages/message-types.ts';
import { decodeMessage, encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import type { KnownMessage } from '../../../ts/p2p/messages/registry.ts';
import { ByteReader } from '../../../ts/util/bytes/bytes.ts';
import { messageArbitraries } from '../../harness/peers/messages.ts';
import { toHex } from '../../harness/data/vectors.ts';

const INVALID = 'ERR_SOCKMAN_INVALID_ARG';
const RANGE = 'ERR_SOCKMAN_OUT_OF_RANGE';
const decodeError = expect.objectContaining({ code: 'ERR_SOCKMAN_DECODE' });

function arbitrary(type: MessageType): fc.Arbitrary<KnownMessage> {
  return messageArbitraries[type] as fc.Arbitrary<KnownMessage>;
}

/** One message of each type with lists that are not empty, always the same. */
function sample(type: MessageType): Uint8Array {
  const payloads = fc.sample(arbitrary(type), { seed: 4, numRuns: 30 }).map((one) => encodeMessage(one).payload);
  return payloads.sort((a, b) => a.length - b.length)[20]!;
}

function sampleMessage(type: MessageType): KnownMessage {
  return decodeMessage(type, sample(type));
}

/** Where a payload may end early and still decode. Everywhere else a cut is an error. */
const OPTIONAL_ENDINGS: { readonly [T in MessageType]?: (cut: number, payload: Uint8Array) => boolean } = {
  version: (cut, payload) => [46, 80, payload.length - 5, payload.length - 1].includes(cut),
  ping: (cut) => cut === 0,
  pong: () => true,
  // Opaque behind what is read of them.
  tx: () => true,
  block: (cut) => cut >= 81,
  blocktxn: (cut) => cut >= 33,
  cmpctblock: (cut, payload) => cut >= 90 + 6 * payload[88]!,
};

afterEach(() => void vi.restoreAllMocks());

describe.each([...MESSAGE_TYPES])('%s', (type) => {
  it('reads back what it wrote, for arbitrary messages', () => {
    fc.assert(
      fc.property(arbitrary(type), (message) => {
        const encoded = encodeMessage(message);
        expect(encoded.type).toBe(type);
        expect(decodeMessage(type, encoded.payload)).toEqual(message);
      }),
    );
  });

  it('is an error when cut at any length, but for its documented endings', () => {
    const payload = sample(type);
    for (let cut = 0; cut < payload.length; cut++) {
      const decode = () => decodeMessage(type, payload.slice(0, cut));
      if (OPTIONAL_ENDINGS[type]?.(cut, payload)) expect(decode).not.toThrow();
      else expect(decode, `cut at ${cut}`).toThrow(decodeError);
    }
  });

  it(`${type === 'feature' ? 'is an error with' : 'ignores'} one to ten bytes behind the last field`, () => {
    const payload = sample(type);
    const { payload: _payload, ...fields } = { payload, ...decodeMessage(type, payload) };
    for (let extra = 1; extra <= 10; extra++) {
      const longer = new Uint8Array(payload.length + extra);
      longer.set(payload);
      if (type === 'feature') expect(() => decodeMessage(type, longer)).toThrow(decodeError);
      else expect(decodeMessage(type, longer)).toMatchObject(fields);
    }
  });

  it('refuses a CompactSize that is not in its shortest form, wherever one stands', () => {
    const payload = sample(type);
    for (const offset of compactSizeOffsets(type, payload)) {
      if (payload[offset]! >= 0xfd) continue;
      const longer = Buffer.concat([
        payload.subarray(0, offset),
        Uint8Array.of(0xfd, payload[offset]!, 0),
        payload.subarray(offset + 1),
      ]);
      expect(() => decodeMessage(type, longer)).toThrow(decodeError);
    }
  });

  it('refuses a count of 33,554,432 with nothing behind it, and one more at once, without allocating', () => {
    const payload = sample(type);
    for (const offset of compactSizeOffsets(type, payload)) {
      for (const count of [0x0200_0000, 0x0200_0001]) {
        const lie = new Uint8Array(offset + 5);
        lie.set(payload.subarray(0, offset));
        lie[offset] = 0xfe;
        new DataView(lie.buffer).setUint32(offset + 1, count, true);
        const heapBefore = process.memoryUsage().heapUsed;
        const decode = () => decodeMessage(type, lie);
        if (isCountOpaque(type, offset, payload.length, count)) expect(decode).not.toThrow();
        else expect(decode).toThrow(decodeError);
        expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(8_000_000);
      }
    }
  });

  it('throws nothing but a DecodeError for any bytes', () => {
    const tail = fc.uint8Array({ maxLength: 200 });
    const start = fc.tuple(arbitrary(type), fc.nat(300));
    fc.assert(
      fc.property(start, tail, ([message, kept], garbage) => {
        const bytes = Buffer.concat([encodeMessage(message).payload.subarray(0, kept), garbage]);
        try {
          decodeMessage(type, bytes);
        } catch (error) {
          expect(error).toEqual(decodeError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** The offsets at which decoding a payload reads a CompactSize that is a length or a count. */
function compactSizeOffsets(type: MessageType, payload: Uint8Array): number[] {
  const offsets: number[] = [];
  const original = ByteReader.prototype.compactSize;
  const spy = vi.spyOn(ByteReader.prototype, 'compactSize').mockImplementation(function (this: ByteReader, max) {
    offsets.push(this.offset);
    return original.call(this, max);
  });
  decodeMessage(type, payload);
  spy.mockRestore();
  return offsets;
}

/** Counts that nothing is read for: of opaque transactions, and of headers, where more than 2,000 say enough. */
function isCountOpaque(type: MessageType, offset: number, payloadBytes: number, count: number): boolean {
  if (count > 0x0200_0000) return false;
  if (type === 'headers') return offset === 0 || offset === payloadBytes - 1;
  return type === 'block' || type === 'blocktxn';
}

describe('decodeMessage and encodeMessage', () => {
  it.each(['', 'alert', 'reject', 'PING', OTHER_MESSAGE_TYPE, 'unknown', 'constructor', '__proto__'])(
    'pass on a message of unknown type %j as it is',
    (type) => {
      const payload = Uint8Array.of(1, 2, 3);
      const message = decodeMessage(type, payload);
      expect(message).toEqual({ type: 'unknown', messageType: type, payload });
      expect(encodeMessage(message)).toEqual({ type, payload });
      expect(isMessageType(type)).toBe(false);
    },
  );

  it('do not copy a block', () => {
    const payload = sample('block');
    const message = decodeMessage('block', payload);
    expect(message.payload).toBe(payload);
    expect(encodeMessage(message).payload).toBe(payload);
  });

  const block = sample('block');
  it.each<[string, unknown, string]>([
    ['a block of 4,000,001 bytes', { type: 'block', payload: new Uint8Array(4_000_001) }, RANGE],
    ['a filter too long for a message', { ...sampleMessage('cfilter'), filter: new Uint8Array(4_000_000) }, RANGE],
    ['a type of thirteen characters', { type: 'unknown', messageType: 'thirteen char', payload: block }, INVALID],
    ['a type of other characters', { type: 'unknown', messageType: 'tab\t', payload: block }, INVALID],
    ['no type', { type: 'unknown', payload: block }, INVALID],
    ['a payload that is text', { type: 'tx', payload: 'text' }, INVALID],
    ['a type that does not exist', { type: 'nonsense' }, INVALID],
    ['a type that every object has', { type: 'constructor' }, INVALID],
    ['a list that is missing', { type: 'inv' }, INVALID],
    ['a nonce that is no bigint', { type: 'ping', nonce: 5 }, INVALID],
    ['a time that is no whole number', { ...sampleMessage('version'), timeSeconds: 1.5 }, INVALID],
    ['nothing', undefined, INVALID],
    ['null', null, INVALID],
    ['text', 'ping', INVALID],
  ])('refuse %s, which no transport could send', (_what, message, code) => {
    expect(() => encodeMessage(message as never)).toThrow(expect.objectContaining({ code }));
  });

  it('take a payload of 4,000,000 bytes', () => {
    const payload = new Uint8Array(4_000_000);
    expect(encodeMessage({ type: 'unknown', messageType: 'twelve chars', payload }).payload).toBe(payload);
  });

  it('know thirty-six types', () => {
    expect(new Set(MESSAGE_TYPES).size).toBe(36);
    expect(toHex(encodeMessage({ type: 'verack' }).payload)).toBe('');
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTlvs, encodeTlvs } from '../../../ts/stratum/messages/extensions.ts';
import { decodeFrameHeader, encodeFrameHeader } from '../../../ts/stratum/messages/frame-header.ts';
import { decodeMessage, encodeMessage, messageNameOf } from '../../../ts/stratum/messages/registry.ts';
import type { Sv2Frame, Sv2Message } from '../../../ts/stratum/messages/registry.ts';
import { DecodeError } from '../../../ts/util/errors/errors.ts';
import { fromHex, readVectorJson, toHex } from '../../harness/data/vectors.ts';

interface MessageRow {
  name: string;
  msgType: number;
  channelMsg?: boolean;
  extensionType?: number;
  payload: string;
  header: string;
  fields: Record<string, unknown>;
  trailing: string;
  reason: string;
}

const vectors = readVectorJson<{
  messages: MessageRow[];
  extensionMessages: MessageRow[];
  headers: { header: string; extensionType: number; channelMsg: boolean; msgType: number; msgLength: number }[];
  malformed: MessageRow[];
  trailingBytes: MessageRow[];
  tlv: { extensionType: number; fieldType: number; value: string; littleEndian: string }[];
  quirks: MessageRow[];
}>('sv2_messages.json');

function frameOf({ msgType, channelMsg, extensionType, payload }: MessageRow): Sv2Frame {
  return {
    extensionType: extensionType ?? 0,
    isChannelMessage: channelMsg ?? false,
    messageType: msgType,
    payload: fromHex(payload),
  };
}

/** A decoded value as the vector files write it. */
function asInVectors(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (typeof value === 'bigint') return `${value}`;
  if (Array.isArray(value)) return value.map(asInVectors);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, asInVectors(field)]));
}

describe('Stratum V2 messages', () => {
  it.each([...vectors.messages, ...vectors.extensionMessages])('$name $payload reads and writes alike', (row) => {
    const frame = frameOf(row);
    const decoded = decodeMessage(frame)!;
    // The file misspells one name; the type number counts.
    const name = messageNameOf(frame)!;
    expect(asInVectors(decoded.message)).toEqual({ name, ...row.fields });
    expect(decoded.trailing).toHaveLength(0);
    const isOldForm = name === 'CoinbaseOutputConstraints' && frame.payload.length === 4;
    const encoded = encodeMessage(decoded.message);
    expect(toHex(encoded.payload)).toBe(isOldForm ? `${row.payload}9001` : row.payload);
    expect({ ...encoded, payload: frame.payload }).toEqual(frame);
    expect(toHex(encodeFrameHeader({ ...frame, payloadBytes: frame.payload.length }))).toBe(row.header);
  });

  it.each(vectors.malformed)('$name with $reason is refused', (row) => {
    expect(() => decodeMessage(frameOf(row))).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_DECODE' }));
  });

  it.each(vectors.trailingBytes)('$name leaves $reason', (row) => {
    const { message, trailing } = decodeMessage(frameOf(row))!;
    expect(asInVectors(message)).toEqual({ name: row.name, ...row.fields });
    expect(toHex(trailing)).toBe(row.trailing);
  });

  it.each(vectors.quirks)('$name with a length that lies is read by its length', (row) => {
    const { message, trailing } = decodeMessage(frameOf(row))!;
    expect((message as Extract<Sv2Message, { name: 'SubmitSolution' }>).coinbaseTx).toHaveLength(93);
    expect(trailing).toHaveLength(23);
  });

  it.each([...vectors.messages, ...vectors.extensionMessages])('$name $payload is refused at every cut', (row) => {
    const frame = frameOf(row);
    const isConstraints = messageNameOf(frame) === 'CoinbaseOutputConstraints';
    for (let length = 0; length < frame.payload.length; length++) {
      if (isConstraints && length === 4) continue; // The form of clients from before March 2025.
      expect(() => decodeMessage({ ...frame, payload: frame.payload.subarray(0, length) })).toThrow(DecodeError);
    }
  });

  it.each([0x05, 0x10, 0x50, 0x77, 0xff])('type %i stays bytes', (messageType) => {
    const frame = { extensionType: 0, isChannelMessage: false, messageType, payload: fromHex('00') };
    expect(decodeMessage(frame)).toBeUndefined();
  });

  it('a message of an unknown extension stays bytes', () => {
    const frame = { extensionType: 2, isChannelMessage: false, messageType: 0x70, payload: fromHex('00000000') };
    expect(decodeMessage(frame)).toBeUndefined();
  });

  it('a coinbase prefix of nine bytes is refused when it is written', () => {
    const row = vectors.messages.find(({ name }) => name === 'NewTemplate')!;
    const message = decodeMessage(frameOf(row))!.message as Extract<Sv2Message, { name: 'NewTemplate' }>;
    expect(() => encodeMessage({ ...message, coinbasePrefix: new Uint8Array(9) })).toThrow(RangeError);
    expect(encodeMessage({ ...message, coinbasePrefix: new Uint8Array(8) }).payload.length).toBeGreaterThan(8);
  });

  it('a string that is no UTF-8 reads as replacement characters', () => {
    const frame = { extensionType: 0, isChannelMessage: false, messageType: 4, payload: fromHex('03ff41fe5000') };
    expect(decodeMessage(frame)!.message).toMatchObject({ newHost: '\ufffdA\ufffd', newPort: 0x50 });
  });

  it('random payloads of every type decode or throw a DecodeError, and what decodes encodes again', () => {
    const types = [...vectors.messages, ...vectors.extensionMessages].map(frameOf);
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 300 }), (type, payload) => {
        let message: Sv2Message;
        try {
          message = decodeMessage({ ...type, payload })!.message;
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
          return;
        }
        const again = decodeMessage(encodeMessage(message))!;
        expect(again.message.name).toBe(message.name);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a frame header', () => {
  it.each(vectors.headers)('$header reads and writes alike', (row) => {
    const header = decodeFrameHeader(fromHex(row.header));
    expect(header).toEqual({
      extensionType: row.extensionType,
      isChannelMessage: row.channelMsg,
      messageType: row.msgType,
      payloadBytes: row.msgLength,
    });
    expect(toHex(encodeFrameHeader(header))).toBe(row.header);
  });

  it.each([{ extensionType: 0x8000 }, { extensionType: -1 }, { messageType: 256 }, { payloadBytes: 0x100_0000 }])(
    'refuses %o',
    (wrong) => {
      const header = { extensionType: 0, isChannelMessage: false, messageType: 0, payloadBytes: 1, ...wrong };
      expect(() => encodeFrameHeader(header)).toThrow(RangeError);
    },
  );
});

describe('the TLV area', () => {
  it.each(vectors.tlv)('$littleEndian reads and writes alike', ({ littleEndian, extensionType, fieldType, value }) => {
    const [field] = decodeTlvs(fromHex(littleEndian));
    expect(asInVectors(field)).toEqual({ extensionType, fieldType, value });
    expect(toHex(encodeTlvs([{ extensionType, fieldType, value: fromHex(value) }]))).toBe(littleEndian);
  });

  it('refuses a field that is cut short at any byte', () => {
    const bytes = fromHex(vectors.tlv[0]!.littleEndian);
    expect(decodeTlvs(bytes.subarray(0, 0))).toEqual([]);
    for (let length = 1; length < bytes.length; length++) {
      expect(() => decodeTlvs(bytes.subarray(0, length))).toThrow(DecodeError);
    }
  });
});

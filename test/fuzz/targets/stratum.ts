// Stratum V2: frames of a stream in pieces, messages, extension areas, authority keys and URLs. The first byte chooses.

import { parseAuthorityKey, formatAuthorityKey, parseSv2Url, formatSv2Url } from '../../../ts/stratum/authority-key.ts';
import { decodeTlvs, encodeTlvs } from '../../../ts/stratum/messages/extensions.ts';
import { decodeMessage, encodeMessage } from '../../../ts/stratum/messages/registry.ts';
import { Sv2Transport } from '../../../ts/stratum/sv2-transport.ts';
import { fromHex, readVectorJson } from '../../harness/data/vectors.ts';
import { attempt, bytesOf, chosen, pieces, same, textOf } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const REFUSALS = ['ERR_SOCKMAN_DECODE', 'ERR_SOCKMAN_INVALID_ARG', 'ERR_SOCKMAN_OUT_OF_RANGE'];

function framesOf(chunks: Iterable<Uint8Array>): unknown[] {
  const transport = new Sv2Transport({ role: 'clear' });
  const frames: unknown[] = [];
  for (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length;) {
      const taken = transport.receivedBytes(chunk, offset);
      if (typeof taken !== 'number') return [...frames, taken.reason];
      offset += taken;
      if (transport.hasFrame()) frames.push(transport.takeFrame());
    }
  }
  return frames;
}

function tryMessage(input: Uint8Array): void {
  const [messageType = 0, flags = 0] = input;
  const frame = {
    extensionType: 0,
    isChannelMessage: (flags & 1) !== 0,
    messageType,
    payload: input.subarray(2),
  };
  const decoded = attempt(REFUSALS, () => decodeMessage(frame));
  if (decoded === undefined) return;
  // Text that is no UTF-8 has grown while it was read.
  const encoded = attempt(REFUSALS, () => encodeMessage(decoded.message));
  if (encoded === undefined) return;
  same('a message reads otherwise when written', decodeMessage(encoded)?.message, decoded.message);
}

function tryTlvs(area: Uint8Array): void {
  const tlvs = attempt(REFUSALS, () => decodeTlvs(area));
  if (tlvs !== undefined) same('an area reads otherwise when written', decodeTlvs(encodeTlvs(tlvs)), tlvs);
}

function tryTexts(bytes: Uint8Array): void {
  const text = textOf(bytes);
  const key = attempt(REFUSALS, () => parseAuthorityKey(text));
  if (key !== undefined) same('another key', parseAuthorityKey(formatAuthorityKey(key)), key);
  const url = attempt(REFUSALS, () => parseSv2Url(text));
  if (url?.authorityX !== undefined) same('another URL', parseSv2Url(formatSv2Url(url)), url);
}

const PARTS = [
  (stream: Uint8Array) => same('a stream in pieces', framesOf(pieces(stream)), framesOf([stream])),
  tryMessage,
  tryTlvs,
  tryTexts,
];

export const target: FuzzTarget = {
  words: ['stratum2+tcp://'],
  seeds() {
    const { messages } = readVectorJson<{
      messages: { msgType: number; channelMsg: boolean; header: string; payload: string }[];
    }>('sv2_messages.json');
    return [
      ...messages.map(({ header, payload }) => Uint8Array.of(0, ...fromHex(header + payload))),
      ...messages.map(({ msgType, channelMsg, payload }) =>
        Uint8Array.of(1, msgType, channelMsg ? 1 : 0, ...fromHex(payload)),
      ),
      Uint8Array.of(2, 1, 0, 16, 2, 0, 7, 7),
      Uint8Array.of(3, ...bytesOf('stratum2+tcp://127.0.0.1:3336/9bXiEd8boQVhq7WddEcERUL5tyyJVFYdU8th3HfbNXK3Yw6GRXh')),
    ];
  },
  run(input) {
    const [tryPart, rest] = chosen(input, PARTS);
    tryPart(rest);
  },
};

// The V2 transport (BIP 324) against one of our own: messages arrive whole and in order, and a changed byte ends the stream.
//
// An input is a plan. Byte 0: where a byte is changed, 0 for nowhere; byte 1: how; then two bytes for each message, its size
// and its type. A stranger's bytes are tried as well: the plan itself, as what a responder gets to read.

import { V2Transport } from '../../../ts/p2p/transport/v2.ts';
import type { Transport } from '../../../ts/p2p/transport/transport.ts';
import { fromHex } from '../../harness/data/vectors.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { finding, pieces } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const MAGIC = fromHex('f9beb4d9');
const TYPES = ['ping', 'inv', 'tx', 'version', 'unheardof'];
const MAX_MESSAGES = 8;

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

function createPair(): { dialer: V2Transport; listener: V2Transport } {
  const side = (isInitiator: boolean, seed: number): V2Transport =>
    new V2Transport({ magic: MAGIC, isInitiator, random: seededBytes(seed), garbage: new Uint8Array(3) });
  return { dialer: side(true, 1), listener: side(false, 2) };
}

export const target: FuzzTarget = {
  mutations: 150,
  seeds: () => [Uint8Array.of(0, 0, 8, 0, 200, 1), Uint8Array.of(90, 1, 8, 0), fromHex('f9beb4d976657273696f6e')],
  run(input) {
    deliver(createPair().listener, pieces(input), { messages: [], isEnded: false });

    const { dialer, listener } = createPair();
    const [atDialer, atListener]: Heard[] = [
      { messages: [], isEnded: false },
      { messages: [], isEnded: false },
    ];
    deliver(listener, [takeToSend(dialer)], atListener!);
    deliver(dialer, [takeToSend(listener)], atDialer!);
    const [changeAt = 0, change = 0, ...plan] = input;
    const sent = [];
    let stream = takeToSend(dialer);
    for (let index = 0; index + 1 < plan.length && sent.length < MAX_MESSAGES; index += 2) {
      const message = { type: TYPES[plan[index + 1]! % TYPES.length]!, payload: new Uint8Array(plan[index]! ** 2) };
      if (!dialer.setMessageToSend(message)) finding('no room for a message');
      stream = Buffer.concat([stream, takeToSend(dialer)]);
      sent.push(message);
    }
    const isChanged = changeAt !== 0 && change !== 0 && stream.length > 0;
    if (isChanged) stream[changeAt % stream.length]! ^= change;
    deliver(listener, pieces(stream), atListener!);
    const { messages } = atListener!;
    if (!isChanged && (messages.length !== sent.length || atListener!.isEnded)) finding('a message is missing');
    for (const [index, { type, payload }] of messages.entries()) {
      if (type !== sent[index]?.type || payload.length !== sent[index].payload.length)
        finding('another message arrives');
    }
  },
};

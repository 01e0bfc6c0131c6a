// The V1 transport: a stream gives the same messages whole and in pieces, until it is refused for the same reason.

import { V1Transport } from '../../../ts/p2p/transport/v1.ts';
import { fromHex, readVectorJson } from '../../harness/data/vectors.ts';
import { pieces, same } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const MAGIC = fromHex('f9beb4d9');

function deliver(chunks: Iterable<Uint8Array>): unknown[] {
  const transport = new V1Transport(MAGIC);
  const heard: unknown[] = [];
  for (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length;) {
      const taken = transport.receivedBytes(chunk, offset);
      if (typeof taken !== 'number') return [...heard, taken.reason];
      offset += taken;
      if (!transport.receivedMessageComplete()) continue;
      const { type, payload, rejectReason } = transport.getReceivedMessage(0);
      heard.push(rejectReason ?? [type, Uint8Array.from(payload)]);
    }
  }
  return heard;
}

export const target: FuzzTarget = {
  words: ['version', 'verack', 'ping', 'inv'],
  seeds: () => readVectorJson<{ frame: string }[]>('v1_frames.json').map(({ frame }) => fromHex(frame)),
  run: (input) => same('a stream in pieces', deliver(pieces(input)), deliver([input])),
};

// What a payload that is kept holds in memory: never more than a slab, and nothing of another chunk.

import { describe, expect, it } from 'vitest';

import { CHAIN_PARAMS } from '../../../ts/p2p/chain-params.ts';
import { V1Transport } from '../../../ts/p2p/transport/v1.ts';
import { V2Transport } from '../../../ts/p2p/transport/v2.ts';
import type { Transport } from '../../../ts/p2p/transport/transport.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { receiveAll, sendAll } from '../../harness/peers/transport.ts';

const { magic } = CHAIN_PARAMS.regtest;
const MAX_SLAB_BYTES = 4_096;
/** Sizes of payloads that do not go into a slab: small enough for an array of their own to be cheap, and long ones. */
const SMALL_BYTES = 60;
const LONG_BYTES = 2_000;

/** A receiver, and what one message of some size is on its wire. */
interface Wire {
  readonly receiver: Transport;
  message(payloadBytes: number): Uint8Array;
}

function v1(): Wire {
  return { receiver: new V1Transport(magic), message: (bytes) => messageOf(new V1Transport(magic), bytes) };
}

function v2(): Wire {
  const sender = new V2Transport({ magic, isInitiator: true, randomBytes: seededBytes('sender') });
  const receiver = new V2Transport({ magic, isInitiator: false, randomBytes: seededBytes('receiver') });
  receiveAll(receiver, sendAll(sender));
  receiveAll(sender, sendAll(receiver));
  receiveAll(receiver, sendAll(sender));
  return { receiver, message: (bytes) => messageOf(sender, bytes) };
}

function messageOf(sender: Transport, payloadBytes: number): Uint8Array {
  return sendAll(sender, [{ type: 'tx', payload: new Uint8Array(payloadBytes).fill(payloadBytes & 255) }]);
}

/** The arrays behind the payloads that one chunk completes. */
function buffersOf({ receiver }: Wire, chunk: Uint8Array): ArrayBufferLike[] {
  const { messages } = receiveAll(receiver, chunk, [chunk.length]);
  for (const { payload } of messages) {
    expect([...payload].every((byte) => byte === (payload.length & 255))).toBe(true);
  }
  return messages.map(({ payload }) => payload.buffer);
}

describe.each([
  ['V1', v1],
  ['V2', v2],
])('payloads over %s', (_name, connect) => {
  it('hold at most 4,096 bytes, and no more than their chunk had', () => {
    const wire = connect();
    const sizes = [65, 100, 500, 1_023, 1_024, 100, 900, 1_024, 1_024, 65];
    for (const count of [1, 2, sizes.length]) {
      const chunk = Buffer.concat(sizes.slice(0, count).map((size) => wire.message(size)));
      const buffers = buffersOf(wire, chunk);
      expect(buffers).toHaveLength(count);
      for (const { byteLength } of buffers) {
        expect(byteLength).toBeLessThanOrEqual(Math.min(MAX_SLAB_BYTES, chunk.length));
      }
      expect(new Set(buffers).size).toBeLessThan(Math.max(2, count));
    }
  });

  it.each([
    ['with a whole message', [], 0],
    ['with the beginning of a message', [SMALL_BYTES], 5],
    ['with some of a payload', [SMALL_BYTES], 60],
    ['with some of a long payload', [LONG_BYTES], 1_000],
  ])('of a chunk that ends %s share nothing with the next', (_what, next, cutAt) => {
    const wire = connect();
    // What the two in the middle take of the chunk stays free in its slab.
    const first = [100, SMALL_BYTES, SMALL_BYTES, SMALL_BYTES, 100].map((size) => wire.message(size));
    const [cut = new Uint8Array(0)] = next.map((size) => wire.message(size));
    const [one] = buffersOf(wire, Buffer.concat([...first, cut.subarray(0, cutAt)]));
    const others = buffersOf(wire, Buffer.concat([cut.subarray(cutAt), wire.message(100)]));
    expect(others).toHaveLength(next.length + 1);
    expect(others).not.toContain(one);
  });
});

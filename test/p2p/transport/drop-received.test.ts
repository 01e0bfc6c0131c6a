// What a transport holds of a message is freed with its connection, and not when garbage is next collected.

import { describe, expect, it } from 'vitest';

import { CHAIN_PARAMS } from '../../../ts/p2p/chain-params.ts';
import type { Transport } from '../../../ts/p2p/transport/transport.ts';
import { V1Transport } from '../../../ts/p2p/transport/v1.ts';
import { V2Transport } from '../../../ts/p2p/transport/v2.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { receiveAll, sendAll } from '../../harness/peers/transport.ts';

const { magic } = CHAIN_PARAMS.main;
const PAYLOAD_BYTES = 2_000_000;
const CHUNK_BYTES = 16_384;

const v2 = (isInitiator: boolean): V2Transport =>
  new V2Transport({ magic, isInitiator, randomBytes: seededBytes(`drop received ${isInitiator}`) });

/** A sender and a receiver past the first message. */
function connected(sender: Transport, receiver: Transport): [Transport, Transport] {
  receiveAll(receiver, sendAll(sender));
  receiveAll(sender, sendAll(receiver));
  receiveAll(receiver, sendAll(sender, [{ type: 'version', payload: new Uint8Array(86) }]));
  return [sender, receiver];
}

/** Takes as much as the transport does. */
function take(transport: Transport, bytes: Uint8Array): void {
  for (let at = 0, taken = 1; at < bytes.length && taken > 0; at += taken) {
    taken = transport.receivedBytes(bytes.subarray(at, at + CHUNK_BYTES)) as number;
  }
}

describe.each([
  ['V1', () => connected(new V1Transport(magic), new V1Transport(magic))],
  ['V1 where V2 was possible', () => connected(new V1Transport(magic), v2(false))],
  ['V2', () => connected(v2(true), v2(false))],
])('memory of a message that is received with %s', (_name, pair) => {
  it.each([
    ['half of it', 0.5],
    ['all of it', 1],
  ])('is free when %s came and the connection ends', (_part, share) => {
    const [sender, receiver] = pair();
    const stream = sendAll(sender, [{ type: 'block', payload: new Uint8Array(PAYLOAD_BYTES) }]);
    take(receiver, stream.subarray(0, share * stream.length));
    const heldBytes = receiver.getReceiveMemoryUsage();
    expect(heldBytes).toBeGreaterThan(PAYLOAD_BYTES / 4);
    const before = process.memoryUsage().arrayBuffers;
    receiver.dropReceived();
    // Short pieces are left to the collector.
    expect(before - process.memoryUsage().arrayBuffers).toBeGreaterThanOrEqual(heldBytes - CHUNK_BYTES);
    expect(receiver.getReceiveMemoryUsage()).toBe(0);
  });
});

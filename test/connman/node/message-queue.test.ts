import { describe, expect, it } from 'vitest';
import { MessageQueue } from '../../../ts/connman/node/message-queue.ts';
import { MESSAGE_OVERHEAD_BYTES } from '../../../ts/p2p/transport/transport.ts';

function message(id: number, payloadBytes = 0): { id: number; payload: Uint8Array } {
  return { id, payload: new Uint8Array(payloadBytes) };
}

describe('a message queue', () => {
  it('counts payloads, and something for each message even if it is empty', () => {
    const queue = new MessageQueue<{ payload: Uint8Array }>();
    queue.push(message(1));
    queue.push(message(2, 1_000));
    expect(queue.memoryBytes).toBe(1_000 + 2 * MESSAGE_OVERHEAD_BYTES);
    queue.shift();
    expect(queue.memoryBytes).toBe(1_000 + MESSAGE_OVERHEAD_BYTES);
    queue.shift();
    expect(queue.memoryBytes).toBe(0);
  });

  it('keeps the order while it is filled and emptied in turn', () => {
    const queue = new MessageQueue<{ id: number; payload: Uint8Array }>();
    let pushed = 0;
    let taken = 0;
    for (let round = 0; round < 500; round++) {
      for (let count = 0; count < (round % 7) + 1; count++) queue.push(message(pushed++));
      for (let count = 0; count < round % 5 && queue.length > 0; count++) expect(queue.shift()!.id).toBe(taken++);
      expect(queue.length).toBe(pushed - taken);
    }
    while (queue.length > 0) expect(queue.shift()!.id).toBe(taken++);
    expect(taken).toBe(pushed);
  });

  it('has nothing to give when it is empty', () => {
    const queue = new MessageQueue<{ payload: Uint8Array }>();
    expect(queue.first).toBeUndefined();
    expect(queue.shift()).toBeUndefined();
    expect(queue.memoryBytes).toBe(0);
  });
});

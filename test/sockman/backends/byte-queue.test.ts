import { describe, expect, it } from 'vitest';
import { ByteQueue } from '../../../ts/sockman/backends/byte-queue.ts';
import { seededRandom } from '../../../ts/sockman/backends/memory/seeded-random.ts';

describe('ByteQueue', () => {
  it('gives back the bytes in order, whatever the pieces they come and go in', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed);
      const queue = new ByteQueue();
      let [pushed, shifted] = [0, 0];
      while (shifted < 20_000) {
        const chunk = Uint8Array.from({ length: Math.floor(random() * 60) }, (_, index) => (pushed + index) & 0xff);
        if (pushed < 20_000) {
          queue.push(chunk);
          pushed += chunk.length;
        }
        const piece = queue.shift(Math.floor(random() * 90));
        expect(piece.every((byte, index) => byte === ((shifted + index) & 0xff))).toBe(true);
        shifted += piece.length;
        expect(queue.length).toBe(pushed - shifted);
      }
    }
  });

  it('moves no more than asked for, than there is, and than fits', () => {
    const queue = new ByteQueue();
    queue.push(Uint8Array.of(1, 2, 3));
    queue.push(new Uint8Array(0));
    queue.push(Uint8Array.of(4, 5));
    const target = new Uint8Array(4);
    expect(queue.shiftInto(target, 1, 2)).toBe(2);
    expect([...target]).toEqual([0, 1, 2, 0]);
    expect(queue.shiftInto(target, 3, 100)).toBe(1);
    expect(queue.shiftInto(target, 4, 100)).toBe(0);
    expect([...target]).toEqual([0, 1, 2, 3]);
    expect([...queue.shift(100)]).toEqual([4, 5]);
    expect(queue.shift(100)).toHaveLength(0);
  });

  it('is empty once cleared, and goes on', () => {
    const queue = new ByteQueue();
    queue.push(Uint8Array.of(1, 2, 3));
    queue.shift(1);
    queue.clear();
    expect(queue.length).toBe(0);
    queue.push(Uint8Array.of(9));
    expect([...queue.shift(5)]).toEqual([9]);
  });
});

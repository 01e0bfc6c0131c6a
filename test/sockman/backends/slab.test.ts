// Memory that native code fills, and that handlers cannot take away from under it.

import { describe, expect, it } from 'vitest';
import { Slab, undetachableWords } from '../../../ts/sockman/backends/slab.ts';
import { itUnless } from '../../harness/backends.ts';
import { noBuild, runChild } from '../../harness/child.ts';

describe('memory for native code', () => {
  it.each([
    ['words', () => undetachableWords(3)],
    ['received bytes', () => new Slab(100_000).bytes],
    ['a view of received bytes', () => new Slab(100_000).view(10, 5)],
  ])('for %s cannot be transferred away', (_what, make) => {
    const memory = make();
    const buffer = memory.buffer as ArrayBuffer & { transfer?: () => void };
    const { port1, port2 } = new MessageChannel();
    for (const takeAway of [
      () => structuredClone(buffer, { transfer: [buffer] }),
      () => buffer.transfer?.(),
      () => port1.postMessage(buffer, [buffer]),
    ]) {
      try {
        takeAway();
      } catch {
        // Refusing it and copying are both fine.
      }
    }
    port1.close();
    port2.close();
    memory[0] = 7;
    expect(memory[0]).toBe(7);
    expect(memory.length).toBe(memory.byteLength / memory.BYTES_PER_ELEMENT);
  });

  it('has the size that was asked for, and is zero', () => {
    expect([...undetachableWords(2)]).toEqual([0, 0]);
    expect(new Slab(65_537).bytes).toHaveLength(65_537);
  });

  it('lends a view of the place that was asked for, in whatever order and number', () => {
    const slab = new Slab(4_096);
    slab.bytes.forEach((_, at) => (slab.bytes[at] = at % 251));
    for (const sizes of [[64, 64, 64], [64, 63, 65], [1], Array<number>(100).fill(3), [64, 64, 64], [4_096]]) {
      let offset = 0;
      for (const size of sizes) {
        const view = slab.view(offset, size);
        expect([view.byteOffset, view.length, slab.lentOffset]).toEqual([offset, size, offset]);
        expect(view[0]).toBe(offset % 251);
        expect(slab.lent).toBe(view);
        offset += size;
      }
      expect(slab.view(2_048, 7)).toHaveLength(7);
    }
  });

  it('has one view for a place that messages of one size come to again, and two for two of one turn', () => {
    const slab = new Slab(4_096);
    const turn = (): Uint8Array[] => [slab.view(0, 64), slab.view(64, 64)];
    const [first, second] = turn();
    expect(second).not.toBe(first);
    const [again] = turn();
    expect(again).toBe(first);
  });

  itUnless(noBuild)('without WebAssembly is shared memory, which cannot be transferred away either', async () => {
    const result = await runChild('test/sockman/backends/keep-memory.mjs', [], { nodeFlags: ['--jitless'] });
    expect(result).toMatchObject({ status: 0, stdout: 'no WebAssembly: kept 1 of 1 messages\n' });
  });
});

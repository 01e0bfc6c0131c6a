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

  itUnless(noBuild)('without WebAssembly is shared memory, which cannot be transferred away either', async () => {
    const result = await runChild('test/sockman/backends/keep-memory.mjs', [], { nodeFlags: ['--jitless'] });
    expect(result).toMatchObject({ status: 0, stdout: 'no WebAssembly: kept 1 of 1 messages\n' });
  });
});

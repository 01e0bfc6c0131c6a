import { describe, expect, it } from 'vitest';
import { MIN_RELEASED_BYTES, releaseMemory } from '../../../ts/util/memory/release-memory.ts';

describe('releasing memory', () => {
  it('empties a large array and frees its buffer without a garbage collection', () => {
    const before = process.memoryUsage().arrayBuffers;
    const arrays = Array.from({ length: 64 }, () => new Uint8Array(1_048_576));
    expect(process.memoryUsage().arrayBuffers - before).toBeGreaterThan(48 * 1_048_576);
    for (const array of arrays) releaseMemory(array);
    expect(arrays.every(({ length }) => length === 0)).toBe(true);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1_048_576);
  });

  it.each([
    ['a small array', new Uint8Array(MIN_RELEASED_BYTES - 1)],
    ['a part of a buffer', new Uint8Array(2 * MIN_RELEASED_BYTES).subarray(MIN_RELEASED_BYTES)],
  ])('leaves %s alone', (_what, bytes) => {
    const { length } = bytes;
    releaseMemory(bytes);
    expect(bytes).toHaveLength(length);
  });
});

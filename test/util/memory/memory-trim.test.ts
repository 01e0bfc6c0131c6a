import { describe, expect, it } from 'vitest';
import { MemoryTrim } from '../../../ts/util/memory/memory-trim.ts';

const MIB = 1_048_576;

describe('a memory trim', () => {
  it('comes once, when less than half is in use and 4 MiB were freed', () => {
    let trims = 0;
    let bytes = 0;
    const trim = new MemoryTrim(
      () => trims++,
      () => bytes,
    );
    const after = [1, 60, 31, 30, 15, 8, 5, 4, 2, 1].map((mebibytes) => {
      bytes = mebibytes * MIB;
      trim.look();
      return trims;
    });
    expect(after).toEqual([0, 0, 0, 1, 2, 2, 3, 3, 3, 4]);
  });
});

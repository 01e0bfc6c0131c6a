import { afterAll, describe, expect, it } from 'vitest';
import { execFileSync } from 'node:child_process';
import { transpile } from '../harness/transpiled.ts';

const modules = transpile('cli/node');
afterAll(() => modules.remove());

/** The room for new objects in a process that made many, in mebibytes. */
function roomAfterChurn(begin: string): number {
  const program = `${begin}
    import { getHeapSpaceStatistics } from 'node:v8';
    let kept = [];
    for (let round = 0; round < 3_000_000; round++) {
      kept.push({ round });
      if (kept.length > 50_000) kept = [];
    }
    const { physical_space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    console.log(physical_space_size / 1_048_576);`;
  return Number(execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' }));
}

describe('keepHeapLean', () => {
  it('keeps the room for new objects small, which else grows', () => {
    const url = JSON.stringify(modules.url('cli/node/lean-heap'));
    expect(roomAfterChurn(`import { keepHeapLean } from ${url}; keepHeapLean();`)).toBeLessThanOrEqual(2);
    expect(roomAfterChurn('')).toBeGreaterThan(4);
  });
});

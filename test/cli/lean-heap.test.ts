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

/** How often a process looked through its whole heap that kept objects for a while and then let go of them. */
function collectionsOfOld(begin: string): number {
  const program = `${begin}
    import { PerformanceObserver, constants } from 'node:perf_hooks';
    import { setImmediate } from 'node:timers/promises';
    let count = 0;
    const isMajor = ({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
    new PerformanceObserver((list) => (count += list.getEntries().filter(isMajor).length)).observe({ entryTypes: ['gc'] });
    const kept = Array.from({ length: 60_000 }, (_, at) => ({ at, more: [at] }));
    const lately = new Array(4_000);
    for (let round = 0; round < 60; round++) {
      for (let at = 0; at < 20_000; at++) lately[at % 4_000] = { at, more: [at, round], text: 'x' + (at % 10) };
      await setImmediate();
    }
    console.log(kept.length > 0 && count);`;
  return Number(execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' }));
}

describe('keepHeapLean', () => {
  it('keeps the room for new objects small, which else grows', () => {
    const url = JSON.stringify(modules.url('cli/node/lean-heap'));
    expect(roomAfterChurn(`import { keepHeapLean } from ${url}; keepHeapLean();`)).toBeLessThanOrEqual(2);
    expect(roomAfterChurn('')).toBeGreaterThan(4);
  });

  it('collects old objects sooner', () => {
    const url = JSON.stringify(modules.url('cli/node/lean-heap'));
    const twoFlags = `import { setFlagsFromString } from 'node:v8';
      for (const flag of ['--optimize-for-size', '--semi-space-growth-factor=1']) setFlagsFromString(flag);`;
    const lean = collectionsOfOld(`import { keepHeapLean } from ${url}; keepHeapLean();`);
    expect(lean).toBeGreaterThan(1.5 * collectionsOfOld(twoFlags));
  });
});

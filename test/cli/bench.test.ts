import { describe, expect, it } from 'vitest';
import { itUnless } from '../harness/backends.ts';
import { WELL, noBuild, runChild } from '../harness/child.ts';

interface Line {
  title: string;
  server: string;
  perSecond: number;
  cpuMicros: number;
}

describe('sockman bench', () => {
  itUnless(noBuild)('measures each case on each server', async () => {
    // Bun, where it is installed, is a third server; here it is left out.
    const { stdout, ...end } = await runChild('esm/cli/main.js', ['bench', '--seconds', '2', '--json'], {
      env: { PATH: '' },
    });
    expect(end).toEqual(WELL);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    expect(lines.map(({ server }) => server)).toEqual([
      'sockman',
      'node:net',
      'sockman',
      'node:net',
      'sockman',
      'node:net',
    ]);
    expect(new Set(lines.map(({ title }) => title)).size).toBe(3);
    for (const { perSecond, cpuMicros } of lines) {
      expect(perSecond).toBeGreaterThan(0);
      expect(cpuMicros).toBeGreaterThan(0);
    }
  });

  it('refuses no time at all', async () => {
    const { status, stderr } = await runChild('esm/cli/main.js', ['bench', '--seconds', '0']);
    expect([status, stderr]).toEqual([2, expect.stringContaining('--seconds')]);
  });
});

// A crawl that goes on and on holds no more after many rounds than after some.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { noBuild, runChild } from '../../harness/child.ts';

const ROUNDS = 50;

/** What a heap differs by from one look to the next, in bytes; a record of every villager of one round would be as much. */
const NOISE_BYTES = 300_000;

interface Holdings {
  readonly bytes: number;
  readonly descriptors: number;
}

describe.skipIf(noBuild !== undefined)('a crawl of 50 rounds', () => {
  it('holds no more memory and no more descriptors in the end than half-way, and finds everybody each time', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sockman-rounds-'));
    const { status, stdout, stderr } = await runChild(
      'test/crawl/journal/children/rounds.mjs',
      [folder, String(ROUNDS)],
      { timeoutMs: 100_000 },
    );
    rmSync(folder, { recursive: true });
    expect([status, stderr]).toEqual([0, '']);
    const { found, warm, end } = JSON.parse(stdout) as { found: number[]; warm: Holdings; end: Holdings };
    expect(found).toEqual(Array<number>(ROUNDS).fill(60));
    expect(end.bytes - warm.bytes).toBeLessThan(NOISE_BYTES);
    expect(end.descriptors).toBeLessThanOrEqual(warm.descriptors);
  }, 120_000);
});

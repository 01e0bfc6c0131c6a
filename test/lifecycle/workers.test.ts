// Several environments in one process: worker threads, and two copies of the addon.

import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../native/load.cjs';
import { SYSTEM_BACKENDS, WELL, noBuild, runChild } from '../harness/child.ts';
import { noDescriptorCount } from '../harness/descriptors.ts';

const addon = loadAddon();
const reason = noBuild ?? noDescriptorCount;

describe.skipIf(reason !== undefined)(`environments ${reason === undefined ? '' : `(skipped: ${reason})`}`, () => {
  describe.each(SYSTEM_BACKENDS)('%s', (_name, env) => {
    it('gives all descriptors back when workers are terminated in the middle of traffic', async () => {
      expect(await runChild('test/lifecycle/children/workers.mjs', ['traffic', '3'], { env })).toMatchObject(WELL);
    }, 40_000);

    it('gives all descriptors back when workers are terminated inside a callback', async () => {
      expect(await runChild('test/lifecycle/children/workers.mjs', ['callback', '3'], { env })).toMatchObject(WELL);
    }, 40_000);
  });

  it.skipIf(!addon.ok)('works with the addon loaded twice', async () => {
    expect(await runChild('test/lifecycle/children/two-copies.mjs')).toMatchObject(WELL);
  });

  it('shares a port among workers with the example for it', async () => {
    if (!addon.ok) return;
    const result = await runChild('examples/reuse-port-workers.mjs', ['3', '60']);
    expect(result).toMatchObject(WELL);
    // One line for each worker: how many connections it served.
    const served = [...result.stdout.matchAll(/^worker \d+ served (\d+) connections$/gm)].map(([, count]) =>
      Number(count),
    );
    expect(served).toHaveLength(3);
    expect(served.reduce((sum, count) => sum + count, 0)).toBe(60);
  }, 30_000);
});

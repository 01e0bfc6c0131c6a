// Crowds: more connections than is polite, and no descriptors left. In processes of their own, with their own limits.

import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../native/load.cjs';
import { SYSTEM_BACKENDS, WELL, noBuild, runChild } from '../harness/child.ts';
import { noDescriptorCount } from '../harness/descriptors.ts';

const addon = loadAddon();
const reason = noBuild ?? noDescriptorCount ?? (addon.ok ? undefined : addon.reason);
const EPOLL = SYSTEM_BACKENDS[0]![1];

// 10,000 connections, both ends in one process. Where the hard limit is lower, as many as it allows.
const WANTED_DESCRIPTORS = 20_200;
const hardLimit = Number(
  process.report === undefined
    ? 0
    : (process.report.getReport() as { userLimits?: { open_files?: { hard: string } } }).userLimits?.open_files?.hard,
);
const descriptorLimit = Number.isNaN(hardLimit) ? WANTED_DESCRIPTORS : Math.min(hardLimit, WANTED_DESCRIPTORS);
const crowd = Math.min(10_000, Math.floor((descriptorLimit - 100) / 2));

describe.skipIf(reason !== undefined)(`crowds ${reason === undefined ? '' : `(skipped: ${reason})`}`, () => {
  const many = (scenario: string, count: number, env = EPOLL): ReturnType<typeof runChild> =>
    runChild('test/hostile/children/many.mjs', [scenario, String(count)], { env, descriptorLimit, timeoutMs: 60_000 });

  it('accepts, echoes and closes 10,000 connections, and descriptors return', async () => {
    expect(await many('echo', 10_000)).toMatchObject(WELL);
  }, 70_000);

  it(`holds ${crowd} connections that never send for next to nothing`, async () => {
    expect(await many('silent', crowd)).toMatchObject(WELL);
  }, 70_000);

  describe.each(SYSTEM_BACKENDS)('%s', (_name, env) => {
    it('outlives a storm of resets', async () => {
      expect(await many('rst', 2_000, env)).toMatchObject(WELL);
    }, 70_000);

    it('holds 200 peers that never read in bounded memory', async () => {
      expect(await many('unread', 200, env)).toMatchObject(WELL);
    }, 70_000);
  });

  describe.each(SYSTEM_BACKENDS.filter(([name]) => name !== 'node-net'))('%s', (_name, env) => {
    it('neither spins nor gives up when descriptors run out, and lets everyone in once there are some', async () => {
      const result = await runChild('test/hostile/children/emfile.mjs', [], { env, descriptorLimit: 128 });
      expect(result).toMatchObject(WELL);
    }, 40_000);
  });
});

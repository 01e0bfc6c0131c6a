import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string };

/** Real networks of routers, each in a network namespace: they need the machine to themselves to come up in time. */
const LABS = ['tor', 'i2p', 'bitcoind-tor', 'bitcoind-i2p', 'crawl-tor', 'crawl-i2p'].map(
  (name) => `test/interop/${name}.test.ts`,
);

export default defineConfig({
  define: { SOCKMAN_VERSION: JSON.stringify(version) },
  test: {
    // Sockets, descriptors and limits are counted per process: a process for each file.
    pool: 'forks',
    // Much of their time tests wait, for programs and timers: two at once where there are two cores.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 20_000,
    projects: [
      {
        extends: true,
        // The packed package has tests of its own, which install and bundle: vitest.package.config.ts.
        test: {
          name: 'suite',
          include: ['test/**/*.test.ts'],
          exclude: [...LABS, 'test/package/**', '**/node_modules/**'],
        },
      },
      // Other people's software starts here: a second try is for what is not ours.
      { extends: true, test: { name: 'labs', include: LABS, retry: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});

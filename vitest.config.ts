import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Sockets, descriptors and limits are counted per process: a process for each file.
    pool: 'forks',
    testTimeout: 20_000,
  },
});

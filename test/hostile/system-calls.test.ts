// The campaign of failing system calls (`scripts/faults`) still runs: one call of it, at each moment.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { noStrace } from '../harness/strace.ts';

const RUN = `${import.meta.dirname}/../../scripts/faults/run.mjs`;

describe.skipIf(noStrace !== undefined)(`system calls that fail ${noStrace ?? ''}`, () => {
  it('neither end the process, nor make it wait for ever, nor leave descriptors: listen', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [RUN, 'listen']);
    const rows = stdout.split('\n').filter((line) => line.startsWith('| listen | '));
    expect(rows.length).toBe(6);
    expect(stdout).toMatch(/\n6 runs, 0 faults\n$/);
  });
});

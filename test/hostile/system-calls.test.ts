// The campaign of failing system calls (`scripts/faults`) still runs: two calls of it, at each moment.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { noStrace } from '../harness/strace.ts';

const RUN = `${import.meta.dirname}/../../scripts/faults/run.mjs`;

describe.skipIf(noStrace !== undefined)(`system calls that fail ${noStrace ?? ''}`, () => {
  it.each([
    ['listen', 6],
    // With edges, what was not ready after all is told of once more.
    ['recvfrom:EAGAIN', 2],
  ])('neither end the process, nor make it wait for ever, nor leave descriptors: %s', async (name, runs) => {
    const { stdout } = await promisify(execFile)(process.execPath, [RUN, name]);
    expect(stdout).toContain(`\n${runs} runs, ${runs} with a call that failed, 0 faults\n`);
  });
});

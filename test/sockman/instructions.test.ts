// What a message costs in user space, in instructions: the same on a busy machine as on a quiet one. See
// bench/lib/instructions.mjs for the job.

import { join } from 'node:path';
import { expect, it } from 'vitest';

interface Job {
  readonly name: string;
}

const { JOBS, instructionsPerMessage, whyNotCounted } = (await import(
  join(import.meta.dirname, '..', '..', 'bench', 'lib', 'instructions.mjs')
)) as {
  JOBS: readonly Job[];
  instructionsPerMessage(job: Job): number;
  whyNotCounted(): string | undefined;
};

/** A tenth above what gcc 12 makes of it, for other compilers. */
const ENGINE_BUDGET = 350;

const why = whyNotCounted();

it.skipIf(why !== undefined)(
  `the engine takes its budget of instructions for a message${why === undefined ? '' : ` (skipped: ${why})`}`,
  { timeout: 600_000 },
  () => {
    expect(instructionsPerMessage(JOBS.find(({ name }) => name === 'engine')!)).toBeLessThan(ENGINE_BUDGET);
  },
);

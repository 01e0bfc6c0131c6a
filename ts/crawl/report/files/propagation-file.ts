// `propagation.json`: what a monitor measured, for the report of a crawl into the same folder.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PropagationSummary } from '../tally/summary.ts';

/** Its name. */
export const PROPAGATION_FILE = 'propagation.json';

/** How old it may be to stand in a report, in milliseconds: a day. */
const MAX_AGE_MS = 86_400_000;

/**
 * What a monitor measured lately, in a folder. @param nowMs - Milliseconds since 1970, the end of the round.
 * @returns Undefined when there is none, or none that can be used.
 */
export function readPropagation(folder: string, nowMs: number): PropagationSummary | undefined {
  try {
    const { time, ...rest } = JSON.parse(readFileSync(join(folder, PROPAGATION_FILE), 'utf8')) as PropagationSummary & {
      time: unknown;
    };
    const isRecent = typeof time === 'number' && Math.abs(nowMs - time) <= MAX_AGE_MS;
    const isSound = [rest.blocks, rest.transactions].every(
      (spread) => Number.isFinite(spread?.seen) && typeof spread.all === 'object',
    );
    return isRecent && isSound ? rest : undefined;
  } catch {
    return undefined;
  }
}

// `propagation.json`: what a monitor measured, for the report of a crawl into the same folder.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PropagationSummary } from '../tally/summary.ts';

/** Name of the file. */
export const PROPAGATION_FILE = 'propagation.json';

/** Oldest measurement that a report uses, in milliseconds: a day. */
const MAX_AGE_MS = 86_400_000;

/**
 * Reads what a monitor that writes into a folder measured lately.
 *
 * @param nowMs - End of the round, in milliseconds since 1970.
 * @returns Undefined when the file is missing, too old or unusable.
 */
export function readPropagation(folder: string, nowMs: number): PropagationSummary | undefined {
  try {
    const { time, ...rest } = JSON.parse(readFileSync(join(folder, PROPAGATION_FILE), 'utf8')) as PropagationSummary & {
      time: unknown;
    };
    const isRecent = typeof time === 'number' && Math.abs(nowMs - time) <= MAX_AGE_MS;
    const isSound = [rest.blocks, rest.transactions].every(
      (spread) =>
        Number.isFinite(spread?.seen) &&
        typeof spread.all === 'object' &&
        (spread.systems ?? []).every(({ asn }) => Number.isSafeInteger(asn)),
    );
    return isRecent && isSound ? rest : undefined;
  } catch {
    return undefined;
  }
}

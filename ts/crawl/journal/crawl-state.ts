// `crawl.json`: the round that a folder is in, and the addresses that are left alone.

import { FileError } from '../../storage/file-error.ts';

/** The version of the format that this release writes. */
export const STATE_VERSION = 1;

/** An address that keeps closing connections on us. */
export interface Refusal {
  /** Rounds in a row. */
  readonly count: number;
  /** End of the time in which it is left alone, in milliseconds since 1970; 0 if it is not. */
  readonly untilMs: number;
}

/** What a folder remembers besides addresses and records. */
export interface CrawlState {
  readonly version: 1;
  readonly chain: string;
  readonly round: number;
  /** When the round began, in milliseconds since 1970. */
  readonly startedAt: number;
  readonly isComplete: boolean;
  /** By `address:port`. */
  readonly refusals: Readonly<Record<string, Refusal>>;
}

/** The bytes of the file. */
export function formatState(state: CrawlState): Uint8Array {
  return Buffer.from(`${JSON.stringify(state)}\n`, 'utf8');
}

/**
 * Reads the file.
 *
 * @throws {FileError} `ERR_SOCKMAN_FILE_CORRUPT`: it is another kind of file, or damaged. `ERR_SOCKMAN_FILE_NEWER`: a newer
 *   release wrote it.
 */
export function parseState(path: string, bytes: Uint8Array): CrawlState {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw new FileError('ERR_SOCKMAN_FILE_CORRUPT', path, 'not JSON');
  }
  const { version, chain, round, startedAt, isComplete, refusals } = (value ?? {}) as Partial<Record<string, unknown>>;
  if (typeof version === 'number' && version > STATE_VERSION) {
    throw new FileError('ERR_SOCKMAN_FILE_NEWER', path, `format ${version}, this release reads ${STATE_VERSION}`);
  }
  const isSound =
    version === STATE_VERSION &&
    typeof chain === 'string' &&
    Number.isSafeInteger(round) &&
    (round as number) >= 1 &&
    Number.isFinite(startedAt) &&
    typeof isComplete === 'boolean' &&
    typeof refusals === 'object' &&
    refusals !== null &&
    Object.values(refusals).every(isRefusal);
  if (!isSound) throw new FileError('ERR_SOCKMAN_FILE_CORRUPT', path, 'not the state of a crawl');
  const known = Object.entries(refusals as CrawlState['refusals']);
  return {
    version,
    chain,
    round: round as number,
    startedAt: startedAt as number,
    isComplete,
    refusals: Object.fromEntries(known.map(([endpoint, { count, untilMs }]) => [endpoint, { count, untilMs }])),
  };
}

function isRefusal(value: unknown): boolean {
  const { count, untilMs } = (value ?? {}) as Partial<Record<string, unknown>>;
  // JSON cannot write infinity, but a number that is too large is read as infinity.
  return Number.isFinite(count) && Number.isFinite(untilMs);
}

// Reports from records alone: `sockman crawl --replay`.

import { readRecords } from '../record/read-records.ts';
import type { CrawlRecord } from '../record/record.ts';
import { endpointOf } from './files/node-lists.ts';
import { RoundTally } from './tally/round-tally.ts';
import { ReportHistory, RoundReports } from './round-reports.ts';
import type { ReportOptions } from './round-reports.ts';
import type { Summary } from './tally/summary.ts';

/** Result of a replay. */
export interface Replay {
  /** The newest round, which the reports describe; undefined when there are no records. */
  readonly summary: Summary | undefined;
  readonly recordCount: number;
  /** Lines that do not hold a record. */
  readonly badLineCount: number;
}

/**
 * Writes the reports of the newest round in some files of records. Earlier rounds appear in the line over rounds.
 *
 * Reads the files twice: the first pass finds out which rounds there are and adds up the earlier ones, the second writes.
 *
 * @param paths - Files of records, oldest first; packed ones end in `.gz` or `.zst`.
 * @param chain - `main`, `testnet4`, `signet`, `regtest` …
 * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: a file cannot be read or written.
 */
export async function replayRecords(
  paths: readonly string[],
  chain: string,
  options: ReportOptions,
  signal?: AbortSignal,
): Promise<Replay> {
  const earlier = new EarlierRounds(chain);
  let recordCount = 0;
  let badLineCount = 0;
  for (const path of paths) {
    const read = await readRecords(path, (record) => earlier.add(record), signal);
    recordCount += read.recordCount;
    badLineCount += read.badLineCount;
  }
  const round = earlier.newest;
  if (round === undefined) return { summary: undefined, recordCount, badLineCount };
  const reports = await RoundReports.begin(options, { round, chain }, earlier.history);
  try {
    for (const path of paths)
      await readRecords(path, (record) => record.round === round && reports.add(record), signal);
    return { summary: await reports.finish(), recordCount, badLineCount };
  } catch (error) {
    reports.abandon();
    throw error;
  }
}

/** Adds up rounds one after the other. A record of a round before the current one is skipped. */
class EarlierRounds {
  readonly history = new ReportHistory();
  readonly #chain: string;
  #tally: RoundTally | undefined;

  constructor(chain: string) {
    this.#chain = chain;
  }

  get newest(): number | undefined {
    return this.#tally?.round;
  }

  add(record: CrawlRecord): void {
    if (this.#tally === undefined || record.round > this.#tally.round) this.#begin(record.round);
    if (record.round !== this.#tally!.round) return;
    this.#tally!.add(record);
    // The list of seeds notes the newest round once more, which changes nothing: no time has gone by.
    this.history.uptimes.note(endpointOf(record), Math.floor(record.time / 1_000), record.outcome === 'reachable');
  }

  #begin(round: number): void {
    if (this.#tally !== undefined) this.history.rounds = this.#tally.summary({}, this.history.rounds).rounds;
    this.#tally = new RoundTally({ round, chain: this.#chain });
  }
}

// All reports of a round, written as its records come: memory does not grow with their number.

import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../storage/make-folder.ts';
import { systemFileError } from '../../storage/file-error.ts';
import type { CrawlRecord } from '../record/record.ts';
import { renderReport } from './html/page.ts';
import type { NodeList } from './files/node-lists.ts';
import { NodesCsv } from './files/nodes-csv.ts';
import { writeOutput } from './files/output-file.ts';
import { openNodesParquet } from './files/parquet.ts';
import { plotsOf } from './plots.ts';
import { readPropagation } from './files/propagation-file.ts';
import { RoundTally } from './tally/round-tally.ts';
import type { RoundStart } from './tally/round-tally.ts';
import { SeedsTxt, restoreUptimes } from './files/seeds-txt.ts';
import { BitnodesSnapshot, Snapshot } from './files/snapshot.ts';
import type { RoundFacts, RoundPoint, Summary } from './tally/summary.ts';
import { Uptimes } from './files/uptimes.ts';

/** Folder of the SVG files, inside that of the reports. */
export const PLOTS_FOLDER = 'plots';

/** Time without an answer after which a node leaves `seeds.txt`, in seconds. */
const FORGET_AFTER_SECONDS = 30 * 86_400;

/** Options of the reports. */
export interface ReportOptions {
  /** Folder of the reports. Created if it is missing. */
  readonly folder: string;
  /** The user agent of our handshake, contact included. */
  readonly ourUserAgent?: string;
}

/** What a round leaves for the next one. */
export class ReportHistory {
  readonly uptimes = new Uptimes();
  rounds: readonly RoundPoint[] = [];

  /**
   * Reads the history from the reports in a folder: earlier rounds from `summary.json`, uptimes from `seeds.txt`. Missing or
   * damaged parts are left out, since reports can be made again from records.
   */
  static load(folder: string): ReportHistory {
    const history = new ReportHistory();
    const summary = readIfThere(join(folder, 'summary.json'));
    history.rounds = summary === undefined ? [] : roundsIn(summary);
    restoreUptimes(readIfThere(join(folder, 'seeds.txt')) ?? '', history.uptimes);
    return history;
  }
}

/**
 * Writes the reports of one round.
 *
 * Add each record as it is made. `finish` puts all files in place, each as a whole. Until then, and after `abandon`, the reports
 * of the round before stay.
 */
export class RoundReports {
  readonly #options: ReportOptions;
  readonly #history: ReportHistory;
  readonly #tally: RoundTally;
  readonly #lists: readonly NodeList[];

  private constructor(options: ReportOptions, start: RoundStart, history: ReportHistory, lists: readonly NodeList[]) {
    this.#options = options;
    this.#history = history;
    this.#tally = new RoundTally(start);
    this.#lists = lists;
  }

  /**
   * Begins the reports of a round.
   *
   * @param history - Earlier rounds. The same object is passed in every round.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: the files cannot be made.
   */
  static async begin(options: ReportOptions, start: RoundStart, history: ReportHistory): Promise<RoundReports> {
    const { folder } = options;
    makeReportFolder(folder);
    const parquet = await openNodesParquet(join(folder, 'nodes.parquet'));
    const lists: NodeList[] = parquet === undefined ? [] : [parquet];
    try {
      lists.unshift(new SeedsTxt(join(folder, 'seeds.txt'), history.uptimes));
      lists.unshift(new NodesCsv(join(folder, 'nodes.csv')));
      lists.unshift(new BitnodesSnapshot(join(folder, 'snapshot-bitnodes.json')));
      lists.unshift(new Snapshot(join(folder, 'snapshot.json')));
    } catch (error) {
      for (const list of lists) list.abandon();
      throw error;
    }
    return new RoundReports(options, start, history, lists);
  }

  /** Counts a record of the round, one for each address. @throws {FileError} `ERR_SOCKMAN_SYSTEM`: a file cannot be written. */
  add(record: CrawlRecord): void {
    this.#tally.add(record);
    for (const list of this.#lists) list.add(record);
  }

  /** The round so far in numbers, with the measurements of a monitor that writes into the same folder. */
  summary(facts: RoundFacts = {}): Summary {
    const summary = this.#tally.summary(facts, this.#history.rounds);
    const propagation = summary.propagation ?? readPropagation(this.#options.folder, summary.endedAt);
    return propagation === undefined ? summary : { ...summary, propagation };
  }

  /**
   * Puts the files of a round in place. An unfinished round writes its numbers and its page only; the lists of nodes stay those
   * of the last complete round.
   *
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: a file cannot be written; the others are written all the same.
   */
  async finish(facts?: RoundFacts): Promise<Summary> {
    const summary = this.summary(facts);
    if (!summary.isComplete) {
      this.abandon();
      writeSummary(summary, this.#options, []);
      return summary;
    }
    for (const list of this.#lists) await list.finish(summary);
    writeSummary(
      summary,
      this.#options,
      this.#lists.map(({ name }) => name),
    );
    this.#history.rounds = summary.rounds;
    this.#history.uptimes.forgetBefore(Math.floor(summary.endedAt / 1_000) - FORGET_AFTER_SECONDS);
    return summary;
  }

  /** Drops the new files; existing reports stay. */
  abandon(): void {
    for (const list of this.#lists) list.abandon();
  }
}

/** Writes the files that are made from the summary alone. */
function writeSummary(summary: Summary, { folder, ourUserAgent }: ReportOptions, lists: readonly string[]): void {
  const plotsFolder = join(folder, PLOTS_FOLDER);
  makeReportFolder(plotsFolder);
  const plots = plotsOf(summary);
  for (const { name, svg } of plots) writeOutput(join(plotsFolder, name), svg);
  removeOldPlots(plotsFolder, new Set(plots.map(({ name }) => name)));
  writeOutput(join(folder, 'summary.json'), `${JSON.stringify(summary, undefined, 1)}\n`);
  const files = [...lists, 'summary.json', ...(plots.length === 0 ? [] : [`${PLOTS_FOLDER}/`])];
  writeOutput(
    join(folder, 'report.html'),
    renderReport(summary, { files, ...(ourUserAgent === undefined ? {} : { ourUserAgent }) }),
  );
}

/** Removes plots of an earlier round that have nothing to show in this one. */
function removeOldPlots(folder: string, current: ReadonlySet<string>): void {
  for (const name of readdirSync(folder)) if (name.endsWith('.svg') && !current.has(name)) rmSync(join(folder, name));
}

function makeReportFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw systemFileError(folder, 'made', error);
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function roundsIn(text: string): readonly RoundPoint[] {
  try {
    const { version, rounds } = JSON.parse(text) as Partial<Summary>;
    return version === 1 && Array.isArray(rounds) && rounds.every(isRoundPoint) ? rounds : [];
  } catch {
    return [];
  }
}

function isRoundPoint(value: unknown): value is RoundPoint {
  const { round, endedAt, reachable, networks } = (value ?? {}) as Partial<Record<string, unknown>>;
  return [round, endedAt, reachable].every(Number.isSafeInteger) && typeof networks === 'object' && networks !== null;
}

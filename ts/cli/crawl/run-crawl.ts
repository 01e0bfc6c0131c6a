// Runs a crawl for the command: live line, reports, summary.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';

import { Crawler } from '../../crawl/crawler.ts';
import type { CrawlListener, RoundEnding } from '../../crawl/crawler.ts';
import type { CrawlOptions } from '../../crawl/crawl-options.ts';
import { RECORDS_FILE } from '../../crawl/journal/crawl-folder.ts';
import { readRecords } from '../../crawl/record/read-records.ts';
import type { CrawlRecord } from '../../crawl/record/record.ts';
import { replayRecords } from '../../crawl/report/replay.ts';
import { ReportHistory, RoundReports } from '../../crawl/report/round-reports.ts';
import type { RoundStart } from '../../crawl/report/tally/round-tally.ts';
import type { RoundFacts, Summary } from '../../crawl/report/tally/summary.ts';
import { formatRecord } from '../../crawl/record/record.ts';
import type { ChainName } from '../../p2p/chain-params.ts';
import { FileError } from '../../storage/file-error.ts';
import type { CliIo } from '../terminal/cli-io.ts';
import { complainingLogger, ofArguments } from '../run.ts';
import { breakFacts } from '../terminal/facts.ts';
import { asciiLine, jsonLine } from '../terminal/json-line.ts';
import { LiveLine, countOf, summaryLines } from './crawl-picture.ts';

/** Interval between live lines, in milliseconds; without a terminal it is a multiple. */
const REDRAW_MS = 250;
const LINE_MS = 5_000;
const JSON_MS = 1_000;

/** Crawls. @returns The exit code: 0 if any node was reached. */
export async function runCrawl(options: CrawlOptions, isJson: boolean, io: CliIo): Promise<number> {
  const { folder } = options;
  // Reports include lists: without a folder they go to a temporary one.
  const reportFolder = folder ?? (await mkdtemp(join(tmpdir(), 'sockman-crawl-')));
  try {
    const show = new CrawlShow(options, reportFolder, isJson, io);
    return await show.run();
  } finally {
    if (folder === undefined) await rm(reportFolder, { recursive: true, force: true });
  }
}

/** Makes reports from records. @returns The exit code. */
export async function replay(
  paths: readonly string[],
  chain: ChainName,
  folder: string,
  isJson: boolean,
  io: CliIo,
): Promise<number> {
  const { summary, recordCount, badLineCount } = await replayRecords(paths, chain, { folder }, io.signal);
  if (badLineCount > 0) io.complain(`${countOf(badLineCount, 'line is no record', 'lines are no records')}`);
  if (isJson) io.print(jsonLine({ event: 'replay', recordCount, badLineCount, ...(summary && { summary }) }));
  else io.print(`${countOf(recordCount, 'record', 'records')} read`);
  if (summary === undefined) return 1;
  if (isJson) return 0;
  for (const line of summaryLines(summary, io.style)) io.print(line);
  io.print(`the report: ${join(folder, 'report.html')}`);
  return 0;
}

class CrawlShow implements CrawlListener {
  readonly #options: CrawlOptions;
  readonly #folder: string;
  readonly #isJson: boolean;
  readonly #io: CliIo;
  readonly #crawler: Crawler;
  readonly #history: ReportHistory;
  readonly #live = new LiveLine();
  #start: RoundStart | undefined;
  /** Undefined between two rounds, and after the disk refused them. */
  #reports: RoundReports | undefined;
  #reachedCount = 0;

  constructor(options: CrawlOptions, folder: string, isJson: boolean, io: CliIo) {
    this.#options = options;
    this.#folder = folder;
    this.#isJson = isJson;
    this.#io = io;
    this.#crawler = ofArguments(() => new Crawler({ logger: complainingLogger(io), ...options }, this));
    this.#history = ReportHistory.load(folder);
  }

  async run(): Promise<number> {
    const io = this.#io;
    const everyMs = this.#isJson ? JSON_MS : io.redraw === undefined ? LINE_MS : REDRAW_MS;
    let count = 0;
    const timer = setInterval(() => this.#tick(++count % (everyMs / REDRAW_MS) === 0), REDRAW_MS);
    try {
      await this.#crawler.run(io.signal);
    } finally {
      clearInterval(timer);
      this.#reports?.abandon();
    }
    return this.#reachedCount > 0 ? 0 : 1;
  }

  async roundBegan(beginning: Parameters<NonNullable<CrawlListener['roundBegan']>>[0]): Promise<void> {
    const { round, startedAt, isResumed } = beginning;
    const { chain = 'main' } = this.#options;
    this.#live.clear();
    this.#say(isResumed ? `round ${round} goes on` : undefined, { event: 'round', ...beginning });
    this.#start = { round, chain, startedAt };
    await this.#reporting(async () => {
      this.#reports = await this.#beginReports();
    });
  }

  #beginReports(): Promise<RoundReports> {
    const options = { folder: this.#folder, ourUserAgent: this.#crawler.userAgent };
    return RoundReports.begin(options, this.#start!, this.#history);
  }

  record(record: CrawlRecord): void {
    if (record.outcome === 'reachable') this.#reachedCount++;
    this.#live.note(record);
    try {
      this.#reports?.add(record);
    } catch (error) {
      this.#giveUpReports(error);
    }
    if (!this.#isJson || this.#options.folder !== undefined) return;
    this.#io.print(asciiLine(`{"event":"record",${formatRecord(record).slice(1)}`));
  }

  async roundEnded(ending: RoundEnding): Promise<void> {
    let summary: Summary | undefined;
    await this.#reporting(async () => {
      this.#reports ??= await this.#reportsOfRecords();
      summary = await this.#reports?.finish(factsOf(ending));
    });
    this.#reports = undefined;
    this.#io.redraw?.([]);
    if (summary !== undefined) this.#sum(summary);
  }

  /** The disk refused the reports earlier in the round: they are made from its records. */
  async #reportsOfRecords(): Promise<RoundReports | undefined> {
    const { folder } = this.#options;
    if (folder === undefined) return undefined;
    const reports = await this.#beginReports();
    this.#reports = reports;
    const isOfRound = ({ round }: CrawlRecord): boolean => round === this.#start!.round;
    await readRecords(join(folder, RECORDS_FILE), (record) => isOfRound(record) && reports.add(record));
    return reports;
  }

  /** Reports can be made again from records, so that a disk that refuses them does not end the crawl. */
  async #reporting(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.#giveUpReports(error);
    }
  }

  #giveUpReports(error: unknown): void {
    this.#reports?.abandon();
    this.#reports = undefined;
    if (!(error instanceof FileError)) throw error;
    this.#io.complain(`no reports for now: ${error.message}`);
  }

  stuck({ message }: Error): void {
    this.#say(undefined, { event: 'stuck', message });
  }

  recovered(): void {
    this.#say('the crawl goes on', { event: 'recovered' });
  }

  #sum(summary: Summary): void {
    if (this.#isJson) return this.#say(undefined, { event: 'summary', summary });
    for (const line of summaryLines(summary, this.#io.style)) this.#io.print(line);
    const { folder } = this.#options;
    if (summary.all.known === 0) this.#io.print('no address to begin with: the seeds are excluded, or none was found');
    if (folder === undefined) return this.#io.print('nothing was kept: --out FOLDER keeps it');
    this.#io.print(`the report: ${join(folder, 'report.html')}`);
    if (!summary.isComplete) this.#io.print(`the round goes on when it is started with --out ${folder} again`);
  }

  #tick(isTimeForLine: boolean): void {
    const { progress } = this.#crawler;
    if (progress === undefined) return;
    this.#live.sample(progress, performance.now());
    if (!isTimeForLine) return;
    if (this.#isJson) this.#say(undefined, { event: 'progress', ...this.#live.facts(progress) });
    else if (this.#io.redraw === undefined) this.#io.print(this.#live.line(progress));
    else this.#io.redraw(breakFacts(this.#live.line(progress), this.#io.columns));
  }

  #say(line: string | undefined, event: object): void {
    if (this.#isJson) this.#io.print(jsonLine(event));
    else if (line !== undefined) this.#io.print(line);
  }
}

function factsOf({
  isComplete,
  known,
  distinct,
  droppedForPort,
  droppedForTime,
  excluded,
  leftAlone,
}: RoundEnding): RoundFacts {
  return { isComplete, known, distinct, droppedForPort, droppedForTime, excluded, leftAlone };
}

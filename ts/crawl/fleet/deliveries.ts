// Records on their way to the results: each until it is stored. While the server is away they lie in a file as well, and the
// next process of this worker delivers what it finds there.

import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemFileError } from '../../storage/file-error.ts';
import type { Clock } from '../../util/time/clock.ts';
import { sleep } from '../../util/time/sleep.ts';
import { parseRecord } from '../record/check-record.ts';
import { formatRecord } from '../record/record.ts';
import type { CrawlRecord } from '../record/record.ts';
import { endpointOf } from '../report/files/node-lists.ts';
import type { FleetBus } from './bus.ts';

/** Between two tries to deliver a record, in milliseconds. */
const RETRY_MS = 500;

/** The records of one worker. */
export class Deliveries {
  readonly #bus: FleetBus;
  readonly #clock: Clock;
  readonly #path: string | undefined;
  readonly #shardOf: (record: CrawlRecord) => number;
  readonly #signal: AbortSignal;
  /** Records that are not stored yet, and those of them that lie in the file. */
  #open = 0;
  #inFile = 0;

  /**
   * @param path - The file; undefined keeps records in memory only.
   * @param signal - Aborted when the worker ends: what is not delivered stays in the file.
   */
  constructor(
    bus: FleetBus,
    clock: Clock,
    path: string | undefined,
    shardOf: (record: CrawlRecord) => number,
    signal: AbortSignal,
  ) {
    this.#bus = bus;
    this.#clock = clock;
    this.#path = path;
    this.#shardOf = shardOf;
    this.#signal = signal;
  }

  /** Records that are not stored yet. */
  get openCount(): number {
    return this.#open;
  }

  /** Delivers what an earlier process left. @throws {FileError} `ERR_SOCKMAN_SYSTEM`: the file cannot be read. */
  recover(): Promise<void> {
    if (this.#path === undefined) return Promise.resolve();
    const lines = this.#during('read', (path) => {
      mkdirSync(dirname(path), { recursive: true });
      return existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    });
    // A torn last line is the record of a visit that is made again.
    const records = lines.map(parseRecord).filter((record) => typeof record !== 'string');
    return Promise.all(records.map((record) => this.deliver(record, true))).then(() => undefined);
  }

  /**
   * Resolves once the record is stored, or the worker ends. @param isInFile - Whether it lies in the file already.
   * @returns Whether it is stored.
   */
  async deliver(record: CrawlRecord, isInFile: boolean = false): Promise<boolean> {
    const { round, attempts = 1 } = record;
    const key = { round, shard: this.#shardOf(record), endpoint: endpointOf(record), attempts };
    const line = formatRecord(record);
    const bytes = Buffer.from(line, 'utf8');
    this.#open += 1;
    if (isInFile) this.#inFile += 1;
    while (!this.#signal.aborted) {
      try {
        await this.#bus.publishResult(key, bytes);
        this.#stored(isInFile);
        return true;
      } catch {
        if (!isInFile) isInFile = this.#writeDown(line);
        await sleep(this.#clock, RETRY_MS, this.#signal);
      }
    }
    if (!isInFile) this.#writeDown(line);
    return false;
  }

  #stored(isInFile: boolean): void {
    this.#open -= 1;
    if (!isInFile) return;
    this.#inFile -= 1;
    if (this.#inFile === 0) this.#during('written', (path) => truncateSync(path));
  }

  /** @returns Whether it lies there: a full disk keeps the record in memory. */
  #writeDown(line: string): boolean {
    if (this.#path === undefined) return false;
    try {
      appendFileSync(this.#path, `${line}\n`);
    } catch {
      return false;
    }
    this.#inFile += 1;
    return true;
  }

  #during<Value>(action: string, run: (path: string) => Value): Value {
    try {
      return run(this.#path!);
    } catch (error) {
      throw systemFileError(this.#path!, action, error);
    }
  }
}

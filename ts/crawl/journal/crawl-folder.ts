// The folder of a crawl. It holds what is known and what is done, so that an interrupted crawl continues where it was.
//
// `.lock` keeps a second process out, `crawl.json` says which round it is, `known.journal` has its addresses and `records.ndjson`
// its records. A new round moves the records of the one before to `records-NUMBER.ndjson`, which is packed if the options say so.

import { access, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { makeFolder } from '../../storage/make-folder.ts';
import type { Service } from '../../netaddr/service.ts';
import { DataFile } from '../../storage/data-file.ts';
import { FileError, systemFileError } from '../../storage/file-error.ts';
import { lockFolder } from '../../storage/folder-lock.ts';
import type { FolderLock } from '../../storage/folder-lock.ts';
import type { Logger } from '../../util/logger.ts';
import type { Clock } from '../../util/time/clock.ts';
import type { Frontier } from '../frontier/frontier.ts';
import { readRecords } from '../record/read-records.ts';
import { serviceOfRecord } from '../record/record-service.ts';
import { formatRecord } from '../record/record.ts';
import type { CrawlRecord } from '../record/record.ts';
import { AppendFile } from './append-file.ts';
import type { AppendFiles } from './append-file.ts';
import { formatState, parseState } from './crawl-state.ts';
import type { CrawlState } from './crawl-state.ts';
import { Flusher } from './flusher.ts';
import type { FlushListener } from './flusher.ts';
import { knownEntry, knownHeader, readKnown } from './known-file.ts';
import { PACKED_ENDINGS, packRecords } from './pack-records.ts';
import type { Packing } from './pack-records.ts';

/** Size limit of the state file, in bytes: enough for a million addresses that are left alone. */
const MAX_STATE_BYTES = 134_217_728;

/** The records of the newest round. */
export const RECORDS_FILE = 'records.ndjson';

/** Options of a `CrawlFolder`. */
export interface CrawlFolderOptions {
  readonly chain: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly listener: FlushListener;
  /** How records of earlier rounds are packed; undefined leaves them as they are. */
  readonly pack?: Packing | undefined;
  /** The file layer; default: Node's. */
  readonly files?: AppendFiles;
}

/** See the module comment. */
export class CrawlFolder {
  readonly path: string;
  readonly #options: CrawlFolderOptions;
  readonly #lock: FolderLock;
  readonly #stateFile: DataFile;
  #state: CrawlState;
  #known: AppendFile | undefined;
  #records: AppendFile | undefined;
  #flusher: Flusher | undefined;
  #packing: Promise<void> = Promise.resolve();

  private constructor(path: string, options: CrawlFolderOptions, lock: FolderLock, file: DataFile, state: CrawlState) {
    this.path = path;
    this.#options = options;
    this.#lock = lock;
    this.#stateFile = file;
    this.#state = state;
  }

  /**
   * Takes a folder over. Creates it if it is missing.
   *
   * @throws {FileError} `ERR_SOCKMAN_FILE_LOCKED`: another process uses it. `ERR_SOCKMAN_FILE_NEWER`: a newer release wrote it.
   *   `ERR_SOCKMAN_FILE_CORRUPT`: it belongs to another chain or is damaged. `ERR_SOCKMAN_SYSTEM`.
   */
  static async open(path: string, options: CrawlFolderOptions): Promise<CrawlFolder> {
    try {
      makeFolder(path);
    } catch (error) {
      throw systemFileError(path, 'made', error);
    }
    const lock = lockFolder(path, options.logger);
    try {
      const file = new DataFile(join(path, 'crawl.json'));
      await file.removeLeftovers();
      const state = await readState(path, file, options.chain);
      return new CrawlFolder(path, options, lock, file, state);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** The current state. Its round is the newest one; 0 if none has begun. */
  get state(): CrawlState {
    return this.#state;
  }

  /** The records of the newest round. */
  get recordsPath(): string {
    return join(this.path, RECORDS_FILE);
  }

  /** Calls back for each node that the newest round reached. The next round begins with them. */
  async readReachable(onReachable: (service: Service, services: bigint) => void, signal?: AbortSignal): Promise<void> {
    // A process that was killed while it began a round may have moved the records already.
    const aside = this.#recordsAside(this.#state.round);
    for (const path of [this.recordsPath, aside, ...packedNames(aside)]) {
      if (!(await exists(path))) continue;
      const { recordCount } = await readRecords(
        path,
        (record) => {
          const { outcome, services } = record;
          if (outcome !== 'reachable') return;
          const service = serviceOfRecord(record);
          if (service !== undefined) onReachable(service, services === undefined ? 0n : BigInt(`0x${services}`));
        },
        signal,
      );
      if (recordCount > 0) return;
    }
  }

  /** Begins a new round. The records of the one before move aside. */
  async beginRound(startedAt: number): Promise<void> {
    const { round } = this.#state;
    if (round > 0) await this.#moveRecordsAside(round);
    this.#pack();
    await this.#openFiles(0, 0);
    this.#known!.append(knownHeader());
    await this.#writeState({ ...this.#state, round: round + 1, startedAt, isComplete: false });
  }

  /**
   * Continues the unfinished round.
   *
   * @param onRecord - Called for each record that the round has so far.
   */
  async resumeRound(frontier: Frontier, onRecord: (record: CrawlRecord) => void, signal?: AbortSignal): Promise<void> {
    const knownBytes = await readKnown(join(this.path, 'known.journal'), frontier);
    let recordBytes = 0;
    if (await exists(this.recordsPath)) {
      const take = (record: CrawlRecord): void => {
        if (record.round !== this.#state.round) return;
        const service = serviceOfRecord(record);
        if (service !== undefined) frontier.markDone(service);
        onRecord(record);
      };
      recordBytes = (await readRecords(this.recordsPath, take, signal)).wholeBytes;
    }
    await this.#openFiles(knownBytes, recordBytes);
    if (knownBytes === 0) this.#known!.append(knownHeader());
  }

  /** Notes an address that is new or is now followed. */
  learned(frontier: Frontier, row: number): void {
    this.#known!.append(knownEntry(frontier, row));
    this.#flusher!.wake();
  }

  /** Notes a record. */
  record(record: CrawlRecord): void {
    this.#records!.append(Buffer.from(`${formatRecord(record)}\n`, 'utf8'));
    this.#flusher!.wake();
  }

  /** Ends the round and puts all of it on the disk. @throws {FileError} `ERR_SOCKMAN_SYSTEM`: that failed; try again. */
  async endRound(refusals: CrawlState['refusals']): Promise<void> {
    await this.#flusher!.flush();
    await this.#writeState({ ...this.#state, isComplete: true, refusals });
    await this.#closeFiles();
  }

  /** Closes the files and releases the folder. */
  async close(): Promise<void> {
    await this.#packing;
    await this.#closeFiles();
    this.#lock.release();
  }

  /** Packs the records of earlier rounds while the round continues. The next round retries what could not be packed. */
  #pack(): void {
    const { pack, logger } = this.#options;
    if (pack === undefined) return;
    this.#packing = this.#packing
      .then(() => packRecords(this.path, pack))
      .catch((error: unknown) => logger.warn(`records are not packed: ${String(error)}`));
  }

  async #openFiles(knownBytes: number, recordBytes: number): Promise<void> {
    const { files, clock, listener } = this.#options;
    // A round whose state the disk refused begins once more: its files are open.
    await this.#closeFiles();
    const known = await AppendFile.open(join(this.path, 'known.journal'), knownBytes, files);
    try {
      this.#records = await AppendFile.open(this.recordsPath, recordBytes, files);
    } catch (error) {
      await known.close().catch(() => undefined);
      throw error;
    }
    this.#known = known;
    this.#flusher = new Flusher(known, this.#records, clock, listener);
  }

  async #closeFiles(): Promise<void> {
    await this.#flusher?.close();
    this.#flusher = undefined;
  }

  #recordsAside(round: number): string {
    return join(this.path, `records-${round}.ndjson`);
  }

  /** Existing records are never overwritten, whatever else is in the folder. */
  async #moveRecordsAside(round: number): Promise<void> {
    const { size } = await stat(this.recordsPath).catch(() => ({ size: 0 }));
    if (size === 0) return;
    let aside = this.#recordsAside(round);
    const isTaken = async (): Promise<boolean> =>
      (await Promise.all([aside, ...packedNames(aside)].map(exists))).some(Boolean);
    for (let copy = 2; await isTaken(); copy++) aside = join(this.path, `records-${round}-${copy}.ndjson`);
    await rename(this.recordsPath, aside).catch((error: unknown) => {
      throw systemFileError(this.recordsPath, `renamed to ${aside}`, error);
    });
  }

  async #writeState(state: CrawlState): Promise<void> {
    await this.#stateFile.write(() => formatState(state));
    this.#state = state;
  }
}

async function readState(folder: string, file: DataFile, chain: string): Promise<CrawlState> {
  const bytes = await file.read(MAX_STATE_BYTES);
  if (bytes !== undefined) {
    const state = parseState(file.path, bytes);
    if (state.chain === chain) return state;
    throw new FileError('ERR_SOCKMAN_FILE_CORRUPT', folder, `the folder of a crawl of ${state.chain}`);
  }
  // Records without a state come from an older version or from elsewhere. They count as a complete round.
  const records = join(folder, RECORDS_FILE);
  let round = 0;
  if (await exists(records)) {
    await readRecords(records, (record) => {
      round = Math.max(round, record.round);
    });
  }
  return { version: 1, chain, round, startedAt: 0, isComplete: true, refusals: {} };
}

const packedNames = (path: string): string[] => Object.values(PACKED_ENDINGS).map((ending) => path + ending);

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

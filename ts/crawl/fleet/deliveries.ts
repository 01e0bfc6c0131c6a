// Records on their way to the results. They are gathered into messages by shard and kept until they are stored. While the server
// is away they are also in a file, and the next process of this worker delivers what it finds there.
//
// Several messages are under way at once: none waits for another's answer.

import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../../storage/make-folder.ts';
import { systemFileError } from '../../storage/file-error.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import { sleep } from '../../util/time/sleep.ts';
import { parseRecord } from '../record/check-record.ts';
import { formatRecord } from '../record/record.ts';
import type { CrawlRecord } from '../record/record.ts';
import type { FleetBus } from './bus/fleet-bus.ts';
import { ResultsWriter } from './results-message.ts';

/** Interval between attempts to deliver a message, in milliseconds. */
const RETRY_MS = 500;

/** Time in which a record must be stored or is written to the file, in milliseconds: what a killed process loses at most. */
const WRITE_DOWN_MS = 1_000;

/** Records of one shard and round. */
interface Parcel {
  readonly round: number;
  readonly shard: number;
  readonly records: CrawlRecord[];
  readonly message: ResultsWriter;
  /** Called when they are stored. */
  readonly onStored: (() => void)[];
  isInFile: boolean;
}

/** The records of one worker. */
export class Deliveries {
  readonly #bus: FleetBus;
  readonly #clock: Clock;
  readonly #path: string | undefined;
  readonly #instance: string;
  readonly #end = new AbortController();
  /** Parcels that are still being filled, by shard. */
  readonly #gathered = new Map<number, Parcel>();
  readonly #underWay = new Set<Promise<void>>();
  #timer: Timer | undefined;
  #sentCount = 0;
  /** Records that are not stored yet, and how many of them are in the file. */
  #open = 0;
  #inFile = 0;

  /**
   * @param path - The file; undefined keeps records in memory only.
   * @param instance - Different at each start of a worker.
   */
  constructor(bus: FleetBus, clock: Clock, path: string | undefined, instance: string) {
    this.#bus = bus;
    this.#clock = clock;
    this.#path = path;
    this.#instance = instance;
  }

  /** Records that are not stored yet. */
  get openCount(): number {
    return this.#open;
  }

  /**
   * Delivers what an earlier process left.
   *
   * @param shardOf - Undefined for a record that is of no shard, which is left out.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: the file cannot be read.
   */
  recover(shardOf: (record: CrawlRecord) => number | undefined): void {
    if (this.#path === undefined) return;
    const parcels = new Map<string, Parcel>();
    for (const record of readLines(this.#path).map(parseRecord)) {
      // A torn line is the record of a visit that will be made again.
      if (typeof record === 'string') continue;
      const shard = shardOf(record);
      if (shard === undefined) continue;
      const key = `${record.round} ${shard}`;
      const parcel = parcels.get(key) ?? newParcel(record.round, shard, true);
      parcels.set(key, parcel);
      if (!addTo(parcel, record)) continue;
      parcels.delete(key);
      this.#send(parcel);
    }
    for (const parcel of parcels.values()) this.#send(parcel);
  }

  /** Delivers a record. @param onStored - Called once it is stored; never if the worker ends before. */
  deliver(record: CrawlRecord, shard: number, onStored: () => void): void {
    let parcel = this.#gathered.get(shard);
    if (parcel !== undefined && parcel.round !== record.round) {
      this.#sendGathered(shard);
      parcel = undefined;
    }
    if (parcel === undefined) this.#gathered.set(shard, (parcel = newParcel(record.round, shard, false)));
    parcel.onStored.push(onStored);
    this.#open += 1;
    if (addTo(parcel, record)) this.#sendGathered(shard);
    else this.#timer ??= this.#clock.after(this.#bus.times.gatherMs, () => this.#sendAll());
  }

  /** Ends: what cannot be stored now stays in the file. */
  async close(): Promise<void> {
    this.#sendAll();
    this.#end.abort();
    await Promise.all(this.#underWay);
  }

  #sendAll(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const shard of [...this.#gathered.keys()]) this.#sendGathered(shard);
  }

  #sendGathered(shard: number): void {
    const parcel = this.#gathered.get(shard)!;
    this.#gathered.delete(shard);
    this.#send(parcel);
  }

  #send(parcel: Parcel): void {
    if (parcel.isInFile) {
      this.#open += parcel.records.length;
      this.#inFile += parcel.records.length;
    }
    const sending = this.#publish(parcel);
    this.#underWay.add(sending);
    void sending.then(() => this.#underWay.delete(sending));
  }

  async #publish(parcel: Parcel): Promise<void> {
    const { round, shard } = parcel;
    const id = `${this.#instance}.${(this.#sentCount += 1)}`;
    const bytes = parcel.message.finish();
    const late = this.#clock.after(WRITE_DOWN_MS, () => this.#writeDown(parcel));
    for (let isLast = false; !isLast;) {
      // One attempt begins after the end: the server may be back since the one before.
      isLast = this.#end.signal.aborted;
      try {
        await this.#bus.publishResults({ round, shard, id }, bytes);
        late.cancel();
        return this.#stored(parcel);
      } catch {
        this.#writeDown(parcel);
        await sleep(this.#clock, RETRY_MS, this.#end.signal);
      }
    }
    late.cancel();
  }

  #stored({ records, onStored, isInFile }: Parcel): void {
    this.#open -= records.length;
    if (isInFile) {
      this.#inFile -= records.length;
      if (this.#inFile === 0) this.#emptyFile();
    }
    for (const told of onStored) told();
  }

  /** A full disk keeps the records in memory. */
  #writeDown(parcel: Parcel): void {
    if (this.#path === undefined || parcel.isInFile) return;
    try {
      // The leading line end keeps a line that a full disk tore from spoiling this one.
      appendFileSync(this.#path, `\n${parcel.records.map(formatRecord).join('\n')}\n`);
    } catch {
      return;
    }
    parcel.isInFile = true;
    this.#inFile += parcel.records.length;
  }

  /** What cannot be removed is delivered again by the next process, which changes nothing. */
  #emptyFile(): void {
    try {
      truncateSync(this.#path!);
    } catch {
      return;
    }
  }
}

/** The lines of the file, which need not exist. Makes its folder. */
function readLines(path: string): string[] {
  try {
    makeFolder(dirname(path));
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  } catch (error) {
    throw systemFileError(path, 'read', error);
  }
}

const newParcel = (round: number, shard: number, isInFile: boolean): Parcel => ({
  round,
  shard,
  records: [],
  message: new ResultsWriter(round),
  onStored: [],
  isInFile,
});

/** @returns Whether the parcel is full. */
function addTo(parcel: Parcel, record: CrawlRecord): boolean {
  parcel.records.push(record);
  parcel.message.add(record);
  return parcel.message.isFull;
}

// Writes what a crawl learned to its files, a few times a second and in the right order: an address before the record of who
// told it, so that a crawl that goes on knows all that its records led to.
//
// A disk that is full ends nothing: bytes wait, the crawl is told to pause, and a new try is made every second.

import type { FileError } from '../../storage/file-error.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import type { AppendFile } from './append-file.ts';

/** Between two writes, in milliseconds: what a process that is killed loses at most. */
const FLUSH_MS = 250;

/** Between two tries when the disk takes nothing, in milliseconds. */
const RETRY_MS = 1_000;

/** Who hears of a disk that takes nothing. */
export interface FlushListener {
  /** Writing failed; told once, until it works again. */
  stuck(error: FileError): void;
  /** It works again. */
  recovered(): void;
}

/** Keeps two files up to date. */
export class Flusher {
  readonly #known: AppendFile;
  readonly #records: AppendFile;
  readonly #clock: Clock;
  readonly #listener: FlushListener;
  #timer: Timer | undefined;
  /** The write that is under way: one at a time, or both would write the same bytes. Resolves with what went wrong. */
  #running: Promise<FileError | undefined> | undefined;
  #isStuck = false;
  #isClosed = false;

  constructor(known: AppendFile, records: AppendFile, clock: Clock, listener: FlushListener) {
    this.#known = known;
    this.#records = records;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Bytes that wait. */
  get waitingBytes(): number {
    return this.#known.waitingBytes + this.#records.waitingBytes;
  }

  /** Something waits: it is written soon. */
  wake(): void {
    if (this.#timer !== undefined || this.#running !== undefined || this.#isClosed) return;
    this.#timer = this.#clock.after(FLUSH_MS, this.#onTimer);
  }

  /**
   * Writes all that waits now.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: it cannot be written; it waits on.
   */
  async flush(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    this.#timer?.cancel();
    this.#timer = undefined;
    const error = await this.#run();
    if (error !== undefined) throw error;
    this.#done(undefined);
  }

  /** Writes what waits, if that works, and closes the files. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.flush().catch(() => undefined);
    for (const file of [this.#known, this.#records]) {
      await file.sync();
      await file.close();
    }
  }

  #run(): Promise<FileError | undefined> {
    const running = this.#write().then(
      () => undefined,
      (error: FileError) => error,
    );
    this.#running = running;
    void running.then(() => {
      this.#running = undefined;
    });
    return running;
  }

  async #write(): Promise<void> {
    // Records that come meanwhile may be of addresses that wait behind those that are written now.
    const recordBytes = this.#records.waitingBytes;
    await this.#known.flush();
    await this.#records.flush(recordBytes);
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    void this.#run().then((error) => this.#done(error));
  };

  #done(error: FileError | undefined): void {
    if (this.#isClosed) return;
    if (error !== undefined) {
      this.#timer = this.#clock.after(RETRY_MS, this.#onTimer);
      if (this.#isStuck) return;
      this.#isStuck = true;
      this.#listener.stuck(error);
      return;
    }
    if (this.#isStuck) {
      this.#isStuck = false;
      this.#listener.recovered();
    }
    if (this.waitingBytes > 0) this.wake();
  }
}

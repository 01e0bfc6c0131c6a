// Writes what a crawl learned to its files, a few times a second and in the right order: an address before the record of the node
// that told it, so that a resumed crawl knows every address that its records led to.
//
// A full disk ends nothing: bytes wait, the crawl is told to pause, and the write is retried every second.

import type { FileError } from '../../storage/file-error.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import type { AppendFile } from './append-file.ts';

/** Interval between writes, in milliseconds. A killed process loses at most this much. */
const FLUSH_MS = 250;

/** Interval between attempts while the disk refuses, in milliseconds. */
const RETRY_MS = 1_000;

/** Callbacks about a disk that refuses to write. */
export interface FlushListener {
  /** A write failed. Called once until writing works again. */
  stuck(error: FileError): void;
  /** Writing works again. */
  recovered(): void;
}

/** Keeps two files up to date. */
export class Flusher {
  readonly #known: AppendFile;
  readonly #records: AppendFile;
  readonly #clock: Clock;
  readonly #listener: FlushListener;
  #timer: Timer | undefined;
  /** The write under way. There is one at a time, or two would write the same bytes. Resolves with the error, if any. */
  #running: Promise<FileError | undefined> | undefined;
  #isStuck = false;
  #isClosed = false;

  constructor(known: AppendFile, records: AppendFile, clock: Clock, listener: FlushListener) {
    this.#known = known;
    this.#records = records;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Bytes that wait to be written. */
  get waitingBytes(): number {
    return this.#known.waitingBytes + this.#records.waitingBytes;
  }

  /** Schedules a write of what waits. */
  wake(): void {
    if (this.#timer !== undefined || this.#running !== undefined || this.#isClosed) return;
    this.#timer = this.#clock.after(FLUSH_MS, this.#onTimer);
  }

  /**
   * Writes all that waits now.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: a file cannot be written; the bytes keep waiting.
   */
  async flush(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    this.#timer?.cancel();
    this.#timer = undefined;
    const error = await this.#run();
    if (error !== undefined) throw error;
    this.#done(undefined);
  }

  /** Writes what waits, if possible, and closes the files. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.flush().catch(() => undefined);
    const closeOne = (file: AppendFile): Promise<void> => file.sync().then(() => file.close());
    await Promise.all([this.#known, this.#records].map(closeOne));
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
    // A record that arrives during the write may follow from addresses that this write does not include.
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

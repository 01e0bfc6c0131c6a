// `monitor-2026-11-29.ndjson`: the events of a monitor, one line each, one file a day.

import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemFileError } from '../../storage/file-error.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';

/** Interval between writes, in milliseconds. A killed process loses at most this much. */
const WRITE_MS = 1_000;

/** Most text that is kept while the disk is full, in UTF-16 units. Lines beyond it are counted and lost. */
const MAX_KEPT_CHARS = 16_777_216;

/** Appends lines. `add` and `write` never throw; faults go to a callback. */
export class LineLog {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #onFault: (error: unknown) => void;
  #text = '';
  #timer: Timer | undefined;
  #lostCount = 0;

  /**
   * @param onFault - Called for each write that failed; its lines are kept for the next one.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: the folder cannot be made.
   */
  constructor(folder: string, clock: Clock, onFault: (error: unknown) => void) {
    this.#folder = folder;
    this.#clock = clock;
    this.#onFault = onFault;
    try {
      mkdirSync(folder, { recursive: true });
    } catch (error) {
      throw systemFileError(folder, 'made', error);
    }
  }

  /** Lines that were lost for lack of room. */
  get lostCount(): number {
    return this.#lostCount;
  }

  add(line: object): void {
    const text = `${JSON.stringify(line)}\n`;
    if (this.#text.length + text.length > MAX_KEPT_CHARS) {
      this.#lostCount += 1;
      return;
    }
    this.#text += text;
    this.#timer ??= this.#clock.after(WRITE_MS, () => this.write());
  }

  /** Writes what waits. */
  write(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const text = this.#text;
    if (text === '') return;
    const day = new Date(this.#clock.wallTimeMs()).toISOString().slice(0, 10);
    try {
      appendFileSync(join(this.#folder, `monitor-${day}.ndjson`), text);
      this.#text = '';
    } catch (error) {
      this.#onFault(error);
      this.#timer = this.#clock.after(WRITE_MS, () => this.write());
    }
  }
}

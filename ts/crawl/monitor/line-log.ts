// `monitor-2026-11-29.ndjson`: the events of a monitor, one line each, one file a day.

import { closeSync, fstatSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../storage/make-folder.ts';
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
  #isClosed = false;

  /**
   * @param onFault - Called for each write that failed; its lines are kept for the next one.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: the folder cannot be made.
   */
  constructor(folder: string, clock: Clock, onFault: (error: unknown) => void) {
    this.#folder = folder;
    this.#clock = clock;
    this.#onFault = onFault;
    try {
      makeFolder(folder);
    } catch (error) {
      throw systemFileError(folder, 'made', error);
    }
  }

  /** Lines that were lost: there was no room to keep them, or they could not be written before the end. */
  get lostCount(): number {
    return this.#lostCount;
  }

  add(line: object): void {
    if (this.#isClosed) return;
    const text = `${JSON.stringify(line)}\n`;
    if (this.#text.length + text.length > MAX_KEPT_CHARS) {
      this.#lostCount += 1;
      return;
    }
    this.#text += text;
    this.#timer ??= this.#clock.after(WRITE_MS, () => this.write());
  }

  /** Writes what waits a last time. Lines that the disk does not take now are lost. */
  close(): void {
    this.#isClosed = true;
    this.write();
    this.#lostCount += this.#text.split('\n').length - 1;
    this.#text = '';
  }

  /** Writes what waits. */
  write(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#text === '') return;
    const day = new Date(this.#clock.wallTimeMs()).toISOString().slice(0, 10);
    try {
      appendWhole(join(this.#folder, `monitor-${day}.ndjson`), this.#text);
      this.#text = '';
    } catch (error) {
      this.#onFault(error);
      if (!this.#isClosed) this.#timer = this.#clock.after(WRITE_MS, () => this.write());
    }
  }
}

/** Appends all of a text or nothing: a disk that fills up takes a part. */
function appendWhole(path: string, text: string): void {
  const file = openSync(path, 'a');
  try {
    const { size } = fstatSync(file);
    try {
      writeFileSync(file, text);
    } catch (error) {
      cutTo(file, size);
      throw error;
    }
  } finally {
    closeSync(file);
  }
}

/** Takes back what a failed write left. What is no file cannot be cut, and the error of the write is the one to report. */
function cutTo(file: number, size: number): void {
  try {
    ftruncateSync(file, size);
  } catch {
    return;
  }
}

// The file of a log: appended line by line, cut at the start, bounded while it runs, reopened on request.
//
// Lines are written at once and not gathered: the last ones before a crash are those that matter.

import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readSync, renameSync, writeSync } from 'node:fs';

/** Bytes kept of a large log at the start, and the size from which it is cut. (Core, ShrinkDebugFile) */
export const RECENT_LOG_BYTES = 10_000_000;
const SHRINK_FROM_BYTES = 1.1 * RECENT_LOG_BYTES;

/** Largest log, in bytes: then it is renamed to `debug.log.old`, and a new one begins. Core bounds single lines instead. */
const MAX_LOG_BYTES = 268_435_456;

/** One file of lines. */
export class LogFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #onFailure: (error: Error) => void;
  #descriptor: number;
  #bytes: number;
  #hasFailed = false;

  /**
   * Opens a file, and creates it if needed.
   *
   * @param onFailure - Called when a line cannot be written; not again until a line could be written.
   * @throws {Error} The system's error: the file cannot be opened.
   */
  constructor(path: string, onFailure: (error: Error) => void, maxBytes: number = MAX_LOG_BYTES) {
    this.#path = path;
    this.#onFailure = onFailure;
    this.#maxBytes = maxBytes;
    this.#descriptor = openSync(path, 'a');
    this.#bytes = fstatSync(this.#descriptor).size;
  }

  /** Appends text. Never throws: a full disk must not stop a node. */
  write(text: string): void {
    const bytes = Buffer.from(text);
    try {
      if (this.#bytes + bytes.length > this.#maxBytes) this.#begin();
      for (let at = 0; at < bytes.length;) at += writeSync(this.#descriptor, bytes, at);
      this.#bytes += bytes.length;
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) this.#onFailure(error as Error);
      this.#hasFailed = true;
    }
  }

  /** Opens the path again, after a log rotator moved the file away. If that fails, the old file stays open. */
  reopen(): void {
    try {
      const descriptor = openSync(this.#path, 'a');
      closeSync(this.#descriptor);
      this.#descriptor = descriptor;
      this.#bytes = fstatSync(descriptor).size;
    } catch (error) {
      this.#onFailure(error as Error);
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #begin(): void {
    renameSync(this.#path, `${this.#path}.old`);
    this.reopen();
  }
}

/** Cuts a large log to its last lines. @throws {Error} The system's error. */
export function shrinkLog(path: string): void {
  if (!existsSync(path)) return;
  const descriptor = openSync(path, 'r+');
  try {
    const { size } = fstatSync(descriptor);
    if (size <= SHRINK_FROM_BYTES) return;
    const tail = Buffer.alloc(RECENT_LOG_BYTES);
    const length = readSync(descriptor, tail, 0, tail.length, size - tail.length);
    const firstLine = tail.indexOf('\n') + 1;
    const kept = tail.subarray(firstLine, length);
    ftruncateSync(descriptor, 0);
    for (let at = 0; at < kept.length;) at += writeSync(descriptor, kept, at, kept.length - at, at);
  } finally {
    closeSync(descriptor);
  }
}

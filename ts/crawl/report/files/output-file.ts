// A report file that is written piece by piece and put in place as a whole: a crash at any moment leaves the old file or the new
// one.

import { closeSync, constants, fstatSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { FileError, systemFileError } from '../../../storage/file-error.ts';

/** Text that is gathered before it is written, in UTF-16 units. */
const BUFFER_CHARS = 65_536;

/** Readable by everybody: reports are public. */
const FILE_MODE = 0o644;

/** Writes a temporary file beside the final path, and moves it there at the end. */
export class OutputFile {
  readonly path: string;
  readonly #temporary: string;
  #fd: number | undefined;
  #text = '';

  /** @throws {FileError} `ERR_SOCKMAN_SYSTEM`: the file cannot be made. */
  constructor(path: string) {
    this.path = path;
    // Always the same name, so that a process that was killed leaves nothing behind for long.
    this.#temporary = join(dirname(path), `.${basename(path)}.tmp`);
    this.#fd = this.#during('opened', () => {
      rmSync(this.#temporary, { force: true });
      return openSync(this.#temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, FILE_MODE);
    });
  }

  /** Adds text. @throws {FileError} `ERR_SOCKMAN_SYSTEM`: it cannot be written; an existing file stays as it was. */
  write(text: string): void {
    this.#text += text;
    if (this.#text.length >= BUFFER_CHARS) this.#flush();
  }

  /**
   * Puts the file in its place.
   *
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: as `write`. `ERR_SOCKMAN_FILE_LOCKED`: another writer of this file began later.
   */
  finish(): void {
    this.#flush();
    const fd = this.#fd!;
    this.#during('written', () => fsyncSync(fd));
    if (!this.#during('moved', () => this.#isOurs(fd))) {
      this.abandon();
      throw new FileError('ERR_SOCKMAN_FILE_LOCKED', this.path, 'another process writes it, too');
    }
    this.#during('moved', () => renameSync(this.#temporary, this.path));
    this.#close();
  }

  /** Drops the new file; an existing one stays as it was. Does nothing after `finish`. */
  abandon(): void {
    if (this.#fd === undefined) return;
    try {
      if (this.#isOurs(this.#fd)) rmSync(this.#temporary, { force: true });
    } catch {
      // It stays until the file is made again. The fault that led here is the one to tell.
    }
    this.#close();
  }

  /** Whether the temporary file is still the one that was made here. A half-written one of another must not be put in place. */
  #isOurs(fd: number): boolean {
    const there = statSync(this.#temporary, { throwIfNoEntry: false });
    const ours = fstatSync(fd);
    return there?.ino === ours.ino && there.dev === ours.dev;
  }

  #flush(): void {
    let bytes: Uint8Array = Buffer.from(this.#text, 'utf8');
    this.#text = '';
    while (bytes.length > 0) {
      const rest = bytes;
      bytes = rest.subarray(this.#during('written', () => writeSync(this.#fd!, rest)));
    }
  }

  #close(): void {
    closeSync(this.#fd!);
    this.#fd = undefined;
  }

  #during<Value>(action: string, run: () => Value): Value {
    try {
      return run();
    } catch (error) {
      this.abandon();
      throw systemFileError(this.path, action, error);
    }
  }
}

/** Writes a whole file at once. @throws {FileError} `ERR_SOCKMAN_SYSTEM`: it cannot be written. */
export function writeOutput(path: string, text: string): void {
  const file = new OutputFile(path);
  file.write(text);
  file.finish();
}

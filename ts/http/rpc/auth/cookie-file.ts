// The cookie: a random password in a file, for programs that may read the node's files. (Bitcoin Core src/rpc/request.cpp)

import { randomBytes } from 'node:crypto';
import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';

import { systemFileError } from '../../../storage/file-error.ts';
import { readSmallFile } from '../../../util/private-file.ts';

/** The user of the cookie. */
export const COOKIE_USER = '__cookie__';

const PASSWORD_BYTES = 32;

/** Who may read the cookie, in the words of `-rpccookieperms`. */
export type CookieReaders = 'owner' | 'group' | 'all';

export const COOKIE_MODES: Readonly<Record<CookieReaders, number>> = { owner: 0o600, group: 0o640, all: 0o644 };

/** The cookie of a running server. */
export class CookieFile {
  readonly #path: string;
  readonly #mode: number;
  /** What we wrote; undefined if nothing. */
  #written: string | undefined = undefined;

  /** @param path - Of the file; `….tmp` is used while it is written. */
  constructor(path: string, readers: CookieReaders) {
    this.#path = path;
    this.#mode = COOKIE_MODES[readers];
  }

  /**
   * Writes a new password, in place of a cookie that a crash left behind.
   *
   * @returns The password.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: the file cannot be written, and does not exist.
   */
  write(): string {
    const password = randomBytes(PASSWORD_BYTES).toString('hex');
    const content = `${COOKIE_USER}:${password}`;
    const unfinished = `${this.#path}.tmp`;
    try {
      removeFile(unfinished);
      // Never readable by others, whatever the umask.
      writeFileSync(unfinished, content, { mode: COOKIE_MODES.owner, flag: 'wx' });
      chmodSync(unfinished, this.#mode);
      renameSync(unfinished, this.#path);
    } catch (error) {
      tryToRemove(unfinished);
      throw systemFileError(this.#path, 'written', error);
    }
    this.#written = content;
    return password;
  }

  /**
   * Removes the file, if it is ours: another server may have written its own since.
   * @returns The error if that failed, otherwise undefined.
   */
  remove(): unknown {
    const written = this.#written;
    this.#written = undefined;
    return written === undefined || !holds(this.#path, written) ? undefined : tryToRemove(this.#path);
  }
}

/** Whether a file has just this content. */
function holds(path: string, content: string): boolean {
  const file = readSmallFile(path, content.length);
  return file.ok && file.bytes !== undefined && Buffer.from(file.bytes).toString('latin1') === content;
}

/** Leaves a folder of that name alone: it is not ours. */
function removeFile(path: string): void {
  rmSync(path, { force: true });
}

function tryToRemove(path: string): unknown {
  try {
    removeFile(path);
    return undefined;
  } catch (error) {
    return error;
  }
}

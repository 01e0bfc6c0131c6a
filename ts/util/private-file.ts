// Small private files: keys and cookies.
//
// Read and written synchronously: it happens once for each session with a router, which takes seconds, and the files have a
// few hundred bytes.

import { errnoOf } from './errors/errno.ts';
import { invalidArg } from './errors/errors.ts';
import { nodeFs } from './load-later.ts';

/** Readable and writable by the owner. */
const PRIVATE_FILE_MODE = 0o600;

/** Why a file cannot be used: what the system said (positive errno), or what is wrong with the file. */
export type FileProblem = { readonly errno: number } | { readonly detail: string };

/** The content of a file, or why it cannot be used. Without bytes, the file does not exist. */
export type SmallFile =
  { readonly ok: true; readonly bytes: Uint8Array | undefined } | { readonly ok: false; readonly problem: FileProblem };

/** Checks the path of a file. @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`, naming the argument. */
export function checkPath(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) throw invalidArg(name, 'a path', value);
}

/**
 * Reads a regular file of at most `maxBytes`. Never waits, and never reads more, whatever the path leads to: it may come
 * from outside, and kernel files have no size and no end.
 */
export function readSmallFile(path: string | Buffer, maxBytes: number): SmallFile {
  const { closeSync, constants, fstatSync, openSync, readSync } = nodeFs();
  let descriptor: number;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { ok: true, bytes: undefined };
    return { ok: false, problem: { errno: errnoOf(error, 0) } };
  }
  try {
    if (!fstatSync(descriptor).isFile()) return { ok: false, problem: { detail: 'not a file' } };
    const bytes = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length <= maxBytes; length += read) {
      read = readSync(descriptor, bytes, length, bytes.length - length, null);
    }
    if (length > maxBytes) return { ok: false, problem: { detail: `more than ${maxBytes} bytes` } };
    return { ok: true, bytes: bytes.subarray(0, length) };
  } catch (error) {
    return { ok: false, problem: { errno: errnoOf(error, 0) } };
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Writes a new file that only its owner can read. Afterwards either all of it is on the disk, or nothing has changed: a file
 * made in the meantime stays as it is.
 *
 * @returns Why it could not be written; undefined on success.
 */
export function writePrivateFile(path: string, bytes: Uint8Array): FileProblem | undefined {
  const { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } = nodeFs();
  const unfinished = `${path}.new`;
  try {
    // The remains of a crash are useless.
    rmSync(unfinished, { force: true });
    const descriptor = openSync(unfinished, 'wx', PRIVATE_FILE_MODE);
    try {
      for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    if (existsSync(path)) {
      rmSync(unfinished);
      return { detail: 'there is one by now' };
    }
    renameSync(unfinished, path);
    return undefined;
  } catch (error) {
    removeIfPossible(unfinished);
    return { errno: errnoOf(error, 0) };
  }
}

/** If nothing can be created, nothing can be removed either: the first failure is the one to report. */
function removeIfPossible(path: string): void {
  try {
    nodeFs().rmSync(path, { force: true });
  } catch {
    // Never made.
  }
}

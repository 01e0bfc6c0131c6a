// Reads whole files from outside, up to a size limit and until a signal is aborted.
//
// A name may lead to anything: a pipe that nobody writes to, a device without end, a link to either. Nothing here blocks a
// thread, which no signal would get back.

import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

import { FileError, systemFileError } from './file-error.ts';

/** Opening a pipe must not wait for a writer, nor reading a terminal for a line. Windows has no such flag. */
export const OPEN_WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Bytes read at a time. */
const CHUNK_BYTES = 1_048_576;

/** Pause before an empty pipe is read again, in milliseconds; it grows, since a writer that rests will rest longer. */
const MIN_PAUSE_MS = 1;
const MAX_PAUSE_MS = 64;

/** Limits of a read. */
export interface ReadLimits {
  /** Largest size of the file, in bytes. */
  readonly maxBytes: number;
  /** Aborted when the result is no longer wanted. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads all of an input that a user named: a file or a pipe, `/dev/stdin` and `<(command)` included.
 *
 * @throws {FileError} `ERR_SOCKMAN_FILE_CORRUPT`: larger, or neither a file nor a pipe. `ERR_SOCKMAN_SYSTEM`: it does not
 * exist, cannot be read, or the signal was aborted.
 */
export async function readInput(path: string, limits: ReadLimits): Promise<Uint8Array> {
  try {
    const handle = await open(path, OPEN_WITHOUT_WAITING);
    try {
      if (!(await handle.stat()).isFIFO()) return await readFileOf(handle, path, limits);
      const read = new BoundedRead(handle, path, limits);
      // A named pipe may get a writer later. The writers of an unnamed one never come back.
      return await read.pipe(await hasName(path));
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw systemFileError(path, 'read', error);
  }
}

/**
 * Reads all of a file that is open.
 *
 * @throws {FileError} `ERR_SOCKMAN_FILE_CORRUPT`: larger, or not a regular file. Other errors are the system's.
 */
export async function readFileOf(handle: FileHandle, path: string, limits: ReadLimits): Promise<Uint8Array> {
  const stats = await handle.stat();
  // For a folder, the system's own error follows.
  if (!stats.isFile() && !stats.isDirectory()) throw new FileError('ERR_SOCKMAN_FILE_CORRUPT', path, 'not a file');
  const read = new BoundedRead(handle, path, limits);
  // Kernel files report a size of 0.
  if (stats.size > limits.maxBytes) throw read.tooLarge();
  return read.file();
}

class BoundedRead {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #limits: ReadLimits;
  readonly #chunks: Uint8Array[] = [];
  #byteCount = 0;

  constructor(handle: FileHandle, path: string, limits: ReadLimits) {
    this.#handle = handle;
    this.#path = path;
    this.#limits = limits;
  }

  async file(): Promise<Uint8Array> {
    while ((await this.#readChunk()) > 0);
    return Buffer.concat(this.#chunks, this.#byteCount);
  }

  /** @param waitsForWriter - Whether a pipe without a writer is read on. */
  async pipe(waitsForWriter: boolean): Promise<Uint8Array> {
    for (let pauseMs = MIN_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      const read = await this.#readChunk().catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'EAGAIN') return undefined;
        throw error;
      });
      const isOver = read === 0 && !(waitsForWriter && this.#byteCount === 0);
      if (isOver) return Buffer.concat(this.#chunks, this.#byteCount);
      if (read !== undefined && read > 0) pauseMs = MIN_PAUSE_MS / 2;
      else await wait(pauseMs, undefined, { signal: this.#limits.signal });
    }
  }

  tooLarge(): FileError {
    return new FileError('ERR_SOCKMAN_FILE_CORRUPT', this.#path, `larger than ${this.#limits.maxBytes} bytes`);
  }

  /** @returns The number of bytes; 0 at the end. */
  async #readChunk(): Promise<number> {
    this.#limits.signal?.throwIfAborted();
    const room = Math.min(CHUNK_BYTES, this.#limits.maxBytes + 1 - this.#byteCount);
    const { bytesRead, buffer } = await this.#handle.read(Buffer.allocUnsafe(room), 0, room, null);
    this.#byteCount += bytesRead;
    if (this.#byteCount > this.#limits.maxBytes) throw this.tooLarge();
    if (bytesRead > 0) this.#chunks.push(buffer.subarray(0, bytesRead));
    return bytesRead;
  }
}

function hasName(path: string): Promise<boolean> {
  return realpath(path).then(
    () => true,
    () => false,
  );
}

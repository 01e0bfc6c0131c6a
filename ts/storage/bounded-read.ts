// Reading files that come from outside as a whole: never more than a limit, never for longer than somebody wants to wait.
//
// A name may lead to anything: a pipe that nobody writes to, a device without end, a link to either. Nothing here blocks a
// thread, which no signal would get back.

import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';

import { FileError, systemFileError } from './file-error.ts';

/** Opening a pipe must not wait for a writer, nor reading a terminal for a line. Windows has no such thing. */
export const OPEN_WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Bytes that are asked for at a time. */
const CHUNK_BYTES = 1_048_576;

/** Between two looks at a pipe that has nothing, in milliseconds; it grows, since a writer that rests will rest longer. */
const MIN_PAUSE_MS = 1;
const MAX_PAUSE_MS = 64;

/** Limits of a read. */
export interface ReadLimits {
  /** Most bytes that the file may have. */
  readonly maxBytes: number;
  /** Aborted when nobody waits any more. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads all of an input that a user named: a file or a pipe, `/dev/stdin` and `<(command)` included.
 *
 * @throws {FileError} `ERR_SOCKMAN_FILE_CORRUPT`: larger, or neither file nor pipe. `ERR_SOCKMAN_SYSTEM`: it is not there,
 *   cannot be read, or the signal was aborted.
 */
export async function readInput(path: string, limits: ReadLimits): Promise<Uint8Array> {
  try {
    const handle = await open(path, OPEN_WITHOUT_WAITING);
    try {
      if (!(await handle.stat()).isFIFO()) return await readFileOf(handle, path, limits);
      const read = new BoundedRead(handle, path, limits);
      // A pipe that has a name may get its writer later. Of one without, writers that are gone are gone for ever.
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
 * @throws {FileError} `ERR_SOCKMAN_FILE_CORRUPT`: larger, or no regular file. Other errors as the system gives them.
 */
export async function readFileOf(handle: FileHandle, path: string, limits: ReadLimits): Promise<Uint8Array> {
  const stats = await handle.stat();
  // Of a folder the system says so itself.
  if (!stats.isFile() && !stats.isDirectory()) throw new FileError('ERR_SOCKMAN_FILE_CORRUPT', path, 'not a file');
  const read = new BoundedRead(handle, path, limits);
  // Files of the kernel say that they have no bytes.
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

  /** @param waitsForWriter - Whether that nobody writes yet is no end. */
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

  /** @returns The bytes that came; 0 at the end. */
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

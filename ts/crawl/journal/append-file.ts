// A file that grows at its end, and is never longer than what was meant to be in it: a write that the disk refused half-way is
// continued where it stopped.
//
// Bytes wait in memory until `flush`. What was handed to the kernel survives the process, however it ends.

import * as fsPromises from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import { systemFileError } from '../../storage/file-error.ts';

/** The calls on the file system that are made here. */
export type AppendFiles = Pick<typeof fsPromises, 'open'>;

/** For the owner, and for others to read: records are no secret. */
const FILE_MODE = 0o644;

/** One file, open. */
export class AppendFile {
  readonly path: string;
  readonly #handle: FileHandle;
  /** Where the next byte goes. */
  #length: number;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  private constructor(path: string, handle: FileHandle, length: number) {
    this.path = path;
    this.#handle = handle;
    this.#length = length;
  }

  /**
   * Opens a file, and cuts off what is behind its sound part.
   *
   * @param soundBytes - How much of it to keep; 0 begins anew. A file that is not there is made.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`.
   */
  static async open(path: string, soundBytes: number, files: AppendFiles = fsPromises): Promise<AppendFile> {
    try {
      const handle = await files.open(path, 'a', FILE_MODE);
      await handle.truncate(soundBytes);
      return new AppendFile(path, handle, soundBytes);
    } catch (error) {
      throw systemFileError(path, 'opened', error);
    }
  }

  /** Bytes that wait. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Bytes that are in the file. */
  get length(): number {
    return this.#length;
  }

  /** Lets bytes wait. They belong to the file from now on. */
  append(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  /**
   * Writes as much as waits.
   *
   * @param byteCount - How much of it: what came first. Default: all.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: the disk is full, say. What was not written waits on.
   */
  async flush(byteCount: number = this.#waitingBytes): Promise<void> {
    let left = byteCount;
    while (left > 0) {
      const chunk = this.#waiting.length === 1 ? this.#waiting[0]! : Buffer.concat(this.#waiting);
      this.#waiting = [chunk];
      left -= await this.#write(chunk.subarray(0, left));
    }
  }

  /** @returns How many bytes the file took. */
  async #write(bytes: Uint8Array): Promise<number> {
    try {
      // Opened for appending: the bytes go to the end, which is where the last write stopped.
      const { bytesWritten } = await this.#handle.write(bytes);
      this.#length += bytesWritten;
      this.#drop(bytesWritten);
      return bytesWritten;
    } catch (error) {
      throw systemFileError(this.path, 'written', error);
    }
  }

  /** Forgets bytes that were written. More may have come behind them meanwhile. */
  #drop(byteCount: number): void {
    const [first] = this.#waiting;
    const rest = first!.subarray(byteCount);
    if (rest.length === 0) this.#waiting.shift();
    else this.#waiting[0] = rest;
    this.#waitingBytes -= byteCount;
  }

  /** Has the disk keep what the kernel has. A system that cannot says nothing. */
  async sync(): Promise<void> {
    await this.#handle.datasync().catch(() => undefined);
  }

  /** Closes it. What waits is lost. */
  async close(): Promise<void> {
    await this.#handle.close();
  }
}

// A file that grows at its end. A write that the disk refused half-way is continued where it stopped.
//
// Bytes wait in memory until `flush`. Bytes that were handed to the kernel survive the process, however it ends.

import * as fsPromises from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import { systemFileError } from '../../storage/file-error.ts';

/** The file-system calls that are used here. */
export type AppendFiles = Pick<typeof fsPromises, 'open'>;

/** Readable by everybody: records are public. */
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
   * Opens a file and cuts off what follows its sound part. Creates it if it is missing.
   *
   * @param soundBytes - Length of the part to keep; 0 empties the file.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`.
   */
  static async open(path: string, soundBytes: number, files: AppendFiles = fsPromises): Promise<AppendFile> {
    let handle: FileHandle | undefined;
    try {
      handle = await files.open(path, 'a', FILE_MODE);
      await handle.truncate(soundBytes);
      return new AppendFile(path, handle, soundBytes);
    } catch (error) {
      await handle?.close().catch(() => undefined);
      throw systemFileError(path, 'opened', error);
    }
  }

  /** Bytes that wait to be written. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Bytes that are in the file. */
  get length(): number {
    return this.#length;
  }

  /** Adds bytes to those that wait. They belong to this object from now on. */
  append(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  /**
   * Writes the bytes that wait.
   *
   * @param byteCount - How many of them, oldest first. Default: all.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: for example, the disk is full. Bytes that were not written keep waiting.
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

  /** Drops bytes that were written. More may have been added behind them meanwhile. */
  #drop(byteCount: number): void {
    const [first] = this.#waiting;
    const rest = first!.subarray(byteCount);
    if (rest.length === 0) this.#waiting.shift();
    else this.#waiting[0] = rest;
    this.#waitingBytes -= byteCount;
  }

  /** Flushes the kernel's copy to the disk. A system that cannot do so is ignored. */
  async sync(): Promise<void> {
    await this.#handle.datasync().catch(() => undefined);
  }

  /** Closes the file. Bytes that wait are lost. */
  async close(): Promise<void> {
    await this.#handle.close();
  }
}

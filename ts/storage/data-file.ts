// A file that is read and replaced as a whole: after a crash at any moment it is the old one or the new one.
//
// What is in it is the codecs' matter. Used for `peers.dat`, `anchors.dat` and `banlist.json`.

import * as fsPromises from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { createSecureRandom, uniformBelow } from '../util/random.ts';
import type { RandomUint32 } from '../util/random.ts';
import { FileError, systemFileError } from './file-error.ts';

/** The calls on the file system that are made here. */
export type FileSystem = Pick<typeof fsPromises, 'open' | 'readdir' | 'rename' | 'unlink'>;

/** For the owner only: the key in `peers.dat` is a secret. */
const FILE_MODE = 0o600;

/** Temporary names are `peers.` and four hex digits, as Bitcoin Core has them. */
const SUFFIX_DIGITS = 4;
const SUFFIX = /^\.[0-9a-f]{4}$/;

/** Chooses the names of temporary files; makes the calls. Left out: by chance; Node's. */
export interface DataFileOptions {
  readonly random?: RandomUint32;
  readonly files?: FileSystem;
}

/** A save that has not begun. */
interface QueuedSave {
  snapshot: () => Uint8Array;
  done: Promise<void>;
}

/** Reads and replaces one file. Make one object for each file: it is what keeps saves apart. */
export class DataFile {
  readonly path: string;
  readonly #folder: string;
  /** What temporary names begin with: the file name without its extension. */
  readonly #stem: string;
  readonly #random: RandomUint32;
  readonly #files: FileSystem;
  /** Settles when every save so far is over. */
  #lastSave: Promise<void> = Promise.resolve();
  #queued: QueuedSave | undefined;

  constructor(path: string, { random = createSecureRandom(), files = fsPromises }: DataFileOptions = {}) {
    this.path = path;
    this.#folder = dirname(path);
    this.#stem = basename(path, extname(path));
    this.#random = random;
    this.#files = files;
  }

  /**
   * Reads the whole file; undefined when there is none.
   *
   * @param maxBytes - A larger file is refused before it is read.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: it is there but cannot be read. `ERR_SOCKMAN_FILE_CORRUPT`: too large.
   */
  async read(maxBytes: number): Promise<Uint8Array | undefined> {
    try {
      const handle = await this.#files.open(this.path, 'r');
      try {
        const { size } = await handle.stat();
        if (size <= maxBytes) return await handle.readFile();
      } finally {
        await handle.close();
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw systemFileError(this.path, 'read', error);
    }
    throw new FileError('ERR_SOCKMAN_FILE_CORRUPT', this.path, `larger than ${maxBytes} bytes`);
  }

  /**
   * Replaces the file. Only one save runs at a time; all that are asked for meanwhile are one save after it.
   *
   * @param snapshot - Called once, when the save begins, for the bytes to write; of several that wait, the last.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: no room, no permission. The old file is as it was, nothing is left over.
   */
  write(snapshot: () => Uint8Array): Promise<void> {
    if (this.#queued !== undefined) {
      this.#queued.snapshot = snapshot;
      return this.#queued.done;
    }
    const begin = (): Promise<void> => {
      this.#queued = undefined;
      return this.#replace(queued.snapshot());
    };
    const queued = { snapshot, done: this.#lastSave.then(begin) };
    this.#queued = queued;
    this.#lastSave = queued.done.catch(() => undefined);
    return queued.done;
  }

  /**
   * Deletes the file.
   *
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: it is still there.
   */
  async remove(): Promise<void> {
    await this.#files.unlink(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw systemFileError(this.path, 'deleted', error);
    });
  }

  /**
   * Moves the file aside, over whatever has that name.
   *
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: it is where it was.
   */
  async moveTo(path: string): Promise<void> {
    await this.#files.rename(this.path, path).catch((error: unknown) => {
      throw systemFileError(this.path, `renamed to ${path}`, error);
    });
  }

  /** Deletes what saves left behind when the process was killed. For the start, before the first save. */
  async removeLeftovers(): Promise<void> {
    const names = await this.#files.readdir(this.#folder).catch((): string[] => []);
    for (const name of names) {
      const isLeftover = name.startsWith(this.#stem) && SUFFIX.test(name.slice(this.#stem.length));
      if (isLeftover) await this.#files.unlink(join(this.#folder, name)).catch(() => undefined);
    }
  }

  async #replace(bytes: Uint8Array): Promise<void> {
    const suffix = uniformBelow(this.#random, 16 ** SUFFIX_DIGITS)
      .toString(16)
      .padStart(SUFFIX_DIGITS, '0');
    const temporaryPath = join(this.#folder, `${this.#stem}.${suffix}`);
    try {
      await this.#writeAndSync(temporaryPath, bytes);
      await this.#files.rename(temporaryPath, this.path);
    } catch (error) {
      await this.#files.unlink(temporaryPath).catch(() => undefined);
      throw systemFileError(this.path, 'saved', error);
    }
    await this.#syncFolder();
  }

  /** The bytes must be on the disk before the name is: a rename can survive a power failure that its content does not. */
  async #writeAndSync(path: string, bytes: Uint8Array): Promise<void> {
    const handle = await this.#files.open(path, 'w', FILE_MODE);
    try {
      await handle.writeFile(bytes);
      await handle.datasync().catch(ignoreUnsupportedSync);
    } finally {
      await handle.close();
    }
  }

  /** Makes the rename itself last. Some systems cannot, and the file is whole either way. */
  async #syncFolder(): Promise<void> {
    try {
      const folder = await this.#files.open(this.#folder, 'r');
      await folder.sync().finally(() => folder.close());
    } catch {
      return;
    }
  }
}

/** Some file systems have nothing to sync and say EINVAL. */
function ignoreUnsupportedSync(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EINVAL') throw error;
}

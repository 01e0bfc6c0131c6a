// A file that is read and replaced as a whole: after a crash at any moment it is the old one or the new one.
//
// The codecs know its content. Used for `peers.dat`, `anchors.dat` and `banlist.json`. If the name is a symbolic link, the
// file that it leads to is replaced, deleted or moved, and the link stays. A link to something other than a file, such as a
// device, is itself replaced.

import * as fsPromises from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { createSecureRandom, uniformBelow } from '../util/random.ts';
import type { RandomUint32 } from '../util/random.ts';
import { OPEN_WITHOUT_WAITING, readFileOf } from './bounded-read.ts';
import { FileError, systemFileError } from './file-error.ts';

/** The file system calls used here. */
export type FileSystem = Pick<
  typeof fsPromises,
  'lstat' | 'open' | 'readdir' | 'readlink' | 'realpath' | 'rename' | 'unlink'
>;

/** For the owner only: the key in `peers.dat` is a secret. */
const FILE_MODE = 0o600;

/** Temporary names are `peers.` and four hex digits, as Bitcoin Core has them. */
const SUFFIX_DIGITS = 4;
const SUFFIX = /^\.[0-9a-f]{4}$/;

/** Most links that are followed, as on Linux. */
const MAX_LINKS = 40;

/** The source of temporary names, and the file system. Default: random names; Node's calls. */
export interface DataFileOptions {
  readonly random?: RandomUint32;
  readonly files?: FileSystem;
}

/** A save that has not begun yet. */
interface QueuedSave {
  snapshot: () => Uint8Array;
  done: Promise<void>;
}

/** The actual place of a file. */
interface Target {
  readonly path: string;
  readonly folder: string;
  /** The beginning of temporary names: the file name without its extension. */
  readonly stem: string;
}

/** Reads and replaces one file. Make one object for each file: it is what keeps saves apart. */
export class DataFile {
  readonly path: string;
  readonly #random: RandomUint32;
  readonly #files: FileSystem;
  /** Settles when every save so far has ended. */
  #lastSave: Promise<void> = Promise.resolve();
  #queued: QueuedSave | undefined;

  constructor(path: string, { random = createSecureRandom(), files = fsPromises }: DataFileOptions = {}) {
    this.path = path;
    this.#random = random;
    this.#files = files;
  }

  /**
   * Reads the whole file; undefined if there is none.
   *
   * @param maxBytes - A larger file is refused without being read further. @param signal - Aborted when the result is no
   * longer wanted.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: it exists but cannot be read. `ERR_SOCKMAN_FILE_CORRUPT`: too large, or not a
   * file: a pipe, a device, a folder.
   */
  async read(maxBytes: number, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    try {
      const handle = await this.#files.open(this.path, OPEN_WITHOUT_WAITING);
      try {
        return await readFileOf(handle, this.path, { maxBytes, signal });
      } finally {
        await handle.close();
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      if (error instanceof FileError) throw error;
      throw systemFileError(this.path, 'read', error);
    }
  }

  /**
   * Replaces the file. Only one save runs at a time; all those requested meanwhile become one save after it.
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
    const { path } = await this.#target();
    await this.#files.unlink(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw systemFileError(this.path, 'deleted', error);
    });
  }

  /**
   * Moves the file aside, over any file of that name.
   *
   * @param suffix - Appended to its name.
   * @returns Its new path.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: it was not moved.
   */
  async moveAside(suffix: string): Promise<string> {
    const { path } = await this.#target();
    const aside = path + suffix;
    await this.#files.rename(path, aside).catch((error: unknown) => {
      throw systemFileError(this.path, `renamed to ${aside}`, error);
    });
    return aside;
  }

  /** Deletes temporary files of saves that were killed. Call it at the start, before the first save. */
  async removeLeftovers(): Promise<void> {
    const { folder, stem } = await this.#target();
    const names = await this.#files.readdir(folder).catch((): string[] => []);
    for (const name of names) {
      const isLeftover = name.startsWith(stem) && SUFFIX.test(name.slice(stem.length));
      if (isLeftover) await this.#files.unlink(join(folder, name)).catch(() => undefined);
    }
  }

  async #replace(bytes: Uint8Array): Promise<void> {
    const suffix = uniformBelow(this.#random, 16 ** SUFFIX_DIGITS)
      .toString(16)
      .padStart(SUFFIX_DIGITS, '0');
    const { path, folder, stem } = await this.#target();
    const temporaryPath = join(folder, `${stem}.${suffix}`);
    try {
      await this.#writeAndSync(temporaryPath, bytes);
      await this.#files.rename(temporaryPath, path);
    } catch (error) {
      await this.#files.unlink(temporaryPath).catch(() => undefined);
      throw systemFileError(this.path, 'saved', error);
    }
    await this.#syncFolder(folder);
  }

  /** The place of the file, behind all links, even if the last one is dangling. */
  async #target(): Promise<Target> {
    let { path } = this;
    for (let links = 0; links < MAX_LINKS; links++) {
      const next = await this.#files.readlink(path).catch(() => undefined);
      if (next === undefined) break;
      // A relative link starts at the folder that its own name is in, behind the links on the way there.
      path = resolve(await this.#files.realpath(dirname(path)).catch(() => dirname(path)), next);
    }
    const stats = await this.#files.lstat(path).catch(() => undefined);
    if (stats !== undefined && !stats.isFile()) ({ path } = this);
    return { path, folder: dirname(path), stem: basename(path, extname(path)) };
  }

  /** The bytes must be on the disk before the name is: a rename can survive a power failure that the content does not. */
  async #writeAndSync(path: string, bytes: Uint8Array): Promise<void> {
    const handle = await this.#files.open(path, 'w', FILE_MODE);
    try {
      await handle.writeFile(bytes);
      await handle.datasync().catch(ignoreUnsupportedSync);
    } finally {
      await handle.close();
    }
  }

  /** Makes the rename itself durable. Some systems cannot; the file is complete either way. */
  async #syncFolder(path: string): Promise<void> {
    try {
      const folder = await this.#files.open(path, 'r');
      await folder.sync().finally(() => folder.close());
    } catch {
      return;
    }
  }
}

/** Some file systems cannot sync a folder and report EINVAL. */
function ignoreUnsupportedSync(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EINVAL') throw error;
}

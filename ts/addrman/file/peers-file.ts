// `peers.dat` on disk: the address book is kept between runs, and never lost here.

import { AddrMan } from '../addr-man.ts';
import type { AddrManOptions } from '../addr-man.ts';
import { DataFile } from '../../storage/data-file.ts';
import type { DataFileOptions } from '../../storage/data-file.ts';
import { FileError } from '../../storage/file-error.ts';
import { MAX_PEERS_BYTES } from './peers-format.ts';
import { parsePeers } from './peers-reader.ts';
import { serializePeers } from './peers-writer.ts';

/** Suffix of a newer release's file that was moved aside. */
const BACKUP_SUFFIX = '.bak';

/** What was found on disk. In the second and third case the address book is empty, and saved already. */
export interface LoadedPeers {
  readonly addrMan: AddrMan;
  readonly found: 'peers' | 'nothing' | 'newerFormat';
}

/**
 * The file of one network. Make one object for each, and keep it: saves through it never interleave.
 *
 * @example
 * const file = new PeersFile('/home/me/.sockman/peers.dat', chain.magic);
 * const { addrMan } = await file.load();
 * // every 15 minutes, and at the end:
 * await file.save(addrMan);
 */
export class PeersFile {
  readonly #file: DataFile;
  readonly #magic: Uint8Array;

  /** @param magic - The four bytes that name the network. */
  constructor(path: string, magic: Uint8Array, options?: DataFileOptions) {
    this.#file = new DataFile(path, options);
    this.#magic = magic;
  }

  /**
   * Loads the address book; if there is no file, creates an empty one.
   *
   * A file that a newer release wrote is renamed to `peers.dat.bak`. One that is damaged is left alone and refused: an empty
   * book in its place would lose what may still be recovered.
   *
   * @param options - As for a new address manager.
   * @param signal - Aborted when the result is no longer wanted.
   * @throws {FileError} `ERR_SOCKMAN_FILE_CORRUPT`: damaged, or of another network. `ERR_SOCKMAN_SYSTEM`: it cannot be
   *   read, renamed or written. The file is untouched in each case.
   */
  async load(options: AddrManOptions = {}, signal?: AbortSignal): Promise<LoadedPeers> {
    await this.#file.removeLeftovers();
    const bytes = await this.#file.read(MAX_PEERS_BYTES, signal);
    if (bytes === undefined) return { addrMan: await this.#startEmpty(options), found: 'nothing' };

    const outcome = parsePeers(bytes, this.#magic, options);
    if (outcome.kind === 'loaded') return { addrMan: outcome.addrMan, found: 'peers' };
    if (outcome.kind === 'corrupt') {
      const advice = 'move the file away to start with an empty address book';
      throw new FileError('ERR_SOCKMAN_FILE_CORRUPT', this.#file.path, `${outcome.reason}; ${advice}`);
    }
    await this.#file.moveAside(BACKUP_SUFFIX);
    return { addrMan: await this.#startEmpty(options), found: 'newerFormat' };
  }

  /**
   * Saves the address book as it is when the save begins.
   *
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: the old file is as it was; report it and carry on.
   */
  save(addrMan: AddrMan): Promise<void> {
    return this.#file.write(() => serializePeers(addrMan, this.#magic));
  }

  async #startEmpty(options: AddrManOptions): Promise<AddrMan> {
    const addrMan = new AddrMan(options);
    await this.save(addrMan);
    return addrMan;
  }
}

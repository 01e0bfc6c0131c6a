// A node's state between runs, in Bitcoin Core's files: `peers.dat`, `anchors.dat`, `banlist.json`.
//
// Files of either can be taken over by the other. Each network has a folder of its own below the given one, as in Core; the
// main network has none. One process at a time: the folder is locked, for Core as well.

import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { makeFolder } from '../storage/make-folder.ts';
import type { AddrMan } from '../addrman/addr-man.ts';
import { AnchorsFile } from '../storage/anchors-file.ts';
import { DataFile } from '../storage/data-file.ts';
import { systemFileError } from '../storage/file-error.ts';
import { lockFolder } from '../storage/folder-lock.ts';
import type { FolderLock } from '../storage/folder-lock.ts';
import type { NetGroups } from '../addrman/net-groups.ts';
import { PeersFile } from '../addrman/file/peers-file.ts';
import type { ChainParams } from '../p2p/chain-params.ts';
import { systemClock } from '../util/time/clock.ts';
import type { Clock } from '../util/time/clock.ts';
import { guardedLogger } from '../util/guarded-logger.ts';
import { silentLogger } from '../util/logger.ts';
import type { Logger } from '../util/logger.ts';
import { createSecureRandom } from '../util/random.ts';
import type { RandomUint32 } from '../util/random.ts';
import { BanMan } from '../storage/ban-man.ts';
import type { ConnmanOptions } from './settings/options.ts';

/** The bans of Bitcoin Core before 22. */
const OLD_BAN_LIST = 'banlist.dat';

/** Options of the parts in the folder. Clock, random source and groups must be the `Connman`'s. */
export interface DataFolderOptions {
  readonly clock?: Clock;
  readonly random?: RandomUint32;
  readonly logger?: Logger;
  readonly netGroups?: NetGroups;
  /** Whether fc00::/8 among the bans is CJDNS. */
  readonly cjdnsReachable?: boolean;
  /** The key of a new address book; an existing one has its own. Default: random. */
  readonly addrManKey?: Uint8Array;
  /** Changes of the address book between two checks of it; 0, the default: never. (Core -checkaddrman) */
  readonly checkRatio?: number;
  /** How long a ban lasts by default, in seconds. Default a day. (Core -bantime) */
  readonly defaultBanSeconds?: number;
  /** Called after every change of the bans. */
  readonly onBansChanged?: () => void;
  /** Aborted when the folder is no longer wanted: the promise is rejected. */
  readonly signal?: AbortSignal;
}

/** The parts, ready for a `Connman` and a `PeerManager`. */
export interface DataFolder extends Required<Pick<ConnmanOptions, 'addressBookStore' | 'anchorStore' | 'folderLock'>> {
  readonly addressBook: AddrMan;
  readonly banMan: BanMan;
  /** For a folder that is not given to a `Connman`: call `release`. */
  readonly folderLock: FolderLock;
}

/**
 * Opens the folder of a network, and creates it if needed. It is locked until the `Connman` with the parts stops, or
 * `folderLock.release()` is called.
 *
 * @throws {FileError} `ERR_SOCKMAN_FILE_LOCKED`: another process uses it, ours or `bitcoind`; the message says which.
 * @throws {FileError} `ERR_SOCKMAN_FILE_CORRUPT`: `peers.dat` is damaged or of another network; it is left as it is.
 * `ERR_SOCKMAN_SYSTEM`: the folder cannot be created, or `peers.dat` cannot be read.
 * @example
 * const remembered = await openDataFolder('/home/me/.sockman', CHAIN_PARAMS.main);
 * const connman = new Connman({ chain: 'main', ...remembered });
 */
export async function openDataFolder(
  path: string,
  chain: ChainParams,
  options: DataFolderOptions = {},
): Promise<DataFolder> {
  const logger = guardedLogger(options.logger);
  const folder = join(path, chain.dataFolder);
  try {
    makeFolder(folder);
  } catch (error) {
    throw systemFileError(folder, 'made', error);
  }
  const folderLock = lockFolder(folder, logger);
  try {
    return { folderLock, ...(await openFiles(folder, chain, { ...options, logger })) };
  } catch (error) {
    folderLock.release();
    throw error;
  }
}

async function openFiles(
  folder: string,
  chain: ChainParams,
  options: DataFolderOptions,
): Promise<Omit<DataFolder, 'folderLock'>> {
  const { clock = systemClock, random = createSecureRandom(), logger = silentLogger } = options;
  const {
    netGroups,
    onBansChanged,
    cjdnsReachable = false,
    signal,
    addrManKey,
    checkRatio,
    defaultBanSeconds,
  } = options;
  const peersPath = join(folder, 'peers.dat');
  const peersFile = new PeersFile(peersPath, chain.magic, { random });
  const book = {
    ...(netGroups !== undefined && { groups: netGroups }),
    ...(addrManKey !== undefined && { key: addrManKey }),
    ...(checkRatio !== undefined && { checkRatio }),
  };
  const { addrMan, found } = await peersFile.load({ clock, random, ...book }, signal);
  if (found === 'nothing') logger.info(`Creating peers.dat because the file was not found ("${peersPath}")`);
  if (found === 'newerFormat') logger.warn('peers.dat is of a newer release: moved to peers.dat.bak');
  if (await exists(join(folder, OLD_BAN_LIST)))
    logger.warn(`${OLD_BAN_LIST} is ignored: it is of a release before Bitcoin Core 22`);
  const banMan = await BanMan.load(
    {
      clock,
      random,
      logger,
      file: new DataFile(join(folder, 'banlist.json'), { random }),
      cjdnsReachable,
      ...(defaultBanSeconds !== undefined && { defaultBanSeconds }),
      ...(onBansChanged !== undefined && { onChange: onBansChanged }),
    },
    signal,
  );
  return {
    addressBook: addrMan,
    addressBookStore: { save: () => peersFile.save(addrMan) },
    anchorStore: new AnchorsFile(join(folder, 'anchors.dat'), chain.magic, { random }),
    banMan,
  };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

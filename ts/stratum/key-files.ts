// The two keys of a server, in files of its data folder: `sv2_static_key` and `sv2_authority_key`.
//
// Each is a byte 01, then the private key, 32 bytes; sv2-tp reads and writes the same. A missing key is created and stored.
// A damaged file is moved aside, since its key may be recoverable. A file that others can read is refused: anyone who read
// it can impersonate this server.

import { randomBytes } from 'node:crypto';
import { existsSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from '../storage/make-folder.ts';
import { errnoOf, errnoText } from '../util/errors/errno.ts';
import { SockManError } from '../util/errors/errors.ts';
import type { Logger } from '../util/logger.ts';
import { readSmallFile, writePrivateFile } from '../util/private-file.ts';
import type { FileProblem } from '../util/private-file.ts';
import { AuthorityKey, PRIVATE_KEY_BYTES, StaticKey, isPrivateKey } from './noise/static-key.ts';

export const STATIC_KEY_FILE = 'sv2_static_key';
export const AUTHORITY_KEY_FILE = 'sv2_authority_key';

const FORMAT = 1;
const FILE_BYTES = 1 + PRIVATE_KEY_BYTES;

/** Permission bits of all users but the owner. */
const OTHERS_MODE = 0o077;

/** Mode of a folder that is made for keys. */
const FOLDER_MODE = 0o700;

/** The long-lived keys of a server. */
export interface ServerKeys {
  readonly staticKey: StaticKey;
  readonly authorityKey: AuthorityKey;
}

/** Options of `loadServerKeys`. */
export interface KeyFileOptions {
  /** Throws if a new key cannot be stored. Default false: a warning, and clients need another URL after the next start. */
  readonly mustStore?: boolean;
}

/**
 * Reads the keys of a folder. Creates missing ones, and the folder.
 *
 * @throws {SockManError} `ERR_SOCKMAN_SYSTEM`: a file that exists cannot be read, or others than its owner can read it; with
 * `mustStore` also: a new key cannot be stored.
 */
export function loadServerKeys(folder: string, logger: Logger, { mustStore = false }: KeyFileOptions = {}): ServerKeys {
  const load = (name: string): Uint8Array => loadKey(join(folder, name), logger, mustStore);
  return {
    staticKey: new StaticKey(load(STATIC_KEY_FILE)),
    authorityKey: new AuthorityKey(load(AUTHORITY_KEY_FILE)),
  };
}

/** Keys that end with the process. */
export function temporaryServerKeys(): ServerKeys {
  return { staticKey: new StaticKey(drawPrivateKey()), authorityKey: new AuthorityKey(drawPrivateKey()) };
}

function loadKey(path: string, logger: Logger, mustStore: boolean): Uint8Array {
  const file = readSmallFile(path, FILE_BYTES);
  if (!file.ok && 'errno' in file.problem) throw unusable(path, file.problem);
  const bytes = file.ok ? file.bytes : new Uint8Array(0);
  if (bytes === undefined) return makeKey(path, logger, mustStore);
  checkFile(path);
  const key = bytes.subarray(1);
  if (bytes.length === FILE_BYTES && bytes[0] === FORMAT && isPrivateKey(key)) return key;
  setAside(path, logger);
  return makeKey(path, logger, mustStore);
}

/** Refuses what is no file, and what others can read. */
function checkFile(path: string): void {
  const status = statSync(path);
  if (!status.isFile()) throw unusable(path, { detail: 'not a file' });
  if (process.platform !== 'win32' && (status.mode & OTHERS_MODE) !== 0) {
    throw new SockManError('ERR_SOCKMAN_SYSTEM', `${path}: others can read this key; chmod 600 it, or remove it`);
  }
}

function setAside(path: string, logger: Logger): void {
  const aside = freeName(`${path}.damaged`);
  try {
    renameSync(path, aside);
  } catch (error) {
    throw unusable(path, { errno: errnoOf(error, 0) });
  }
  logger.warn(`sv2: ${path} holds no key; it is ${aside} now, and a new key is made`);
}

/** A name that no file has, for one more damaged key. */
function freeName(name: string): string {
  let free = name;
  for (let count = 2; existsSync(free); count++) free = `${name}.${count}`;
  return free;
}

function makeKey(path: string, logger: Logger, mustStore: boolean): Uint8Array {
  const key = drawPrivateKey();
  const problem = storeKey(path, key);
  if (problem === undefined) return key;
  const error = unusable(path, problem, 'the new key cannot be stored: ');
  if (mustStore) throw error;
  logger.warn(`sv2: ${error.message}; it ends with this process`);
  return key;
}

function storeKey(path: string, key: Uint8Array): FileProblem | undefined {
  try {
    makeFolder(dirname(path), FOLDER_MODE);
  } catch (error) {
    return { errno: errnoOf(error, 0) };
  }
  return writePrivateFile(path, Buffer.concat([Uint8Array.of(FORMAT), key]));
}

function drawPrivateKey(): Uint8Array {
  for (;;) {
    const key = randomBytes(PRIVATE_KEY_BYTES);
    // Fails for one in 2^128.
    if (isPrivateKey(key)) return key;
  }
}

function unusable(path: string, problem: FileProblem, what = ''): SockManError {
  const why = 'errno' in problem ? errnoText(problem.errno) : problem.detail;
  return new SockManError(
    'ERR_SOCKMAN_SYSTEM',
    `${path}: ${what}${why}`,
    'errno' in problem ? { errno: problem.errno } : {},
  );
}

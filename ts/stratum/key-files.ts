// The two keys of a server, in files of its data folder: `sv2_static_key` and `sv2_authority_key`.
//
// Each is a byte 01, then the private key, 32 bytes; sv2-tp reads and writes the same. A missing key is created and stored.
// A damaged file is moved aside, since its key may be recoverable. A file that others can read is refused: anyone who read
// it can impersonate this server.

import { randomBytes } from 'node:crypto';
import { renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
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

/** The long-lived keys of a server. */
export interface ServerKeys {
  readonly staticKey: StaticKey;
  readonly authorityKey: AuthorityKey;
}

/**
 * Reads the keys of a folder, and creates missing ones. A key that cannot be stored is used, with a warning; clients then
 * need another authority key after the next start.
 *
 * @throws {SockManError} `ERR_SOCKMAN_SYSTEM`: a file that exists cannot be read, or others than its owner can read it.
 */
export function loadServerKeys(folder: string, logger: Logger): ServerKeys {
  return {
    staticKey: new StaticKey(loadKey(join(folder, STATIC_KEY_FILE), logger)),
    authorityKey: new AuthorityKey(loadKey(join(folder, AUTHORITY_KEY_FILE), logger)),
  };
}

/** Keys that end with the process. */
export function temporaryServerKeys(): ServerKeys {
  return { staticKey: new StaticKey(drawPrivateKey()), authorityKey: new AuthorityKey(drawPrivateKey()) };
}

function loadKey(path: string, logger: Logger): Uint8Array {
  const file = readSmallFile(path, FILE_BYTES);
  if (!file.ok && 'errno' in file.problem) throw unusable(path, file.problem);
  const bytes = file.ok ? file.bytes : new Uint8Array(0);
  if (bytes === undefined) return makeKey(path, logger);
  refuseIfShared(path);
  const key = bytes.subarray(1);
  if (bytes.length === FILE_BYTES && bytes[0] === FORMAT && isPrivateKey(key)) return key;
  setAside(path, logger);
  return makeKey(path, logger);
}

function refuseIfShared(path: string): void {
  if (process.platform !== 'win32' && (statSync(path).mode & OTHERS_MODE) !== 0) {
    throw new SockManError('ERR_SOCKMAN_SYSTEM', `${path}: others can read this key; chmod 600 it, or remove it`);
  }
}

function setAside(path: string, logger: Logger): void {
  const aside = `${path}.damaged`;
  try {
    renameSync(path, aside);
  } catch (error) {
    throw unusable(path, { errno: errnoOf(error, 0) });
  }
  logger.warn(`sv2: ${path} holds no key; it is ${aside} now, and a new key is made`);
}

function makeKey(path: string, logger: Logger): Uint8Array {
  const key = drawPrivateKey();
  const problem = writePrivateFile(path, Buffer.concat([Uint8Array.of(FORMAT), key]));
  if (problem !== undefined) logger.warn(`sv2: ${unusable(path, problem).message}; the key ends with this process`);
  return key;
}

function drawPrivateKey(): Uint8Array {
  for (;;) {
    const key = randomBytes(PRIVATE_KEY_BYTES);
    // Fails for one in 2^128.
    if (isPrivateKey(key)) return key;
  }
}

function unusable(path: string, problem: FileProblem): SockManError {
  const why = 'errno' in problem ? errnoText(problem.errno) : problem.detail;
  return new SockManError('ERR_SOCKMAN_SYSTEM', `${path}: ${why}`, 'errno' in problem ? { errno: problem.errno } : {});
}

// The private key of a persistent I2P session, in a file: raw bytes, readable by the owner only.
//
// Read and written synchronously: it happens once for each session, which takes the router seconds to minutes, and the file
// has a few hundred bytes. Whatever already is at the path is never overwritten: a damaged key is somebody's address.

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';

import { errnoOf } from '../../util/errno.ts';
import type { Attempt } from '../dial/dial-socket.ts';
import { dialFailure } from '../dial/failure.ts';
import type { FailureDetails } from '../dial/failure.ts';
import { addressOfPrivateKey } from '../dial/i2p-destination.ts';
import { SAM_MAX_LINE_BYTES } from '../dial/sam-line.ts';

/** Largest key file, in bytes: as base64 it must fit into a SAM line. Today's keys have 679. */
export const MAX_KEY_FILE_BYTES = (SAM_MAX_LINE_BYTES / 4) * 3;

/** Readable and writable by the owner. */
const KEY_FILE_MODE = 0o600;

/**
 * Reads a private key.
 * @returns undefined when there is no such file. Anything else that is no well-formed key fails.
 */
export function readKeyFile(path: string): Attempt<Uint8Array | undefined> {
  let descriptor: number;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { ok: true, value: undefined };
    return unusable(path, { errno: errnoOf(error, 0) });
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) return unusable(path, { detail: 'not a file' });
    if (stat.size > MAX_KEY_FILE_BYTES) return unusable(path, { detail: `${stat.size} bytes` });
    const key = readFileSync(descriptor);
    const address = addressOfPrivateKey(key);
    return typeof address === 'string' ? unusable(path, { detail: address }) : { ok: true, value: key };
  } catch (error) {
    return unusable(path, { errno: errnoOf(error, 0) });
  } finally {
    closeSync(descriptor);
  }
}

/** Writes a private key where no file is. Either the whole key is on the disk afterwards, or nothing is at `path`. */
export function writeKeyFile(path: string, key: Uint8Array): Attempt<void> {
  const unfinished = `${path}.new`;
  try {
    // A left-over of a crash has no use for anyone.
    rmSync(unfinished, { force: true });
    const descriptor = openSync(unfinished, 'wx', KEY_FILE_MODE);
    try {
      for (let written = 0; written < key.length;) written += writeSync(descriptor, key, written);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(unfinished, path);
    return { ok: true, value: undefined };
  } catch (error) {
    rmSync(unfinished, { force: true });
    return unusable(path, { errno: errnoOf(error, 0) });
  }
}

function unusable(path: string, details: FailureDetails): Attempt<never> {
  return { ok: false, failure: dialFailure('sam-key-file', { ...details, quoted: path }) };
}

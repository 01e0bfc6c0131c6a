// The private key of a persistent I2P session, in a file: raw bytes, readable by the owner only.
//
// An existing file is never overwritten: even a damaged key is an address in use.

import { readSmallFile, writePrivateFile } from '../../util/private-file.ts';
import type { FileProblem } from '../../util/private-file.ts';
import type { Attempt } from '../dial/dial-socket.ts';
import { dialFailure } from '../dial/failure.ts';
import { addressOfPrivateKey } from '../dial/i2p-destination.ts';
import { SAM_MAX_LINE_BYTES } from '../dial/sam-line.ts';

/** Largest key file, in bytes: as base64 it must fit into a SAM line. Today's keys have 679. */
export const MAX_KEY_FILE_BYTES = (SAM_MAX_LINE_BYTES / 4) * 3;

/**
 * Reads a private key.
 * @returns Undefined if the file does not exist. Content other than a well-formed key is a failure.
 */
export function readKeyFile(path: string): Attempt<Uint8Array | undefined> {
  const file = readSmallFile(path, MAX_KEY_FILE_BYTES);
  if (!file.ok) return unusable(path, file.problem);
  if (file.bytes === undefined) return { ok: true, value: undefined };
  const address = addressOfPrivateKey(file.bytes);
  return typeof address === 'string' ? unusable(path, { detail: address }) : { ok: true, value: file.bytes };
}

/** Writes a private key to a new file. Afterwards either the whole key is on the disk, or nothing is at `path`. */
export function writeKeyFile(path: string, key: Uint8Array): Attempt<void> {
  const problem = writePrivateFile(path, key);
  return problem === undefined ? { ok: true, value: undefined } : unusable(path, problem);
}

function unusable(path: string, problem: FileProblem): Attempt<never> {
  return { ok: false, failure: dialFailure('sam-key-file', { ...problem, quoted: path }) };
}

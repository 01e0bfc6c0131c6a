// The private key of our onion service, in a file: the text that Tor wrote, readable by the owner only.
//
// Bitcoin Core keeps the same text in a file of the same name, so an address can move from one to the other. An existing
// file is never overwritten: even a damaged key may hold an address.

import { errnoText } from '../util/errors/errno.ts';
import { readSmallFile, writePrivateFile } from '../util/private-file.ts';
import type { FileProblem } from '../util/private-file.ts';
import { TorControlError } from './failure.ts';

/** Largest file, in bytes. The text has 99. */
const MAX_KEY_FILE_BYTES = 1_000;

/** The key type, and 64 bytes in base64. */
const KEY_TEXT = /^ED25519-V3:[A-Za-z0-9+/]{86}==$/;

/** Whether a text is a private key as Tor writes them. */
export function isOnionKey(text: string): boolean {
  return KEY_TEXT.test(text);
}

/**
 * Reads a private key.
 *
 * @returns undefined when there is no such file.
 * @throws {TorControlError} `ERR_SOCKMAN_TOR_CONTROL`, failure `key-file-unusable`: it cannot be read, or is not a key.
 */
export function readOnionKey(path: string): string | undefined {
  const file = readSmallFile(path, MAX_KEY_FILE_BYTES);
  if (!file.ok) throw unusable(path, file.problem);
  if (file.bytes === undefined) return undefined;
  const text = Buffer.from(file.bytes).toString('latin1').trimEnd();
  if (!isOnionKey(text)) throw unusable(path, { detail: 'not a key' });
  return text;
}

/** Writes a private key to a new file. @throws {TorControlError} `ERR_SOCKMAN_TOR_CONTROL`, failure `key-file-unusable`. */
export function writeOnionKey(path: string, key: string): void {
  const problem = writePrivateFile(path, Buffer.from(key, 'latin1'));
  if (problem !== undefined) throw unusable(path, problem);
}

function unusable(path: string, problem: FileProblem): TorControlError {
  const detail = 'errno' in problem ? errnoText(problem.errno) : problem.detail;
  return new TorControlError('key-file-unusable', { detail, quoted: path });
}

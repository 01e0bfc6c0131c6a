// `known.journal`: every address of a round, in the order in which they were learned, so that a killed crawl can continue.
//
// | offset | size | field |
// |---|---|---|
// | 0 | 8 | `SMKNOWN` and the version of the format, 1 |
//
// and then, for each address,
//
// | offset | size | field |
// |---|---|---|
// | 0 | 1 | network: 1 IPv4, 2 IPv6, 3 onion, 4 I2P, 5 CJDNS |
// | 1 | 1 | flags, as the frontier has them |
// | 2 | 2 | port, low byte first |
// | 4 | 4 | source: the index of the telling node's entry in this file, or a kind of seed counted from the top; low byte first |
// | 8 | 4, 16, 32 | address |
//
// An address with two entries was not worth a visit at first.

import { open } from 'node:fs/promises';

import { FileError, systemFileError } from '../../storage/file-error.ts';
import { NETWORK_NAMES } from '../frontier/address-table.ts';
import type { Frontier } from '../frontier/frontier.ts';
import { NETWORK_BYTES } from '../../netaddr/networks/network.ts';

/** The version of the format that this release writes. */
export const KNOWN_VERSION = 1;

const MAGIC = Buffer.from('SMKNOWN', 'latin1');
const HEADER_BYTES = MAGIC.length + 1;
const HEAD_BYTES = 8;
const CHUNK_BYTES = 1_048_576;

/** The header of the file. */
export function knownHeader(): Uint8Array {
  return Buffer.concat([MAGIC, Uint8Array.of(KNOWN_VERSION)]);
}

/** The entry of an address. */
export function knownEntry(frontier: Frontier, row: number): Uint8Array {
  const { address, port } = frontier.table.serviceOf(row);
  const entry = Buffer.alloc(HEAD_BYTES + address.bytes.length);
  entry[0] = frontier.table.networkOf(row);
  entry[1] = frontier.flagsOf(row);
  entry.writeUInt16LE(port, 2);
  entry.writeUInt32LE(frontier.sourceNumberOf(row), 4);
  entry.set(address.bytes, HEAD_BYTES);
  return entry;
}

/**
 * Reads a journal into a frontier.
 *
 * @returns Length of the sound part in bytes: a killed process may have left half an entry. 0 when the file is missing or has no
 *   complete header.
 * @throws {FileError} `ERR_SOCKMAN_FILE_CORRUPT`: it is another kind of file. `ERR_SOCKMAN_FILE_NEWER`: a newer release wrote it.
 *   `ERR_SOCKMAN_SYSTEM`: it cannot be read.
 */
export async function readKnown(path: string, frontier: Frontier): Promise<number> {
  let soundBytes = 0;
  let rest: Uint8Array = new Uint8Array(0);
  for await (const chunk of chunksOf(path)) {
    const bytes: Uint8Array = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    if (soundBytes === 0) {
      if (bytes.length < HEADER_BYTES) {
        rest = bytes.slice();
        continue;
      }
      checkHeader(path, bytes);
      at = HEADER_BYTES;
    }
    const end = restoreEntries(bytes, at, frontier);
    soundBytes += end;
    // After a power loss the file may have its full length but zeros at its end.
    if (end < bytes.length && NETWORK_NAMES[bytes[end]!] === undefined) return soundBytes;
    rest = bytes.slice(end);
  }
  return soundBytes;
}

/** @returns The offset of the first incomplete or invalid entry; the length of the file if there is none. */
function restoreEntries(bytes: Uint8Array, start: number, frontier: Frontier): number {
  let at = start;
  while (at < bytes.length) {
    const name = NETWORK_NAMES[bytes[at]!];
    if (name === undefined) return at;
    const end = at + HEAD_BYTES + NETWORK_BYTES[name];
    if (end > bytes.length) return at;
    const port = bytes[at + 2]! | (bytes[at + 3]! << 8);
    const source = (bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24)) >>> 0;
    frontier.restore(bytes[at]!, bytes, at + HEAD_BYTES, port, source, bytes[at + 1]!);
    at = end;
  }
  return at;
}

function checkHeader(path: string, bytes: Uint8Array): void {
  const isOurs = MAGIC.equals(bytes.subarray(0, MAGIC.length));
  if (!isOurs) throw new FileError('ERR_SOCKMAN_FILE_CORRUPT', path, 'not the journal of a crawl');
  const version = bytes[MAGIC.length]!;
  if (version > KNOWN_VERSION) {
    throw new FileError('ERR_SOCKMAN_FILE_NEWER', path, `format ${version}, this release reads ${KNOWN_VERSION}`);
  }
}

async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  let handle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw systemFileError(path, 'read', error);
  }
  try {
    for (;;) {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw systemFileError(path, 'read', error);
  } finally {
    await handle.close();
  }
}

// `anchors.dat`: the block-relay-only peers of the last run, to be dialed first at the next start, so that a restart
// does not give an attacker a fresh chance at all our connections.
//
// | size | type | content |
// |---|---|---|
// | 4 | bytes | network magic |
// | 1 | CompactSize | count |
// | … | records | disk-address.ts |
// | 32 | bytes | double SHA-256 of all before it |
//
// The connection manager decides which connections are anchors, and whether one may still be dialed. (Bitcoin Core
// src/addrdb.cpp, DumpAnchors and ReadAnchors)

import { doubleSha256 } from '../p2p/hash.ts';
import type { PeerAddress } from '../p2p/messages/addresses.ts';
import { ByteReader, ByteWriter } from '../util/bytes/bytes.ts';
import { equalBytes } from '../util/bytes/compare-bytes.ts';
import { DecodeError, outOfRange } from '../util/errors/errors.ts';
import { readDiskAddress, writeDiskAddress } from './disk-address.ts';
import { DataFile } from './data-file.ts';
import type { DataFileOptions } from './data-file.ts';

/** Most anchors that are kept. (MAX_BLOCK_RELAY_ONLY_ANCHORS, Bitcoin Core src/net.cpp) */
export const MAX_ANCHORS = 2;

/** Largest file that is read, in bytes: a hundred times what two of the longest records take. */
const MAX_FILE_BYTES = 131_072;

const CHECKSUM_BYTES = 32;

/** Reads all records of a file; undefined unless it is a complete, undamaged file of this network. */
export function parseAnchors(bytes: Uint8Array, magic: Uint8Array): PeerAddress[] | undefined {
  try {
    const reader = new ByteReader(bytes);
    if (!equalBytes(reader.bytes(magic.length), magic)) return undefined;
    const records = reader.vector(() => readDiskAddress(reader));
    const checksum = doubleSha256(bytes.subarray(0, reader.offset));
    return equalBytes(reader.bytes(CHECKSUM_BYTES), checksum) ? records : undefined;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** Serializes records, in the order they are to be read in. */
export function serializeAnchors(records: readonly PeerAddress[], magic: Uint8Array): Uint8Array {
  const writer = new ByteWriter().bytes(magic).vector(records, writeDiskAddress);
  return writer.bytes(doubleSha256(writer.written())).finish();
}

/** The file of one network. */
export class AnchorsFile {
  readonly #file: DataFile;
  readonly #magic: Uint8Array;

  /** @param magic - The four bytes that name the network. */
  constructor(path: string, magic: Uint8Array, options?: DataFileOptions) {
    this.#file = new DataFile(path, options);
    this.#magic = magic;
  }

  /**
   * Reads the anchors and deletes the file, damaged or not: so a crash does not tie us to the same peers for ever.
   *
   * @returns At most two, to be dialed from the last to the first; none if anything is wrong.
   */
  async take(): Promise<PeerAddress[]> {
    await this.#file.removeLeftovers();
    const bytes = await this.#file.read(MAX_FILE_BYTES).catch(() => undefined);
    try {
      await this.#file.remove();
    } catch {
      return [];
    }
    return (bytes && parseAnchors(bytes, this.#magic)?.slice(0, MAX_ANCHORS)) ?? [];
  }

  /**
   * Writes the anchors, for a clean end only; also when there are none.
   *
   * @param records - At most two.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: more than two.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: not saved.
   */
  async save(records: readonly PeerAddress[]): Promise<void> {
    if (records.length > MAX_ANCHORS) throw outOfRange('records', `at most ${MAX_ANCHORS}`, records.length);
    await this.#file.write(() => serializeAnchors(records, this.#magic));
  }
}

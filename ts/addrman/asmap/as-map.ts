// A map from addresses to the autonomous systems that announce them.
//
// With one in use, addresses are grouped by the operator of the network instead of by range. (Bitcoin Core
// src/util/asmap.cpp, and its manual doc/asmap-data.md)

import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { doubleSha256 } from '../../p2p/hash.ts';
import { ByteWriter } from '../../util/bytes/bytes.ts';
import { equalBytes } from '../../util/bytes/compare-bytes.ts';
import { readInput } from '../../storage/bounded-read.ts';
import { FileError } from '../../storage/file-error.ts';
import { ADDRESS_BITS, findFault } from './check.ts';
import { DEFAULT, JUMP, MATCH, ProgramReader, RETURN, patternBits } from './program.ts';

/** The stored version that means "no map". */
export const NO_MAP_VERSION: Uint8Array = new Uint8Array(32);

/** Bytes of the map that are unpacked at a time for the old version hash. */
const UNPACK_CHUNK_BYTES = 8192;

/** Largest file that is read, in bytes: several times the largest published map. */
const MAX_AS_MAP_BYTES = 16 * 1024 * 1024;

/** A checked map. Immutable. */
export class AsMap {
  /** Names this very map: 32 bytes, as they stand in `peers.dat`. (Bitcoin Core 31 and newer) */
  readonly version: Uint8Array;
  readonly #bytes: Uint8Array;
  readonly #reader: ProgramReader;
  #oldVersion: Uint8Array | undefined;

  private constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#reader = new ProgramReader(bytes);
    this.version = doubleSha256(bytes);
  }

  /**
   * Takes a map over after checking it.
   *
   * @param bytes - The whole file. Borrowed for as long as the map is in use; it must not change.
   * @param name - Its name in the error.
   * @throws {FileError} `ERR_SOCKMAN_FILE_CORRUPT`: not a sound map; `reason` says why.
   */
  static parse(bytes: Uint8Array, name: string = 'asmap'): AsMap {
    const fault = findFault(bytes);
    if (fault !== undefined) throw new FileError('ERR_SOCKMAN_FILE_CORRUPT', name, `not an AS map: ${fault}`);
    return new AsMap(bytes);
  }

  /**
   * Reads a map from a file or a pipe. There is no fallback: a node that was told to use a map must not run without one.
   * @param signal - Aborted when the result is no longer wanted.
   * @throws {FileError} `ERR_SOCKMAN_FILE_CORRUPT`: not a sound map, larger than 16 MiB, or not a file.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: the file cannot be read, or does not exist.
   */
  static async load(path: string, signal?: AbortSignal): Promise<AsMap> {
    const bytes = await readInput(path, { maxBytes: MAX_AS_MAP_BYTES, signal });
    return AsMap.parse(bytes, path);
  }

  /**
   * The AS number for an address; 0 if the map has none.
   *
   * @param address - 16 bytes: IPv6, or IPv4 in its IPv6 form `::ffff:a.b.c.d`.
   */
  lookUp(address: Uint8Array): number {
    const reader = this.#reader;
    reader.position = 0;
    let defaultNumber = 0;
    let usedBits = 0;
    for (;;) {
      const instruction = reader.readInstruction();
      if (instruction === RETURN) return reader.readAsNumber();
      if (instruction === JUMP) {
        const distance = reader.readDistance();
        if (usedBits === ADDRESS_BITS || distance >= reader.remainingBits) failAt(reader.position);
        if (bitOf(address, usedBits++) === 1) reader.position += distance;
      } else if (instruction === MATCH) {
        const pattern = reader.readPattern();
        const bits = patternBits(pattern);
        if (usedBits + bits > ADDRESS_BITS) failAt(reader.position);
        for (let bit = bits - 1; bit >= 0; bit--) {
          if (bitOf(address, usedBits++) !== ((pattern >>> bit) & 1)) return defaultNumber;
        }
      } else if (instruction === DEFAULT) {
        defaultNumber = reader.readAsNumber();
      } else {
        failAt(reader.position);
      }
    }
  }

  /** Whether a stored version names this map, by the rule of Bitcoin Core 31 or by that of the releases before. */
  hasVersion(version: Uint8Array): boolean {
    if (equalBytes(version, this.version)) return true;
    // Unpacking a map takes tens of milliseconds: not where it cannot match.
    if (equalBytes(version, NO_MAP_VERSION)) return false;
    this.#oldVersion ??= hashOfUnpackedBits(this.#bytes);
    return equalBytes(version, this.#oldVersion);
  }
}

/** A checked map cannot lead here. */
function failAt(position: number): never {
  assert.fail(`the AS map has no sound instruction before bit ${position}`);
}

/** Bit `index` of an address, highest first. */
function bitOf(address: Uint8Array, index: number): number {
  return (address[index >>> 3]! >>> (7 - (index & 7))) & 1;
}

/** Double SHA-256 of the map as a vector of bits, a byte for each: what Bitcoin Core 30 and older hash. */
function hashOfUnpackedBits(bytes: Uint8Array): Uint8Array {
  const hash = createHash('sha256').update(new ByteWriter(9).compactSize(bytes.length * 8).finish());
  for (let start = 0; start < bytes.length; start += UNPACK_CHUNK_BYTES) {
    const packed = bytes.subarray(start, start + UNPACK_CHUNK_BYTES);
    const bits = new Uint8Array(packed.length * 8);
    for (let index = 0; index < bits.length; index++) bits[index] = (packed[index >>> 3]! >>> (index & 7)) & 1;
    hash.update(bits);
  }
  return Uint8Array.from(createHash('sha256').update(hash.digest()).digest());
}

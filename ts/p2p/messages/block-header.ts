// The 80 bytes that stand for a block.
//
// | offset | size | type                  | meaning                                      |
// |--------|------|-----------------------|----------------------------------------------|
// | 0      | 4    | int32 little-endian   | version                                      |
// | 4      | 32   | hash                  | the previous block                           |
// | 36     | 32   | hash                  | root of the tree of transaction ids          |
// | 68     | 4    | uint32 little-endian  | time, seconds since 1970                     |
// | 72     | 4    | uint32 little-endian  | proof-of-work target in its compact form     |
// | 76     | 4    | uint32 little-endian  | nonce                                        |
//
// Nothing is validated: any 80 bytes are a header. Source: Bitcoin Core src/primitives/block.h.

import { ByteWriter } from '../../util/bytes/bytes.ts';
import type { ByteReader } from '../../util/bytes/bytes.ts';
import { HASH_BYTES, doubleSha256 } from '../hash.ts';
import { writeHash } from './codec.ts';

/** Size of a header, in bytes. */
export const BLOCK_HEADER_BYTES = 80;

const PREVIOUS_AT = 4;
const BITS_AT = 72;

/** The 80 bytes of a block header, taken apart. */
export interface BlockHeader {
  readonly version: number;
  readonly previousBlockHash: Uint8Array;
  readonly merkleRoot: Uint8Array;
  readonly timeSeconds: number;
  readonly bits: number;
  readonly nonce: number;
}

/** Reads a header. The hashes in it are views of the input. */
export function readBlockHeader(reader: ByteReader): BlockHeader {
  return {
    version: reader.int32LE(),
    previousBlockHash: reader.bytes(HASH_BYTES),
    merkleRoot: reader.bytes(HASH_BYTES),
    timeSeconds: reader.uint32LE(),
    bits: reader.uint32LE(),
    nonce: reader.uint32LE(),
  };
}

/** Writes a header: 80 bytes. */
export function writeBlockHeader(writer: ByteWriter, header: BlockHeader): void {
  writer.int32LE(header.version);
  writeHash(writer, header.previousBlockHash);
  writeHash(writer, header.merkleRoot);
  writer.uint32LE(header.timeSeconds).uint32LE(header.bits).uint32LE(header.nonce);
}

/** A header as it goes over the wire: 80 bytes. */
export function blockHeaderBytes(header: BlockHeader): Uint8Array {
  const writer = new ByteWriter(BLOCK_HEADER_BYTES);
  writeBlockHeader(writer, header);
  return writer.finish();
}

/** The target that a header of 80 bytes claims, in its compact form. */
export function bitsOf(header: Uint8Array): number {
  return new DataView(header.buffer, header.byteOffset).getUint32(BITS_AT, true);
}

/** The block that a header of 80 bytes builds on, as a view. */
export function previousHashOf(header: Uint8Array): Uint8Array {
  return header.subarray(PREVIOUS_AT, PREVIOUS_AT + HASH_BYTES);
}

/** The hash that names a block: the double SHA-256 of its header. */
export function blockHash(header: BlockHeader): Uint8Array {
  return doubleSha256(blockHeaderBytes(header));
}

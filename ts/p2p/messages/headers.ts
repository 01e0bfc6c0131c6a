// `getheaders`, `getblocks`, `headers`: finding out which chain a node has.

import { ByteReader } from '../../util/bytes/bytes.ts';
import type { ByteWriter } from '../../util/bytes/bytes.ts';
import { BLOCK_HEADER_BYTES, readBlockHeader, writeBlockHeader } from './block-header.ts';
import type { BlockHeader } from './block-header.ts';
import { readHash, readLimitedVector, writeHash, writeLimitedVector } from './codec.ts';
import type { Codec, Limited } from './codec.ts';

/** Most headers in one message. More: the sender misbehaves. (Bitcoin Core src/net_processing.h, MAX_HEADERS_RESULTS) */
export const MAX_HEADERS = 2_000;

/** Most hashes of a locator. More: the sender is disconnected. (Core src/net_processing.cpp, MAX_LOCATOR_SZ) */
export const MAX_LOCATOR_HASHES = 101;

/** Most hashes that answer a `getblocks`. (Core src/net_processing.cpp) */
export const MAX_GETBLOCKS_HASHES = 500;

/** The version field before a locator, which is ignored. (Core src/primitives/block.h, CBlockLocator::DUMMY_VERSION) */
const LOCATOR_VERSION = 70_016;

/** Int32 LE that is ignored, CompactSize count, hashes, stop hash. */
export interface LocatorFields extends Limited {
  /** Blocks the sender has, from its tip down, ever further apart. */
  readonly locator: readonly Uint8Array[];
  /** Where to stop; zeros for as many as fit. */
  readonly stopHash: Uint8Array;
}

/** Asks for headers after the first hash of the locator that the receiver knows. */
export interface GetHeadersMessage extends LocatorFields {
  readonly type: 'getheaders';
}

/** Asks for an `inv` of blocks after the first hash of the locator that the receiver knows. */
export interface GetBlocksMessage extends LocatorFields {
  readonly type: 'getblocks';
}

/** CompactSize count, then headers, each followed by a CompactSize that says 0 and is ignored. */
export interface HeadersMessage extends Limited {
  readonly type: 'headers';
  readonly headers: readonly BlockHeader[];
}

export const getHeadersCodec = locatorCodec('getheaders');
export const getBlocksCodec = locatorCodec('getblocks');

export const headersCodec: Codec<HeadersMessage> = {
  read(reader) {
    const count = reader.compactSize();
    // Unlike other lists, this one is judged by its count alone, before the first header.
    if (count > MAX_HEADERS) return { type: 'headers', headers: [], exceedsLimit: true };
    const headers: BlockHeader[] = [];
    while (headers.length < count) {
      headers.push(readBlockHeader(reader));
      reader.compactSize();
    }
    return { type: 'headers', headers };
  },
  write: (writer, { headers }) => writeLimitedVector(writer, headers, MAX_HEADERS, writeEntry),
};

function writeEntry(writer: ByteWriter, header: BlockHeader): void {
  writeBlockHeader(writer, header);
  writer.compactSize(0);
}

function locatorCodec<T extends string>(type: T): Codec<LocatorFields & { readonly type: T }> {
  return {
    read(reader: ByteReader) {
      reader.skip(4);
      const locator = readLimitedVector(reader, MAX_LOCATOR_HASHES, readHash);
      const stopHash = readHash(reader);
      return locator === undefined ? { type, locator: [], stopHash, exceedsLimit: true } : { type, locator, stopHash };
    },
    write(writer, { locator, stopHash }) {
      writer.int32LE(LOCATOR_VERSION);
      writeLimitedVector(writer, locator, MAX_LOCATOR_HASHES, writeHash);
      writeHash(writer, stopHash);
    },
  };
}

/** The headers of a `headers` message, read where they lie: 2,000 of them are 160 kB as bytes, and six times as much as objects. */
export class HeaderEntries {
  /** How many there are, within the limit or not. */
  readonly count: number;
  readonly #payload: Uint8Array;
  /** Where each of them begins. */
  readonly #starts: Uint32Array;

  /**
   * @param payload - Not copied: must not change.
   * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: `decodeMessage` would refuse it.
   */
  constructor(payload: Uint8Array) {
    const reader = new ByteReader(payload);
    this.count = reader.compactSize();
    this.#payload = payload;
    // A list that is too long is judged by its count alone.
    this.#starts = new Uint32Array(this.count > MAX_HEADERS ? 0 : this.count);
    for (let index = 0; index < this.#starts.length; index++) {
      this.#starts[index] = reader.offset;
      reader.skip(BLOCK_HEADER_BYTES);
      reader.compactSize();
    }
  }

  /** The 80 bytes of one, as a view. @param index - 0 to `count` - 1, of at most `MAX_HEADERS`. */
  bytesAt(index: number): Uint8Array {
    const start = this.#starts[index]!;
    return this.#payload.subarray(start, start + BLOCK_HEADER_BYTES);
  }
}

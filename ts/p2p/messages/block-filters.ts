// `getcfilters`, `cfilter`, `getcfheaders`, `cfheaders`, `getcfcheckpt`, `cfcheckpt`: filters that say which blocks a
// client needs. (BIP 157)
//
// Filters are opaque here. The owner of the chain judges heights and hashes.

import type { ByteReader } from '../../util/bytes/bytes.ts';
import { readHash, writeHash } from './codec.ts';
import type { Codec } from './codec.ts';

/** The only defined type of filter. (BIP 158) */
export const BASIC_FILTER_TYPE = 0;

/** Most blocks one `getcfilters` may span. As many or more between start and stop: disconnect. (BIP 157) */
export const MAX_CFILTERS_SPAN = 1_000;

/** Most blocks one `getcfheaders` may span. As many or more between start and stop: disconnect. (BIP 157) */
export const MAX_CFHEADERS_SPAN = 2_000;

/** Blocks from one filter header of `cfcheckpt` to the next. (BIP 157) */
export const CFCHECKPT_INTERVAL = 1_000;

/** uint8, uint32 LE, hash. */
export interface RangeFields {
  readonly filterType: number;
  readonly startHeight: number;
  readonly stopHash: Uint8Array;
}

/** Asks for the filters of blocks, from a height to a hash. */
export interface GetCFiltersMessage extends RangeFields {
  readonly type: 'getcfilters';
}

/** Asks for the filter hashes of blocks, from a height to a hash. */
export interface GetCFHeadersMessage extends RangeFields {
  readonly type: 'getcfheaders';
}

/** The filter of one block: uint8, hash, bytes with CompactSize length. */
export interface CFilterMessage {
  readonly type: 'cfilter';
  readonly filterType: number;
  readonly blockHash: Uint8Array;
  readonly filter: Uint8Array;
}

/** Filter hashes up to a block: uint8, hash, hash, CompactSize count, hashes. */
export interface CFHeadersMessage {
  readonly type: 'cfheaders';
  readonly filterType: number;
  readonly stopHash: Uint8Array;
  /** The filter header of the block before the first. */
  readonly previousHeader: Uint8Array;
  readonly filterHashes: readonly Uint8Array[];
}

/** Asks for the filter header of every thousandth block up to one: uint8, hash. */
export interface GetCFCheckptMessage {
  readonly type: 'getcfcheckpt';
  readonly filterType: number;
  readonly stopHash: Uint8Array;
}

/** The filter header of every thousandth block: uint8, hash, CompactSize count, hashes. */
export interface CFCheckptMessage {
  readonly type: 'cfcheckpt';
  readonly filterType: number;
  readonly stopHash: Uint8Array;
  readonly filterHeaders: readonly Uint8Array[];
}

export const getCFiltersCodec = rangeCodec('getcfilters');
export const getCFHeadersCodec = rangeCodec('getcfheaders');

export const cFilterCodec: Codec<CFilterMessage> = {
  read: (reader) => ({
    type: 'cfilter',
    filterType: reader.uint8(),
    blockHash: readHash(reader),
    filter: reader.varBytes(),
  }),
  write(writer, { filterType, blockHash, filter }) {
    writeHash(writer.uint8(filterType), blockHash);
    writer.varBytes(filter);
  },
};

export const cFHeadersCodec: Codec<CFHeadersMessage> = {
  read: (reader) => ({
    type: 'cfheaders',
    filterType: reader.uint8(),
    stopHash: readHash(reader),
    previousHeader: readHash(reader),
    filterHashes: reader.vector(readHash),
  }),
  write(writer, { filterType, stopHash, previousHeader, filterHashes }) {
    writeHash(writer.uint8(filterType), stopHash);
    writeHash(writer, previousHeader);
    writer.vector(filterHashes, writeHash);
  },
};

export const getCFCheckptCodec: Codec<GetCFCheckptMessage> = {
  read: (reader) => ({ type: 'getcfcheckpt', filterType: reader.uint8(), stopHash: readHash(reader) }),
  write: (writer, { filterType, stopHash }) => writeHash(writer.uint8(filterType), stopHash),
};

export const cFCheckptCodec: Codec<CFCheckptMessage> = {
  read: (reader) => ({
    type: 'cfcheckpt',
    filterType: reader.uint8(),
    stopHash: readHash(reader),
    filterHeaders: reader.vector(readHash),
  }),
  write(writer, { filterType, stopHash, filterHeaders }) {
    writeHash(writer.uint8(filterType), stopHash);
    writer.vector(filterHeaders, writeHash);
  },
};

function rangeCodec<T extends string>(type: T): Codec<RangeFields & { readonly type: T }> {
  return {
    read: (reader: ByteReader) => ({
      type,
      filterType: reader.uint8(),
      startHeight: reader.uint32LE(),
      stopHash: readHash(reader),
    }),
    write: (writer, { filterType, startHeight, stopHash }) =>
      writeHash(writer.uint8(filterType).uint32LE(startHeight), stopHash),
  };
}

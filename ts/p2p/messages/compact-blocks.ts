// `sendcmpct`, `cmpctblock`, `getblocktxn`, `blocktxn`: blocks without the transactions the peer has already. (BIP 152)

import type { ByteReader, ByteWriter } from '../../util/bytes/bytes.ts';
import { DecodeError, outOfRange } from '../../util/errors/errors.ts';
import { readBlockHeader } from './block-header.ts';
import type { BlockHeader } from './block-header.ts';
import { readHash, writeHash } from './codec.ts';
import type { Codec, Decoder } from './codec.ts';

/** The only version of compact blocks in use: short ids are made of wtxids. */
export const COMPACT_BLOCK_VERSION = 2n;

/** Highest index of a transaction that these messages can name. (Bitcoin Core src/blockencodings.h) */
export const MAX_TRANSACTION_INDEX = 65_535;

/** Size of a short transaction id, in bytes. (BIP 152) */
export const SHORT_ID_BYTES = 6;

/** How the sender wants blocks announced. uint8, uint64 LE. */
export interface SendCmpctMessage {
  readonly type: 'sendcmpct';
  /** 1: by `cmpctblock` at once; 0: by `inv` or `headers`. Anything else: the sender misbehaves. */
  readonly announce: number;
  /** Versions other than `COMPACT_BLOCK_VERSION` are ignored. */
  readonly version: bigint;
}

/** A block as a list of short ids, with some transactions whole. Taken apart as far as its limits ask for. */
export interface CmpctBlockMessage {
  readonly type: 'cmpctblock';
  readonly header: BlockHeader;
  /** Goes into the key of the short ids. */
  readonly nonce: bigint;
  /** Ids of `SHORT_ID_BYTES` bytes each, one behind the other. */
  readonly shortIds: Uint8Array;
  readonly prefilledCount: number;
  /** The whole message. This is what is sent. */
  readonly payload: Uint8Array;
}

/** Asks for transactions of a block by their place in it. */
export interface GetBlockTxnMessage {
  readonly type: 'getblocktxn';
  readonly blockHash: Uint8Array;
  /** Strictly increasing, 0..65,535; on the wire, each is the gap to the one before. */
  readonly indexes: readonly number[];
}

/** The transactions that `getblocktxn` asked for: block hash, CompactSize count, transactions. */
export interface BlockTxnMessage {
  readonly type: 'blocktxn';
  readonly blockHash: Uint8Array;
  /** As announced; the transactions are not counted. */
  readonly transactionCount: number;
  /** The whole message. This is what is sent. */
  readonly payload: Uint8Array;
}

export const sendCmpctCodec: Codec<SendCmpctMessage> = {
  read: (reader) => ({ type: 'sendcmpct', announce: reader.uint8(), version: reader.uint64LE() }),
  write: (writer, { announce, version }) => void writer.uint8(announce).uint64LE(version),
};

export const cmpctBlockDecoder: Decoder<CmpctBlockMessage> = {
  read(reader, payload) {
    const header = readBlockHeader(reader);
    const nonce = reader.uint64LE();
    const shortIdCount = reader.compactSize();
    const shortIds = reader.bytes(shortIdCount * SHORT_ID_BYTES);
    const prefilledOffset = reader.offset;
    const prefilledCount = reader.compactSize();
    if (shortIdCount + prefilledCount > MAX_TRANSACTION_INDEX) {
      throw new DecodeError(`compact block of ${shortIdCount + prefilledCount} transactions`, prefilledOffset);
    }
    return { type: 'cmpctblock', header, nonce, shortIds, prefilledCount, payload };
  },
};

export const getBlockTxnCodec: Codec<GetBlockTxnMessage> = {
  read: (reader) => ({ type: 'getblocktxn', blockHash: readHash(reader), indexes: readIndexes(reader) }),
  write(writer, { blockHash, indexes }) {
    writeHash(writer, blockHash);
    writeIndexes(writer, indexes);
  },
};

export const blockTxnDecoder: Decoder<BlockTxnMessage> = {
  read: (reader, payload) => ({
    type: 'blocktxn',
    blockHash: readHash(reader),
    transactionCount: reader.compactSize(),
    payload,
  }),
};

/** A count, then for each index how many were left out since the one before. */
function readIndexes(reader: ByteReader): number[] {
  const count = reader.compactSize();
  const indexes: number[] = [];
  let next = 0;
  while (indexes.length < count) {
    const start = reader.offset;
    const index = next + reader.compactSize();
    if (index > MAX_TRANSACTION_INDEX) throw new DecodeError(`transaction index ${index}`, start);
    indexes.push(index);
    next = index + 1;
  }
  return indexes;
}

function writeIndexes(writer: ByteWriter, indexes: readonly number[]): void {
  writer.compactSize(indexes.length);
  let next = 0;
  for (const index of indexes) {
    if (!Number.isInteger(index) || index < next || index > MAX_TRANSACTION_INDEX) {
      throw outOfRange('indexes', `strictly increasing integers 0..${MAX_TRANSACTION_INDEX}`, index);
    }
    writer.compactSize(index - next);
    next = index + 1;
  }
}

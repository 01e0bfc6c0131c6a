// Messages between a template provider (server) and a builder of blocks (client).
//
// Source: Stratum V2 specification, chapter 7.

import { DecodeError } from '../../util/errors/errors.ts';
import {
  B0_16M,
  B0_64K,
  BOOL,
  SEQ0_255,
  SEQ0_64K,
  STR0_255,
  U256,
  U32,
  U64,
  U8,
  byteString,
  struct,
} from './data-types.ts';
import type { DataType } from './data-types.ts';

/** Longest start of a coinbase script that a template may prescribe, in bytes. */
const MAX_COINBASE_PREFIX_BYTES = 8;

/** Assumed sigops of clients from before March 2025, which send none. */
const DEFAULT_ADDITIONAL_SIGOPS = 400;

/** Room that a client needs in the coinbase transaction for outputs of its own. */
export interface CoinbaseOutputConstraints {
  /** Bytes. */
  coinbaseOutputMaxAdditionalSize: number;
  /** Signature operations. */
  coinbaseOutputMaxAdditionalSigops: number;
}

const SIZE_ALONE_BYTES = 4;

/** Client to server. Old clients send only the first four bytes; bytes after the sixth are a TLV area. */
export const coinbaseOutputConstraints: DataType<CoinbaseOutputConstraints> = {
  minBytes: SIZE_ALONE_BYTES,
  read(reader) {
    const coinbaseOutputMaxAdditionalSize = reader.uint32LE();
    if (reader.remaining === 0) {
      return { coinbaseOutputMaxAdditionalSize, coinbaseOutputMaxAdditionalSigops: DEFAULT_ADDITIONAL_SIGOPS };
    }
    if (reader.remaining === 1) throw new DecodeError('half of a sigops count', reader.offset);
    return { coinbaseOutputMaxAdditionalSize, coinbaseOutputMaxAdditionalSigops: reader.uint16LE() };
  },
  write(writer, value) {
    writer.uint32LE(value.coinbaseOutputMaxAdditionalSize).uint16LE(value.coinbaseOutputMaxAdditionalSigops);
  },
};

/**
 * Server to client: a block to build.
 *
 * `futureTemplate` means: wait for the `SetNewPrevHash` with this id; otherwise the template belongs to the last one.
 * `coinbaseTxOutputs` are serialized one after another without a count in front, and go last into the coinbase
 * transaction. `coinbaseTxValueRemaining` is in satoshi. `merklePath` is that of the coinbase transaction, deepest first.
 */
export const newTemplate = struct({
  templateId: U64,
  futureTemplate: BOOL,
  version: U32,
  coinbaseTxVersion: U32,
  coinbasePrefix: byteString('coinbasePrefix', U8, MAX_COINBASE_PREFIX_BYTES),
  coinbaseTxInputSequence: U32,
  coinbaseTxValueRemaining: U64,
  coinbaseTxOutputsCount: U32,
  coinbaseTxOutputs: B0_64K,
  coinbaseTxLocktime: U32,
  merklePath: SEQ0_255(U256),
});

/** Server to client: the block to build on, and its template. `headerTimestamp` is the time to start from. */
export const setNewPrevHash = struct({
  templateId: U64,
  prevHash: U256,
  headerTimestamp: U32,
  nBits: U32,
  target: U256,
});

export const requestTransactionData = struct({ templateId: U64 });

/**
 * Server to client. `excessData` is the witness of the coinbase transaction, 32 bytes or none; `transactionList` has all
 * other transactions with their witnesses.
 */
export const requestTransactionDataSuccess = struct({
  templateId: U64,
  excessData: B0_64K,
  transactionList: SEQ0_64K(B0_16M),
});

/** Why transaction data are refused. */
const TRANSACTION_DATA_ERRORS = ['template-id-not-found', 'stale-template-id'] as const;
export type TransactionDataError = (typeof TRANSACTION_DATA_ERRORS)[number];

export const requestTransactionDataError = struct({ templateId: U64, errorCode: STR0_255 });

/** Client to server: a header whose hash meets the target, and the whole coinbase transaction with its witness. */
export const submitSolution = struct({
  templateId: U64,
  version: U32,
  headerTimestamp: U32,
  headerNonce: U32,
  coinbaseTx: B0_64K,
});

// The two ids of a transaction, for announcing it and recognising it; and its scripts, for programs that wait for one.
//
// Finds where the parts of a transaction begin and end, and nothing more: amounts and sums are not looked at.
//
// | part                                       | in the txid | in the wtxid |
// |--------------------------------------------|-------------|--------------|
// | version, int32 LE                          | yes         | yes          |
// | marker 0 and flag 1, if it has witnesses   | no          | yes          |
// | inputs, outputs                            | yes         | yes          |
// | a witness for each input, if it has any    | no          | yes          |
// | lock time, uint32 LE                       | yes         | yes          |
//
// Source: BIP 144, Bitcoin Core src/primitives/transaction.h.

import { ByteReader } from '../../util/bytes/bytes.ts';
import { DecodeError } from '../../util/errors/errors.ts';
import { doubleSha256 } from '../hash.ts';

const VERSION_BYTES = 4;
/** Marker and flag. Read as a list of inputs, the marker would be an empty one, which no transaction has. */
const WITNESS_MARKER = 0;
const WITNESS_FLAG = 1;
const WITNESS_MARK_BYTES = 2;
/** The transaction spent and the index of its output. */
const OUTPOINT_BYTES = 36;
const SEQUENCE_BYTES = 4;
const AMOUNT_BYTES = 8;
const LOCK_TIME_BYTES = 4;

/** Both ids of a transaction, 32 bytes each in the order they were computed. */
export interface TransactionIds {
  /** Names the transaction without its witnesses. */
  readonly txid: Uint8Array;
  /** Names it with them; the same as `txid` when it has none. (BIP 141) */
  readonly wtxid: Uint8Array;
  /** Bytes the transaction takes of the input; what follows them is ignored. */
  readonly byteCount: number;
}

/**
 * Computes the ids of a serialized transaction.
 *
 * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: it ends early, has an unknown flag, or is marked as having witnesses and has
 *   none.
 */
export function transactionIds(bytes: Uint8Array): TransactionIds {
  const parts = locateParts(bytes);
  const { byteCount } = parts;
  const wtxid = doubleSha256(bytes.subarray(0, byteCount));
  if (!parts.hasWitness) return { txid: wtxid, wtxid, byteCount };
  return { txid: doubleSha256(withoutWitnesses(bytes, parts)), wtxid, byteCount };
}

/**
 * A serialized transaction as nodes without segregated witnesses know it: a copy without them, or the very bytes if it has
 * none.
 *
 * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: as `transactionIds`.
 */
export function stripWitnesses(bytes: Uint8Array): Uint8Array {
  const parts = locateParts(bytes);
  return parts.hasWitness ? withoutWitnesses(bytes, parts) : bytes;
}

/** What a transaction spends, and what with and for. All of it are views of its bytes. */
export interface TransactionScripts {
  /** 36 bytes each: the transaction spent, and the index of its output as uint32 LE. */
  readonly outpoints: readonly Uint8Array[];
  readonly inputScripts: readonly Uint8Array[];
  readonly outputScripts: readonly Uint8Array[];
}

/**
 * Finds the scripts of a serialized transaction.
 *
 * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: as `transactionIds`.
 */
export function transactionScripts(bytes: Uint8Array): TransactionScripts {
  const { bodyStart } = locateParts(bytes);
  const reader = new ByteReader(bytes);
  reader.skip(bodyStart);
  const outpoints: Uint8Array[] = [];
  const inputScripts: Uint8Array[] = [];
  const outputScripts: Uint8Array[] = [];
  for (let left = reader.compactSize(); left > 0; left--) {
    outpoints.push(reader.bytes(OUTPOINT_BYTES));
    inputScripts.push(reader.varBytes());
    reader.skip(SEQUENCE_BYTES);
  }
  for (let left = reader.compactSize(); left > 0; left--) {
    reader.skip(AMOUNT_BYTES);
    outputScripts.push(reader.varBytes());
  }
  return { outpoints, inputScripts, outputScripts };
}

/** Where inputs and outputs are. */
interface Parts {
  readonly hasWitness: boolean;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  readonly byteCount: number;
}

function locateParts(bytes: Uint8Array): Parts {
  const hasWitness = bytes[VERSION_BYTES] === WITNESS_MARKER && bytes[VERSION_BYTES + 1] !== 0;
  const bodyStart = VERSION_BYTES + (hasWitness ? WITNESS_MARK_BYTES : 0);
  const reader = new ByteReader(bytes);
  reader.skip(bodyStart);
  if (hasWitness && bytes[VERSION_BYTES + 1] !== WITNESS_FLAG) {
    throw new DecodeError(`unknown transaction flag ${bytes[VERSION_BYTES + 1]}`, VERSION_BYTES + 1);
  }
  const inputCount = skipVector(reader, skipInput);
  skipVector(reader, skipOutput);
  const bodyEnd = reader.offset;
  if (hasWitness) skipWitnesses(reader, inputCount);
  reader.skip(LOCK_TIME_BYTES);
  return { hasWitness, bodyStart, bodyEnd, byteCount: reader.offset };
}

function withoutWitnesses(bytes: Uint8Array, { bodyStart, bodyEnd, byteCount }: Parts): Uint8Array {
  return Buffer.concat([
    bytes.subarray(0, VERSION_BYTES),
    bytes.subarray(bodyStart, bodyEnd),
    bytes.subarray(byteCount - LOCK_TIME_BYTES, byteCount),
  ]);
}

function skipVector(reader: ByteReader, skipElement: (reader: ByteReader) => void): number {
  const count = reader.compactSize();
  for (let index = 0; index < count; index++) skipElement(reader);
  return count;
}

function skipVarBytes(reader: ByteReader): void {
  reader.skip(reader.compactSize());
}

function skipInput(reader: ByteReader): void {
  reader.skip(OUTPOINT_BYTES);
  skipVarBytes(reader);
  reader.skip(SEQUENCE_BYTES);
}

function skipOutput(reader: ByteReader): void {
  reader.skip(AMOUNT_BYTES);
  skipVarBytes(reader);
}

function skipWitnesses(reader: ByteReader, inputCount: number): void {
  const start = reader.offset;
  let itemCount = 0;
  for (let index = 0; index < inputCount; index++) itemCount += skipVector(reader, skipVarBytes);
  // Otherwise one transaction would have two serializations.
  if (itemCount === 0) throw new DecodeError('transaction marked as having witnesses has none', start);
}

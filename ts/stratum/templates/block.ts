// Hashes and bytes of blocks, for templates: merkle path, targets, heights, coinbase transactions.
//
// Hashes are in wire order, which is the reverse of what people read. Source: Bitcoin Core src/consensus/merkle.cpp,
// src/arith_uint256.cpp, src/primitives; BIP 34, BIP 141.

import { ByteReader, ByteWriter } from '../../util/bytes/bytes.ts';
import { DecodeError } from '../../util/errors/errors.ts';
import { sha256 } from '../noise/symmetric-state.ts';
import type { BlockTemplate, FoundBlock } from './template-source.ts';

export const HASH_BYTES = 32;

/** Length of a block header, in bytes. */
const BLOCK_HEADER_BYTES = 80;

/** Most inputs or outputs of a parsed coinbase transaction: a message has 65,535 bytes. */
const MAX_PARTS = 10_000;

export function doubleSha256(...parts: readonly Uint8Array[]): Uint8Array {
  return sha256(sha256(...parts));
}

/**
 * The path from the first leaf, which is unknown, to the merkle root.
 *
 * @param others - The leaves after the first, in order.
 */
export function merklePathOfFirst(others: readonly Uint8Array[]): Uint8Array[] {
  const path: Uint8Array[] = [];
  // The first node of each level is unknown; `level` holds the nodes to its right.
  let level = [...others];
  while (level.length > 0) {
    path.push(level[0]!);
    const rest = level.slice(1);
    if (rest.length % 2 === 1) rest.push(rest.at(-1)!);
    level = [];
    for (let at = 0; at < rest.length; at += 2) level.push(doubleSha256(rest[at]!, rest[at + 1]!));
  }
  return path;
}

/** The merkle root of a block whose first transaction has the given id. */
export function merkleRootOf(first: Uint8Array, path: readonly Uint8Array[]): Uint8Array {
  return path.reduce((node, sibling) => doubleSha256(node, sibling), first);
}

/** The merkle root over all leaves. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  return merkleRootOf(leaves[0]!, merklePathOfFirst(leaves.slice(1)));
}

/** The target of a compact form (`nBits`): 32 bytes, least significant first. */
export function targetOfBits(nBits: number): Uint8Array {
  const exponent = nBits >>> 24;
  const target = new Uint8Array(HASH_BYTES);
  for (let byte = 0; byte < 3; byte++) {
    const at = exponent - 3 + byte;
    if (at >= 0 && at < HASH_BYTES) target[at] = (nBits >>> (8 * byte)) & 0xff;
  }
  return target;
}

/** Whether a hash meets a target, both least significant byte first. */
export function meetsTarget(hash: Uint8Array, target: Uint8Array): boolean {
  for (let at = HASH_BYTES - 1; at >= 0; at--) {
    if (hash[at] !== target[at]) return hash[at]! < target[at]!;
  }
  return true;
}

const OP_0 = 0x00;
const OP_1 = 0x51;
/** Heights up to this have their own opcode. */
const MAX_SMALL_NUMBER = 16;

/** A height as the start of a coinbase script (BIP 34). */
export function heightScript(height: number): Uint8Array {
  if (height === 0) return Uint8Array.of(OP_0);
  if (height <= MAX_SMALL_NUMBER) return Uint8Array.of(OP_1 + height - 1);
  const bytes: number[] = [];
  for (let rest = height; rest > 0; rest = Math.floor(rest / 256)) bytes.push(rest % 256);
  // The top bit of the last byte is a sign.
  if (bytes.at(-1)! >= 0x80) bytes.push(0);
  return Uint8Array.of(bytes.length, ...bytes);
}

/** Serializes one transaction output. */
export function txOutput(valueSatoshi: bigint, script: Uint8Array): Uint8Array {
  return new ByteWriter().uint64LE(valueSatoshi).varBytes(script).finish();
}

/** Builds the coinbase transaction of a template, with witness. @param outputs - The client's own, serialized. */
export function coinbaseTransaction(
  { coinbase }: BlockTemplate,
  extraNonce: Uint8Array,
  outputs: readonly Uint8Array[],
): Uint8Array {
  const script = Buffer.concat([coinbase.prefix, extraNonce]);
  const writer = new ByteWriter().uint32LE(coinbase.txVersion);
  if (coinbase.witness.length > 0) writer.uint8(0).uint8(1);
  writer
    .compactSize(1)
    .bytes(new Uint8Array(HASH_BYTES))
    .uint32LE(0xffff_ffff)
    .varBytes(script)
    .uint32LE(coinbase.inputSequence)
    .compactSize(outputs.length + coinbase.outputCount);
  for (const output of outputs) writer.bytes(output);
  writer.bytes(coinbase.outputs);
  if (coinbase.witness.length > 0) writer.compactSize(1).varBytes(coinbase.witness);
  return writer.uint32LE(coinbase.lockTime).finish();
}

/**
 * The id of a transaction: the hash of its bytes without witness.
 *
 * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: not a transaction, or trailing bytes.
 */
export function transactionId(transaction: Uint8Array): Uint8Array {
  const hasWitness = transaction[4] === 0 && transaction[5] === 1;
  const reader = new ByteReader(transaction);
  const version = reader.bytes(4);
  if (hasWitness) reader.skip(2);
  const start = reader.offset;
  const inputCount = reader.compactSize(MAX_PARTS);
  for (let input = 0; input < inputCount; input++) {
    reader.skip(HASH_BYTES + 4);
    reader.varBytes();
    reader.skip(4);
  }
  const outputCount = reader.compactSize(MAX_PARTS);
  for (let output = 0; output < outputCount; output++) {
    reader.skip(8);
    reader.varBytes();
  }
  const end = reader.offset;
  for (let input = 0; hasWitness && input < inputCount; input++) {
    const itemCount = reader.compactSize(MAX_PARTS);
    for (let item = 0; item < itemCount; item++) reader.varBytes();
  }
  const lockTime = reader.bytes(4);
  if (reader.remaining > 0) throw new DecodeError('bytes behind a transaction', reader.offset);
  return doubleSha256(version, transaction.subarray(start, end), lockTime);
}

/** The header of a found block: 80 bytes. @throws {DecodeError} invalid coinbase transaction. */
export function headerOf(template: BlockTemplate, block: FoundBlock): Uint8Array {
  return new ByteWriter(BLOCK_HEADER_BYTES)
    .uint32LE(block.version)
    .bytes(template.prevHash)
    .bytes(merkleRootOf(transactionId(block.coinbaseTx), template.merklePath))
    .uint32LE(block.headerTimestamp)
    .uint32LE(template.nBits)
    .uint32LE(block.headerNonce)
    .finish();
}

/** A found block as `submitblock` takes it. @throws {DecodeError} invalid coinbase transaction. */
export function serializeBlock(template: BlockTemplate, block: FoundBlock): Uint8Array {
  const header = headerOf(template, block);
  const count = new ByteWriter(9).compactSize(1 + template.transactions.length).finish();
  return Buffer.concat([header, count, block.coinbaseTx, ...template.transactions]);
}

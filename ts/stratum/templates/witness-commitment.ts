// The output of a coinbase transaction that commits to all witnesses of a block (BIP 141).

import { HASH_BYTES, doubleSha256, merkleRoot, txOutput } from './block.ts';

/** OP_RETURN, a push of 36 bytes, and the marker of the commitment. */
const SCRIPT_START = Uint8Array.of(0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed);

/** The witness of a coinbase transaction's input. */
export const WITNESS_RESERVED_VALUE = new Uint8Array(HASH_BYTES);

/** @param witnessIds - Ids with witness of all transactions but the coinbase transaction, in block order. */
export function witnessCommitmentOutput(witnessIds: readonly Uint8Array[]): Uint8Array {
  // The coinbase transaction counts as 32 zero bytes.
  const root = merkleRoot([new Uint8Array(HASH_BYTES), ...witnessIds]);
  const commitment = doubleSha256(root, WITNESS_RESERVED_VALUE);
  return txOutput(0n, Buffer.concat([SCRIPT_START, commitment]));
}

// `block`, `tx`, `merkleblock`: the data itself.
//
// Transactions are not taken apart here (see `transaction.ts` for their ids), so blocks and transactions come and go as
// raw payloads.

import { readBlockHeader, writeBlockHeader } from './block-header.ts';
import type { BlockHeader } from './block-header.ts';
import { readHash, writeHash } from './codec.ts';
import type { Codec, Decoder } from './codec.ts';

/** A whole block: header, CompactSize count, transactions. */
export interface BlockMessage {
  readonly type: 'block';
  readonly header: BlockHeader;
  /** As announced; the transactions are not counted. */
  readonly transactionCount: number;
  /** The whole message, header included. This is what is sent. */
  readonly payload: Uint8Array;
}

/** One transaction. */
export interface TxMessage {
  readonly type: 'tx';
  readonly payload: Uint8Array;
}

/** A block reduced to what matches a bloom filter, with the proof that it is in the block. (BIP 37) */
export interface MerkleBlockMessage {
  readonly type: 'merkleblock';
  readonly header: BlockHeader;
  /** Transactions of the whole block: uint32 LE. */
  readonly transactionCount: number;
  /** Hashes of the partial tree, depth first. */
  readonly hashes: readonly Uint8Array[];
  /** One bit per node of the partial tree, least significant bit first. */
  readonly flags: Uint8Array;
}

export const blockDecoder: Decoder<BlockMessage> = {
  read(reader, payload) {
    const header = readBlockHeader(reader);
    return { type: 'block', header, transactionCount: reader.compactSize(), payload };
  },
};

export const txDecoder: Decoder<TxMessage> = { read: (_reader, payload) => ({ type: 'tx', payload }) };

export const merkleBlockCodec: Codec<MerkleBlockMessage> = {
  read: (reader) => ({
    type: 'merkleblock',
    header: readBlockHeader(reader),
    transactionCount: reader.uint32LE(),
    hashes: reader.vector(readHash),
    flags: reader.varBytes(),
  }),
  write(writer, { header, transactionCount, hashes, flags }) {
    writeBlockHeader(writer, header);
    writer.uint32LE(transactionCount).vector(hashes, writeHash).varBytes(flags);
  },
};

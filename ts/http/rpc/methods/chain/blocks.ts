// The one block of this node, the genesis block. (Bitcoin Core src/rpc/blockchain.cpp)

import type { ChainParams } from '../../../../p2p/chain-params.ts';
import { targetOf } from '../../../../p2p/check-headers.ts';
import { hashToHex } from '../../../../p2p/hash.ts';
import { BLOCK_HEADER_BYTES, writeBlockHeader } from '../../../../p2p/messages/block-header.ts';
import { ByteWriter } from '../../../../util/bytes/bytes.ts';
import type { RpcNode } from '../../node/rpc-node.ts';
import { RPC_CODES, RpcError } from '../../protocol/rpc-error.ts';
import { defineRpcMethod } from '../../table/rpc-method.ts';
import type { RpcMethod } from '../../table/rpc-method.ts';
import { parseHash } from './parse-hash.ts';
import { difficultyOf, hexOf, workOf } from './proof-of-work.ts';

const HASH = { type: 'string', description: 'The hash' } as const;

const EXAMPLE = '00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09';

const HEADER_FIELDS = {
  hash: { type: 'hex', description: 'Its hash' },
  confirmations: { type: 'integer', description: 'Blocks from it to the end of the chain' },
  height: { type: 'integer', description: 'Its height' },
  version: { type: 'integer', description: 'Its version' },
  versionHex: { type: 'hex', description: 'The same in hex' },
  merkleroot: { type: 'hex', description: 'The root over its transactions' },
  time: { type: 'time', description: 'Its time' },
  mediantime: { type: 'time', description: 'Median of the times of the last eleven' },
  nonce: { type: 'integer', description: 'The nonce' },
  bits: { type: 'hex', description: 'Its target, in short' },
  target: { type: 'hex', description: 'Its target' },
  difficulty: { type: 'number', description: 'Its difficulty' },
  chainwork: { type: 'hex', description: 'All work of the chain up to it' },
  nTx: { type: 'integer', description: 'Transactions' },
} as const;

/** The block methods of a node. */
export function blockMethods(node: RpcNode): RpcMethod[] {
  return [getBlock(node), getBlockHeader(node)];
}

function getBlock(node: RpcNode): RpcMethod {
  const tx = { type: 'array', items: { type: 'hex', description: 'The id of a transaction' } } as const;
  return defineRpcMethod({
    name: 'getblock',
    category: 'blockchain',
    description: 'A block by its hash. This node has only the genesis block, and of that no bytes.',
    arguments: { blockhash: HASH },
    result: { type: 'object', fields: { ...HEADER_FIELDS, tx } },
    examples: [[EXAMPLE]],
    call({ blockhash }) {
      const chain = chainOf(node, parseHash(blockhash, 'blockhash'));
      // The Merkle root over one transaction is that transaction's id.
      return { ...headerOf(chain), tx: [hashToHex(chain.genesisHeader.merkleRoot)] };
    },
  });
}

function getBlockHeader(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'getblockheader',
    category: 'blockchain',
    description: 'The header of a block by its hash. This node has only that of the genesis block.',
    arguments: {
      blockhash: HASH,
      verbose: { type: 'boolean', default: true, description: 'As an object; false: its 80 bytes as hex' },
    },
    result: { type: 'object', fields: HEADER_FIELDS },
    examples: [[EXAMPLE]],
    call({ blockhash, verbose }) {
      const chain = chainOf(node, parseHash(blockhash, 'hash'));
      if (verbose) return headerOf(chain);
      const writer = new ByteWriter(BLOCK_HEADER_BYTES);
      writeBlockHeader(writer, chain.genesisHeader);
      return Buffer.from(writer.finish()).toString('hex');
    },
  });
}

/** The chain whose genesis block a hash names. @throws {RpcError} −5: no block has it. */
function chainOf({ chain }: RpcNode, hash: string): ChainParams {
  if (hash === hashToHex(chain.genesisHash)) return chain;
  throw new RpcError(RPC_CODES.addressOrKey, 'Block not found');
}

function headerOf({ genesisHash, genesisHeader }: ChainParams) {
  const { bits, merkleRoot, nonce, timeSeconds, version } = genesisHeader;
  const target = targetOf(bits)!;
  return {
    hash: hashToHex(genesisHash),
    confirmations: 1,
    height: 0,
    version,
    versionHex: hexOf(version, 8),
    merkleroot: hashToHex(merkleRoot),
    time: timeSeconds,
    mediantime: timeSeconds,
    nonce,
    bits: hexOf(bits, 8),
    target: hexOf(target, 64),
    difficulty: difficultyOf(target),
    chainwork: hexOf(workOf(target), 64),
    nTx: 1,
  };
}

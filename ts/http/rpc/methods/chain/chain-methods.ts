// Answers about the chain from a node that knows only the genesis block. (Bitcoin Core src/rpc/blockchain.cpp)
//
// Clients, `bitcoin-cli -getinfo` above all, ask for it beside what they want to know of the network.

import { targetOf } from '../../../../p2p/check-headers.ts';
import { hashToHex } from '../../../../p2p/hash.ts';
import { jsonAmount } from '../../../json/json-writer.ts';
import type { RpcNode } from '../../node/rpc-node.ts';
import { RPC_CODES, RpcError } from '../../protocol/rpc-error.ts';
import { defineRpcMethod } from '../../table/rpc-method.ts';
import type { RpcMethod } from '../../table/rpc-method.ts';
import { blockWaitMethods } from './block-waits.ts';
import { blockMethods } from './blocks.ts';
import { difficultyOf, hexOf, workOf } from './proof-of-work.ts';

/** The script of the public signet. (Core, src/kernel/chainparams.cpp) */
const PUBLIC_SIGNET_CHALLENGE =
  '512103ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e086be430' +
  '210359ef5021964fe22d6f8e05b2463c9540ce96883fe3b278760f048f5189f2e6c452ae';

/** Satoshis per 1,000 virtual bytes. */
const MIN_FEE = 100n;

export function chainMethods(node: RpcNode): RpcMethod[] {
  return [
    getBlockchainInfo(node),
    getBlockCount(),
    getBestBlockHash(node),
    getBlockHash(node),
    ...blockMethods(node),
    ...blockWaitMethods(node),
    getChainTips(node),
    getMempoolInfo(),
    getRawMempool(),
    sync(),
  ];
}

function getBlockchainInfo(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'getblockchaininfo',
    category: 'blockchain',
    description: 'Tells about the chain. This node has none beyond the genesis block.',
    result: {
      type: 'object',
      fields: {
        chain: { type: 'string', description: 'main, test, testnet4, signet or regtest' },
        blocks: { type: 'integer', description: 'Height of the chain' },
        headers: { type: 'integer', description: 'Height of the headers' },
        bestblockhash: { type: 'hex', description: 'The last block' },
        bits: { type: 'hex', description: 'Its target, in short' },
        target: { type: 'hex', description: 'Its target' },
        difficulty: { type: 'number', description: 'Its difficulty' },
        time: { type: 'time', description: 'Its time' },
        mediantime: { type: 'time', description: 'Median of the times of the last eleven' },
        verificationprogress: { type: 'number', description: '0 to 1: 1, as there is nothing to verify' },
        initialblockdownload: { type: 'boolean', description: 'Whether blocks are missing' },
        chainwork: { type: 'hex', description: 'All work of the chain' },
        size_on_disk: { type: 'integer', description: 'Bytes of all blocks' },
        pruned: { type: 'boolean', description: 'Whether old blocks are removed' },
        signet_challenge: { type: 'hex', optional: true, description: 'The script of a signet' },
        warnings: { type: 'array', items: { type: 'string', description: 'What the user should look at' } },
      },
    },
    examples: [[]],
    call() {
      const { chain, signetChallenge = PUBLIC_SIGNET_CHALLENGE } = node;
      const { bits, timeSeconds } = chain.genesisHeader;
      const target = targetOf(bits)!;
      return {
        chain: chain.coreName,
        blocks: 0,
        headers: 0,
        bestblockhash: hashToHex(chain.genesisHash),
        bits: hexOf(bits, 8),
        target: hexOf(target, 64),
        difficulty: difficultyOf(target),
        time: timeSeconds,
        mediantime: timeSeconds,
        verificationprogress: 1,
        initialblockdownload: true,
        chainwork: hexOf(workOf(target), 64),
        size_on_disk: 0,
        pruned: false,
        ...(chain.name === 'signet' && { signet_challenge: signetChallenge }),
        warnings: [],
      };
    },
  });
}

function getBlockCount(): RpcMethod {
  return defineRpcMethod({
    name: 'getblockcount',
    category: 'blockchain',
    description: 'The height of the chain.',
    result: { type: 'integer', description: '0: the genesis block' },
    examples: [[]],
    call: () => 0,
  });
}

function getBestBlockHash(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'getbestblockhash',
    category: 'blockchain',
    description: 'The hash of the last block.',
    result: { type: 'hex', description: 'That of the genesis block' },
    examples: [[]],
    call: () => hashToHex(node.chain.genesisHash),
  });
}

function getBlockHash(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'getblockhash',
    category: 'blockchain',
    description: 'The hash of the block at a height.',
    arguments: { height: { type: 'integer', description: 'The height' } },
    result: { type: 'hex', description: 'The hash' },
    examples: [[0]],
    call({ height }) {
      if (height !== 0) throw new RpcError(RPC_CODES.invalidParameter, 'Block height out of range');
      return hashToHex(node.chain.genesisHash);
    },
  });
}

function getChainTips(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'getchaintips',
    category: 'blockchain',
    description: 'The ends of all chains that are known: the genesis block.',
    result: {
      type: 'array',
      items: {
        type: 'object',
        fields: {
          height: { type: 'integer', description: 'Height of the end' },
          hash: { type: 'hex', description: 'Its block' },
          branchlen: { type: 'integer', description: 'Blocks from the main chain to it' },
          status: { type: 'string', description: 'active: the main chain' },
        },
      },
    },
    examples: [[]],
    call: () => [{ height: 0, hash: hashToHex(node.chain.genesisHash), branchlen: 0, status: 'active' }],
  });
}

/** Clients wait until the pool is loaded. */
function getMempoolInfo(): RpcMethod {
  return defineRpcMethod({
    name: 'getmempoolinfo',
    category: 'blockchain',
    description: 'Tells about the memory pool, which is always empty here.',
    result: {
      type: 'object',
      fields: {
        loaded: { type: 'boolean', description: 'Whether it is read from the disk' },
        size: { type: 'integer', description: 'Transactions' },
        bytes: { type: 'integer', description: 'Their virtual bytes' },
        usage: { type: 'integer', description: 'Bytes of memory' },
        total_fee: { type: 'amount', description: 'Their fees, in BTC' },
        maxmempool: { type: 'integer', description: 'Most bytes of memory' },
        mempoolminfee: { type: 'amount', description: 'The lowest fee rate that is taken, in BTC/kvB' },
        minrelaytxfee: { type: 'amount', description: 'The lowest fee rate that is relayed, in BTC/kvB' },
      },
    },
    examples: [[]],
    call: () => ({
      loaded: true,
      size: 0,
      bytes: 0,
      usage: 0,
      total_fee: jsonAmount(0n),
      maxmempool: 0,
      mempoolminfee: jsonAmount(MIN_FEE),
      minrelaytxfee: jsonAmount(MIN_FEE),
    }),
  });
}

/** Core's tests wait until all nodes have the same pool. */
function getRawMempool(): RpcMethod {
  return defineRpcMethod({
    name: 'getrawmempool',
    category: 'blockchain',
    description: 'The transactions of the memory pool: none.',
    result: { type: 'array', items: { type: 'hex', description: 'A transaction' } },
    examples: [[]],
    call: () => [],
  });
}

/** Core's tests call it between steps. */
function sync(): RpcMethod {
  return defineRpcMethod({
    name: 'syncwithvalidationinterfacequeue',
    category: 'hidden',
    description: 'Waits for what blocks set off. There are none: it answers at once.',
    result: { type: 'null' },
    call: () => null,
  });
}

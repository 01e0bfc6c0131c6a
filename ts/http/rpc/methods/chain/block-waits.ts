// Waiting for blocks. This node never gets one, so that a wait ends when its time is over, its client leaves or the node stops.
// (Bitcoin Core src/rpc/blockchain.cpp)

import { systemClock } from '../../../../util/time/clock.ts';
import { hashToHex } from '../../../../p2p/hash.ts';
import type { RpcNode } from '../../node/rpc-node.ts';
import { RPC_CODES, RpcError } from '../../protocol/rpc-error.ts';
import { defineRpcMethod } from '../../table/rpc-method.ts';
import type { RpcCall, RpcMethod } from '../../table/rpc-method.ts';
import { parseHash } from './parse-hash.ts';

/** The argument that all three have. */
const TIMEOUT = { type: 'integer', default: 0, description: 'Milliseconds to wait; 0 is without end' } as const;

const TIP = {
  type: 'object',
  fields: {
    hash: { type: 'hex', description: 'The last block' },
    height: { type: 'integer', description: 'Its height' },
  },
} as const;

/** The waiting methods of a node. */
export function blockWaitMethods(node: RpcNode): RpcMethod[] {
  return [waitForNewBlock(node), waitForBlock(node), waitForBlockHeight(node)];
}

function waitForNewBlock(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'waitfornewblock',
    category: 'blockchain',
    description: 'Waits for another block. This node gets none: it answers when the time is over.',
    arguments: {
      timeout: TIMEOUT,
      current_tip: {
        type: 'string',
        optional: true,
        description: 'The hash of the block that the last one must differ from',
      },
    },
    result: TIP,
    examples: [[1_000]],
    call({ timeout, current_tip }, call) {
      const isThere = current_tip !== undefined && parseHash(current_tip, 'current_tip') !== tipOf(node).hash;
      return wait(node, call, timeout, isThere);
    },
  });
}

function waitForBlock(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'waitforblock',
    category: 'blockchain',
    description:
      'Waits for a block. This node has the genesis block alone: for another it answers when the time is over.',
    arguments: { blockhash: { type: 'string', description: 'Its hash' }, timeout: TIMEOUT },
    result: TIP,
    examples: [['0000000000079f8ef3d2c688c244eb7a4570b24c9ed7b4a8c619eb02596f8862', 1_000]],
    call: ({ blockhash, timeout }, call) =>
      wait(node, call, timeout, parseHash(blockhash, 'blockhash') === tipOf(node).hash),
  });
}

function waitForBlockHeight(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'waitforblockheight',
    category: 'blockchain',
    description:
      'Waits for a height of the chain. That of this node stays 0: above it, it answers when the time is over.',
    arguments: { height: { type: 'integer', description: 'The height' }, timeout: TIMEOUT },
    result: TIP,
    examples: [[100, 1_000]],
    call: ({ height, timeout }, call) => wait(node, call, timeout, height <= 0),
  });
}

function tipOf({ chain }: RpcNode): { hash: string; height: number } {
  return { hash: hashToHex(chain.genesisHash), height: 0 };
}

/** @param isThere - Whether the awaited block is there already. */
async function wait(
  node: RpcNode,
  { signal: leaving }: RpcCall,
  timeoutMs: number,
  isThere: boolean,
): Promise<{ hash: string; height: number }> {
  if (timeoutMs < 0) throw new RpcError(RPC_CODES.misc, 'Negative timeout');
  const { clock = systemClock, signal: stopping } = node;
  if (isThere) return tipOf(node);
  await new Promise<void>((resolve, reject) => {
    const timer = timeoutMs > 0 ? clock.after(timeoutMs, () => end(resolve)) : undefined;
    const onStop = (): void => end(() => reject(new RpcError(RPC_CODES.notConnected, 'Shutting down')));
    const onLeave = (): void => end(resolve);
    const end = (tell: () => void): void => {
      timer?.cancel();
      stopping?.removeEventListener('abort', onStop);
      leaving?.removeEventListener('abort', onLeave);
      tell();
    };
    if (stopping?.aborted === true) return onStop();
    if (leaving?.aborted === true) return onLeave();
    stopping?.addEventListener('abort', onStop);
    leaving?.addEventListener('abort', onLeave);
  });
  return tipOf(node);
}

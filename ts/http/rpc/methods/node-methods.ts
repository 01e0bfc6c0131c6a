// All methods of a node.

import type { RpcNode } from '../node/rpc-node.ts';
import type { RpcMethod } from '../table/rpc-method.ts';
import { chainMethods } from './chain/chain-methods.ts';
import { controlMethods } from './control/control-methods.ts';
import { hiddenMethods } from './hidden/hidden-methods.ts';
import { getAddedNodeInfo } from './network/added-nodes.ts';
import { addressMethods } from './network/addresses.ts';
import { banMethods } from './network/bans.ts';
import { connectionMethods } from './network/connections.ts';
import { networkInfoMethods } from './network/network-info.ts';
import { getPeerInfo } from './network/peer-info.ts';

/**
 * The methods of Bitcoin Core about the network and the node itself, over the parts of a node.
 *
 * @param node - Read when a method is called, so that a part may be added later.
 * @example
 * const rpc = new RpcServer({ auth, methods: nodeMethods({ chain: CHAIN_PARAMS.main, connman, peerManager }) });
 */
export function nodeMethods(node: RpcNode): RpcMethod[] {
  return [
    ...controlMethods(node),
    ...connectionMethods(node),
    getAddedNodeInfo(node),
    getPeerInfo(node),
    ...networkInfoMethods(node),
    ...banMethods(node),
    ...addressMethods(node),
    ...chainMethods(node),
    ...hiddenMethods(node),
  ];
}

// The list that `addnode` keeps. (Bitcoin Core src/rpc/net.cpp, getaddednodeinfo)

import { connmanOf } from '../../node/rpc-node.ts';
import type { RpcNode } from '../../node/rpc-node.ts';
import { RPC_CODES, RpcError } from '../../protocol/rpc-error.ts';
import { defineRpcMethod } from '../../table/rpc-method.ts';
import type { RpcMethod } from '../../table/rpc-method.ts';

export function getAddedNodeInfo(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'getaddednodeinfo',
    category: 'network',
    description:
      'Tells of the nodes that were added with addnode, or of one; those that were tried once are not among them.',
    arguments: {
      node: { type: 'string', defaultHint: 'all nodes', description: 'The text that was given to addnode' },
    },
    result: {
      type: 'array',
      items: {
        type: 'object',
        fields: {
          addednode: { type: 'string', description: 'The node, as it was given to addnode' },
          connected: { type: 'boolean', description: 'Whether there is a connection' },
          addresses: {
            type: 'array',
            description: 'Empty without a connection',
            items: {
              type: 'object',
              fields: {
                address: { type: 'string', description: 'Address and port of the peer' },
                connected: { type: 'string', description: '"inbound" or "outbound"' },
              },
            },
          },
        },
      },
    },
    examples: [['192.168.0.201']],
    call({ node: name }) {
      const infos = connmanOf(node).getAddedNodeInfo();
      const chosen = name === undefined ? infos : infos.filter((info) => info.node === name);
      if (name !== undefined && chosen.length === 0) {
        throw new RpcError(RPC_CODES.notAdded, 'Error: Node has not been added.');
      }
      return chosen.map(({ node: addednode, peer }) => ({
        addednode,
        connected: peer !== undefined,
        addresses:
          peer === undefined
            ? []
            : [{ address: String(peer.addr), connected: peer.isInbound ? 'inbound' : 'outbound' }],
      }));
    },
  });
}

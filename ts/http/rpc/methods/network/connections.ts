// Methods that ask for connections and pings. (Bitcoin Core src/rpc/net.cpp)

import { connmanOf, peerManagerOf } from '../../node/rpc-node.ts';
import type { RpcNode } from '../../node/rpc-node.ts';
import { defineRpcMethod } from '../../table/rpc-method.ts';
import type { RpcMethod } from '../../table/rpc-method.ts';

export function connectionMethods(node: RpcNode): RpcMethod[] {
  return [getConnectionCount(node), ping(node)];
}

function getConnectionCount(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'getconnectioncount',
    category: 'network',
    description: 'The number of connections to other nodes.',
    result: { type: 'integer', description: 'Connections, those in their handshake included' },
    examples: [[]],
    call: () => connmanOf(node).getNodeCount(),
  });
}

function ping(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'ping',
    category: 'network',
    description:
      'Sends every peer a ping. The answers show in getpeerinfo, as pingtime and pingwait, in seconds.\n' +
      'A ping waits for its turn among the other messages: it measures work as well as the way.',
    result: { type: 'null' },
    examples: [[]],
    call() {
      peerManagerOf(node).sendPings();
      return null;
    },
  });
}

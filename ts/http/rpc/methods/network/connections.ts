// Methods that make, end and count connections. (Bitcoin Core src/rpc/net.cpp)

import { Services } from '../../../../p2p/protocol.ts';
import type { Connman } from '../../../../connman/connman.ts';
import { connmanOf, peerManagerOf } from '../../node/rpc-node.ts';
import type { RpcNode } from '../../node/rpc-node.ts';
import { RPC_CODES, RpcError, RpcUsageError } from '../../protocol/rpc-error.ts';
import { defineRpcMethod } from '../../table/rpc-method.ts';
import type { RpcMethod } from '../../table/rpc-method.ts';

const SAMPLE_PEER = '192.168.0.6:8333';

export function connectionMethods(node: RpcNode): RpcMethod[] {
  return [getConnectionCount(node), ping(node), addNode(node), disconnectNode(node), setNetworkActive(node)];
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

function addNode(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'addnode',
    category: 'network',
    description:
      'Keeps a connection to a node from now on, no longer, or tries one once.\n' +
      'At most eight such connections are kept, beside the limit of -maxconnections. Their peers are not hung up on for bad behaviour.',
    arguments: {
      node: { type: 'string', description: 'Address or name of the node, with or without a port' },
      command: {
        type: 'string',
        description: "'add' puts the node on the list, 'remove' takes it off, 'onetry' tries a connection once",
      },
      v2transport: {
        type: 'boolean',
        defaultHint: 'set by -v2transport',
        description: "Dial with BIP 324 encryption; of no meaning for 'remove'",
      },
    },
    result: { type: 'null' },
    examples: [[SAMPLE_PEER, 'onetry', true]],
    async call({ node: target, command, v2transport }) {
      if (!['add', 'remove', 'onetry'].includes(command)) throw new RpcUsageError();
      const connman = connmanOf(node);
      if (target.trim() === '') throw invalid('Error: Node address cannot be empty');
      const usesV2 = v2transport ?? offersV2(connman);
      if (usesV2 && !offersV2(connman))
        throw invalid('Error: v2transport requested but not enabled (see -v2transport)');
      if (command === 'onetry') await connman.connectTo(target, usesV2);
      else if (command === 'add') add(connman, target, usesV2);
      else remove(connman, target);
      return null;
    },
  });
}

function add(connman: Connman, target: string, usesV2: boolean): void {
  if (!connman.addNode(target, usesV2)) throw new RpcError(RPC_CODES.alreadyAdded, 'Error: Node already added');
}

function remove(connman: Connman, target: string): void {
  if (connman.removeAddedNode(target)) return;
  const message = 'Error: Node could not be removed. It has not been added previously.';
  throw new RpcError(RPC_CODES.notAdded, message);
}

function disconnectNode(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'disconnectnode',
    category: 'network',
    description:
      'Ends the connection to a peer, named by its address or by its id, not both.\n' +
      'For an id either give an empty address, or name the argument.',
    arguments: {
      address: {
        type: 'string',
        defaultHint: 'fallback to nodeid',
        description: 'As getpeerinfo has it, with the port',
      },
      nodeid: {
        type: 'integer',
        defaultHint: 'fallback to address',
        min: Number.MIN_SAFE_INTEGER,
        max: Number.MAX_SAFE_INTEGER,
        description: 'As getpeerinfo has it',
      },
    },
    result: { type: 'null' },
    examples: [[SAMPLE_PEER], ['', 1]],
    call({ address, nodeid }) {
      const connman = connmanOf(node);
      // Exactly one of the two: beside an id, an empty address counts as absent.
      if (nodeid === undefined ? address === undefined : (address ?? '') !== '') {
        throw new RpcError(RPC_CODES.invalidParams, 'Only one of address and nodeid should be provided.');
      }
      const id = nodeid ?? [...connman.nodes()].find(({ addrName }) => addrName === address)?.id;
      if (id === undefined || !connman.disconnectNode(id)) {
        throw new RpcError(RPC_CODES.nodeNotConnected, 'Node not found in connected nodes');
      }
      return null;
    },
  });
}

function setNetworkActive(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'setnetworkactive',
    category: 'network',
    description: 'Switches all connections off, or lets them come again.',
    arguments: { state: { type: 'boolean', description: 'Whether there are to be connections' } },
    result: { type: 'boolean', description: 'The state from now on' },
    call({ state }) {
      const connman = connmanOf(node);
      connman.setNetworkActive(state);
      return connman.isNetworkActive;
    },
  });
}

/** Whether encryption is on. */
export function offersV2(connman: Connman): boolean {
  return (connman.localServices & Services.P2P_V2) !== 0n;
}

function invalid(message: string): RpcError {
  return new RpcError(RPC_CODES.invalidParameter, message);
}

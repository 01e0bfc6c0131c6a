// The address book. (Bitcoin Core src/rpc/net.cpp, getnodeaddresses, getaddrmaninfo)

import { parseNetworkName } from '../../../../netaddr/networks/network.ts';
import type { NetworkClass } from '../../../../netaddr/networks/network.ts';
import { addressBookOf, connmanOf } from '../../node/rpc-node.ts';
import type { RpcNode } from '../../node/rpc-node.ts';
import { RPC_CODES, RpcError } from '../../protocol/rpc-error.ts';
import { defineRpcMethod } from '../../table/rpc-method.ts';
import type { RpcMethod } from '../../table/rpc-method.ts';
import { NETWORKS, NETWORK_NAMES } from './names.ts';

export function addressMethods(node: RpcNode): RpcMethod[] {
  return [getNodeAddresses(node), getAddrManInfo(node), exportAsMap()];
}

function getNodeAddresses(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'getnodeaddresses',
    category: 'network',
    description:
      'Gives addresses of nodes out of the address book, in random order: those that look good and were seen lately.',
    arguments: {
      count: { type: 'integer', default: 1, description: 'Most addresses; 0 for all' },
      network: { type: 'string', defaultHint: 'all networks', description: `Only those of one network: ${NETWORKS}` },
    },
    result: {
      type: 'array',
      items: {
        type: 'object',
        fields: {
          time: { type: 'time', description: 'When the node was last seen' },
          services: { type: 'integer', description: 'What it offers' },
          address: { type: 'string', description: 'Its address' },
          port: { type: 'integer', description: 'Its port' },
          network: { type: 'string', description: `The network (${NETWORKS}) of the address` },
        },
      },
    },
    examples: [[8], [4, 'i2p'], { network: 'onion', count: 12 }],
    call({ count, network }) {
      const connman = connmanOf(node);
      if (count < 0) throw invalid('Address count out of range');
      const only = network === undefined ? undefined : networkOf(network);
      return connman.getNodeAddresses(count, only).map(({ service, services, timeSeconds }) => ({
        time: timeSeconds,
        services,
        address: String(service.address),
        port: service.port,
        network: service.address.getNetClass(),
      }));
    },
  });
}

function networkOf(text: string): NetworkClass {
  const network = parseNetworkName(text);
  if (network === undefined) throw invalid(`Network not recognized: ${text}`);
  return network;
}

function getAddrManInfo(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'getaddrmaninfo',
    category: 'network',
    description:
      'Counts the addresses of the address book: new ones, which we were told of, and tried ones, which we were connected to.',
    result: {
      type: 'map',
      key: 'network',
      values: {
        type: 'object',
        description: `For each network (${NETWORKS}) and all_networks`,
        fields: {
          new: { type: 'integer', description: 'Addresses that we were told of' },
          tried: { type: 'integer', description: 'Addresses that we were connected to' },
          total: { type: 'integer', description: 'Both together' },
        },
      },
    },
    examples: [[]],
    call() {
      const book = addressBookOf(node);
      const counts = (network?: NetworkClass) => ({
        new: book.size(network, true),
        tried: book.size(network, false),
        total: book.size(network),
      });
      const byNetwork = NETWORK_NAMES.map((network) => [network, counts(network)] as const);
      return { ...Object.fromEntries(byNetwork), all_networks: counts() };
    },
  });
}

function exportAsMap(): RpcMethod {
  return defineRpcMethod({
    name: 'exportasmap',
    category: 'network',
    description: 'Would write the map of autonomous systems that is built in to a file. None is built in here.',
    arguments: { path: { type: 'string', description: 'The file' } },
    result: { type: 'null' },
    call() {
      throw new RpcError(RPC_CODES.misc, 'No embedded ASMap data available');
    },
  });
}

function invalid(message: string): RpcError {
  return new RpcError(RPC_CODES.invalidParameter, message);
}

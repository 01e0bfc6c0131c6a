// Traffic, and the network as a whole. (Bitcoin Core src/rpc/net.cpp, getnettotals, getnetworkinfo)

import { jsonAmount } from '../../../json/json-writer.ts';
import { connmanOf } from '../../node/rpc-node.ts';
import type { RpcNode } from '../../node/rpc-node.ts';
import { defineRpcMethod } from '../../table/rpc-method.ts';
import type { RpcMethod } from '../../table/rpc-method.ts';
import { NETWORKS, satoshisOf } from './names.ts';

/** The version of Bitcoin Core that these answers imitate: 31.99. Clients compare it. */
const CORE_VERSION = 319_900;

/** Satoshis per 1,000 virtual bytes. (Core, DEFAULT_INCREMENTAL_RELAY_FEE) */
const INCREMENTAL_FEE = 100n;

export function networkInfoMethods(node: RpcNode): RpcMethod[] {
  return [getNetTotals(node), getNetworkInfo(node)];
}

function getNetTotals(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'getnettotals',
    category: 'network',
    description: 'Tells how much was received and sent since the start, and how much may still be.',
    result: {
      type: 'object',
      fields: {
        totalbytesrecv: { type: 'integer', description: 'All bytes received' },
        totalbytessent: { type: 'integer', description: 'All bytes sent' },
        timemillis: { type: 'time', description: 'Now, in milliseconds since 1970' },
        uploadtarget: {
          type: 'object',
          fields: {
            timeframe: { type: 'integer', description: 'How long a cycle is, in seconds' },
            target: { type: 'integer', description: 'Most bytes to send in a cycle; 0 for no limit' },
            target_reached: { type: 'boolean', description: 'Whether they are sent' },
            serve_historical_blocks: { type: 'boolean', description: 'Whether old blocks are still sent' },
            bytes_left_in_cycle: { type: 'integer', description: 'Bytes that are left' },
            time_left_in_cycle: { type: 'integer', description: 'Seconds that are left' },
          },
        },
      },
    },
    examples: [[]],
    call: () => ({ ...connmanOf(node).getNetTotals() }),
  });
}

function getNetworkInfo(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'getnetworkinfo',
    category: 'network',
    description:
      'Tells about this node in the network: versions, services, connections, ways to each network, own addresses.',
    result: {
      type: 'object',
      fields: {
        version: { type: 'integer', description: 'The version of Bitcoin Core whose answers these are' },
        subversion: { type: 'string', description: 'Our user agent' },
        protocolversion: { type: 'integer', description: 'Our protocol version' },
        localservices: { type: 'hex', description: 'What we offer' },
        localservicesnames: {
          type: 'array',
          description: 'The same in words',
          items: { type: 'string', description: 'A service' },
        },
        localrelay: { type: 'boolean', description: 'Whether peers may send transactions' },
        timeoffset: {
          type: 'integer',
          description: 'Median of the clocks of peers that we dialed, less ours, in seconds',
        },
        networkactive: { type: 'boolean', description: 'Whether there are to be connections at all' },
        connections: { type: 'integer', description: 'All connections' },
        connections_in: { type: 'integer', description: 'Those that came in' },
        connections_out: { type: 'integer', description: 'Those that we dialed' },
        networks: {
          type: 'array',
          items: {
            type: 'object',
            fields: {
              name: { type: 'string', description: `The network (${NETWORKS})` },
              limited: { type: 'boolean', description: 'Whether it is left out of automatic connections' },
              reachable: { type: 'boolean', description: 'The contrary' },
              proxy: { type: 'string', description: 'The proxy to it; empty for none' },
              proxy_randomize_credentials: {
                type: 'boolean',
                description: 'Whether each connection has credentials of its own',
              },
            },
          },
        },
        relayfee: { type: 'amount', description: 'The lowest fee rate that we relay, in BTC/kvB' },
        incrementalfee: { type: 'amount', description: 'The step in which the fee rate rises, in BTC/kvB' },
        localaddresses: {
          type: 'array',
          items: {
            type: 'object',
            fields: {
              address: { type: 'string', description: 'An address of ours' },
              port: { type: 'integer', description: 'Its port' },
              score: { type: 'integer', description: 'How sure we are of it' },
            },
          },
        },
        warnings: {
          type: 'array',
          items: { type: 'string', description: 'What the user should look at' },
        },
      },
    },
    examples: [[]],
    call() {
      const { relayfee, localaddresses, warnings, ...info } = connmanOf(node).getNetworkInfo();
      return {
        version: CORE_VERSION,
        ...info,
        relayfee: jsonAmount(satoshisOf(relayfee)),
        incrementalfee: jsonAmount(INCREMENTAL_FEE),
        localaddresses,
        warnings,
      };
    },
  });
}

// Details of each peer. (Bitcoin Core src/rpc/net.cpp, getpeerinfo)

import { CONNECTION_TYPES } from '../../../../connman/node/connection-types.ts';
import { PERMISSION_FLAGS } from '../../../../connman/node/permission-flags.ts';
import { jsonAmount } from '../../../json/json-writer.ts';
import { connmanOf, peerManagerOf } from '../../node/rpc-node.ts';
import type { RpcNode } from '../../node/rpc-node.ts';
import type { RpcResult } from '../../table/documents.ts';
import { defineRpcMethod } from '../../table/rpc-method.ts';
import type { RpcMethod } from '../../table/rpc-method.ts';
import { NETWORKS_AND_LOCAL, satoshisOf } from './names.ts';

const bytesByType: RpcResult = { type: 'integer', description: 'Bytes; types that are not listed have none' };

const FIELDS: Readonly<Record<string, RpcResult>> = {
  id: { type: 'integer', description: 'Number of the peer' },
  addr: { type: 'string', description: 'Address and port, or the name that was dialed' },
  addrbind: { type: 'string', optional: true, description: 'Our end of the connection' },
  addrlocal: { type: 'string', optional: true, description: 'Our address, as the peer reports it' },
  network: { type: 'string', description: `The network (${NETWORKS_AND_LOCAL})` },
  mapped_as: {
    type: 'integer',
    optional: true,
    description: 'The autonomous system of the peer, where there is a map',
  },
  services: { type: 'hex', description: 'What the peer offers' },
  servicesnames: {
    type: 'array',
    description: 'The same in words',
    items: { type: 'string', description: 'A service' },
  },
  relaytxes: { type: 'boolean', description: 'Whether transactions are announced to the peer' },
  last_inv_sequence: { type: 'integer', description: 'Sequence number of the memory pool at our last inv' },
  inv_to_send: { type: 'integer', description: 'Transactions that wait to be announced' },
  lastsend: { type: 'time', description: 'When something was last sent' },
  lastrecv: { type: 'time', description: 'When something last came' },
  last_transaction: { type: 'time', description: 'When the peer last gave us a transaction that was news' },
  last_block: { type: 'time', description: 'When the peer last gave us a block that was news' },
  bytessent: { type: 'integer', description: 'All bytes sent' },
  bytesrecv: { type: 'integer', description: 'All bytes received' },
  conntime: { type: 'time', description: 'When the connection was made' },
  timeoffset: { type: 'integer', description: "The peer's clock less ours, in seconds" },
  pingtime: { type: 'number', optional: true, description: 'The last round trip, in seconds' },
  minping: { type: 'number', optional: true, description: 'The shortest round trip, in seconds' },
  pingwait: { type: 'number', optional: true, description: 'How long an answer has been waited for, in seconds' },
  version: { type: 'integer', description: 'Protocol version of the peer' },
  subver: { type: 'string', description: 'User agent of the peer' },
  inbound: { type: 'boolean', description: 'Whether the peer dialed us' },
  bip152_hb_to: { type: 'boolean', description: 'Whether we chose the peer to announce blocks at once' },
  bip152_hb_from: { type: 'boolean', description: 'Whether the peer chose us to' },
  presynced_headers: {
    type: 'integer',
    description: 'Height of headers looked at before they are stored; -1 for none',
  },
  synced_headers: { type: 'integer', description: 'The last header that both have; -1 for none' },
  synced_blocks: { type: 'integer', description: 'The last block that both have; -1 for none' },
  inflight: {
    type: 'array',
    description: 'Blocks that were asked of the peer',
    items: { type: 'integer', description: 'A height' },
  },
  addr_relay_enabled: { type: 'boolean', description: 'Whether addresses are gossiped with the peer' },
  addr_processed: { type: 'integer', description: 'Addresses that were taken from the peer' },
  addr_rate_limited: { type: 'integer', description: 'Addresses that were dropped because there were too many' },
  permissions: {
    type: 'array',
    description: 'What the peer may beyond others',
    items: { type: 'string', description: `One of ${Object.keys(PERMISSION_FLAGS).join(', ')}` },
  },
  minfeefilter: { type: 'amount', description: 'The lowest fee rate the peer wants to hear of, in BTC/kvB' },
  bytessent_per_msg: { type: 'map', key: 'type', values: bytesByType, description: 'Bytes sent, by type of message' },
  bytesrecv_per_msg: {
    type: 'map',
    key: 'type',
    values: bytesByType,
    description: "Bytes received, by type of message; unknown types together under '*other*'",
  },
  connection_type: { type: 'string', description: `One of ${CONNECTION_TYPES.join(', ')}` },
  transport_protocol_type: { type: 'string', description: 'detecting, v1, or v2 (BIP 324)' },
  session_id: { type: 'string', description: 'The session of a v2 connection; empty without one' },
};

export function getPeerInfo(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'getpeerinfo',
    category: 'network',
    description: 'Tells what is known of each peer, in the order in which they came.',
    result: { type: 'array', items: { type: 'object', fields: FIELDS } },
    examples: [[]],
    call() {
      peerManagerOf(node);
      return connmanOf(node)
        .getPeerStats()
        .map((stats) => ({ ...stats, minfeefilter: jsonAmount(satoshisOf(stats.minfeefilter)) }));
    },
  });
}

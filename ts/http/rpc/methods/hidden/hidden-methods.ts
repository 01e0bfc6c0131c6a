// Methods for tests, which are left out of the list of methods. (Bitcoin Core src/rpc/net.cpp, src/rpc/node.cpp)

import { NetAddress } from '../../../../netaddr/net-address.ts';
import { Service } from '../../../../netaddr/service.ts';
import { Services } from '../../../../p2p/protocol.ts';
import { MESSAGE_TYPE_BYTES } from '../../../../p2p/transport/transport.ts';
import { systemClock } from '../../../../util/time/clock.ts';
import type { AddableType } from '../../../../connman/outbound/outbound.ts';
import { addressBookOf, connmanOf, peerManagerOf } from '../../node/rpc-node.ts';
import type { RpcNode } from '../../node/rpc-node.ts';
import { RPC_CODES, RpcError, RpcUsageError } from '../../protocol/rpc-error.ts';
import { defineRpcMethod } from '../../table/rpc-method.ts';
import type { RpcMethod } from '../../table/rpc-method.ts';
import { offersV2 } from '../network/connections.ts';
import { getRawAddrMan } from './raw-addr-man.ts';
import { mockScheduler, setMockTime } from './mock-time.ts';

const ADDABLE_TYPES: readonly string[] = [
  'outbound-full-relay',
  'block-relay-only',
  'addr-fetch',
  'feeler',
] satisfies AddableType[];

const HEX = /^(?:[0-9a-fA-F]{2})*$/;

export function hiddenMethods(node: RpcNode): RpcMethod[] {
  return [
    addConnection(node),
    addPeerAddress(node),
    getRawAddrMan(node),
    sendMsgToPeer(node),
    setMockTime(node),
    mockScheduler(node),
  ];
}

function addConnection(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'addconnection',
    category: 'hidden',
    description: 'Dials a node as one of the automatic types. For tests, on regtest.',
    arguments: {
      address: { type: 'string', description: 'Address and port to dial' },
      connection_type: { type: 'string', description: `One of ${ADDABLE_TYPES.join(', ')}` },
      v2transport: { type: 'boolean', description: 'Dial with BIP 324 encryption' },
    },
    result: {
      type: 'object',
      fields: {
        address: { type: 'string', description: 'The address' },
        connection_type: { type: 'string', description: 'The type' },
      },
    },
    examples: [['192.168.0.6:8333', 'outbound-full-relay', true]],
    async call({ address, connection_type, v2transport }) {
      if (node.chain.name !== 'regtest') {
        throw new RpcError(RPC_CODES.misc, 'addconnection is for regression testing (-regtest mode) only.');
      }
      const type = connection_type.trim();
      if (!isAddable(type)) throw new RpcUsageError(RPC_CODES.invalidParameter);
      const connman = connmanOf(node);
      if (v2transport && !offersV2(connman)) {
        const message = 'Error: Adding v2transport connections requires -v2transport init flag to be set.';
        throw new RpcError(RPC_CODES.invalidParameter, message);
      }
      if ((await connman.addConnection(address, type, v2transport)) === 'full') {
        const message = 'Error: Already at capacity for specified connection type.';
        throw new RpcError(RPC_CODES.capacityReached, message);
      }
      return { address, connection_type: type };
    },
  });
}

function isAddable(type: string): type is AddableType {
  return ADDABLE_TYPES.includes(type);
}

function addPeerAddress(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'addpeeraddress',
    category: 'hidden',
    description: 'Puts an address into the address book, as if its owner had told us. For tests.',
    arguments: {
      address: { type: 'string', description: 'The address' },
      port: { type: 'integer', min: 0, max: 65_535, description: 'Its port' },
      tried: { type: 'boolean', default: false, description: 'Move it to the tried table' },
    },
    result: {
      type: 'object',
      fields: {
        success: { type: 'boolean', description: 'Whether it is where it was to be' },
        error: { type: 'string', optional: true, description: 'Where it could not be put' },
      },
    },
    examples: [['1.2.3.4', 8_333, true]],
    call({ address: text, port, tried }) {
      const book = addressBookOf(node);
      const parsed = NetAddress.tryParse(text);
      if (parsed === undefined) throw new RpcError(RPC_CODES.invalidIpOrSubnet, 'Invalid IP address');
      const address = node.cjdnsReachable === true ? parsed.toCJDNSIfInRange() : parsed;
      const service = new Service(address, port);
      const { clock = systemClock } = node;
      const timeSeconds = Math.floor(clock.wallTimeMs() / 1_000);
      const services = Services.NETWORK | Services.WITNESS;
      if (!book.add([{ service, services, timeSeconds }], address)) {
        return { error: 'failed-adding-to-new', success: false };
      }
      return tried && !book.good(service) ? { error: 'failed-adding-to-tried', success: false } : { success: true };
    },
  });
}

function sendMsgToPeer(node: RpcNode): RpcMethod {
  return defineRpcMethod({
    name: 'sendmsgtopeer',
    category: 'hidden',
    description: 'Sends a peer a message of any type and content; its header is made here. For tests.',
    arguments: {
      peer_id: {
        type: 'integer',
        min: Number.MIN_SAFE_INTEGER,
        max: Number.MAX_SAFE_INTEGER,
        description: 'The peer, as getpeerinfo numbers it',
      },
      msg_type: { type: 'string', description: `The type, at most ${MESSAGE_TYPE_BYTES} characters` },
      msg: { type: 'string', description: 'The payload in hex, without header' },
    },
    result: { type: 'object', fields: {} },
    examples: [[0, 'addr', 'ffffff']],
    call({ peer_id, msg_type, msg }) {
      if (Buffer.byteLength(msg_type) > MESSAGE_TYPE_BYTES) {
        throw invalid(`Error: msg_type too long, max length is ${MESSAGE_TYPE_BYTES}`);
      }
      if (!HEX.test(msg)) throw invalid('Error parsing input for msg');
      if (!peerManagerOf(node).sendRaw(peer_id, msg_type, Buffer.from(msg, 'hex'))) {
        throw new RpcError(RPC_CODES.misc, 'Error: Could not send message to peer');
      }
      return {};
    },
  });
}

function invalid(message: string): RpcError {
  return new RpcError(RPC_CODES.invalidParameter, message);
}

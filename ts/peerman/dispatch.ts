// From the payload of one message to the function that acts on it: which messages are accepted in which phase of a
// connection, what happens when one is malformed, and who gets it. (Bitcoin Core src/net_processing.cpp, ProcessMessage)

import type { MessageType } from '../p2p/messages/message-types.ts';
import { AddressEntries } from '../p2p/messages/addresses.ts';
import { InventoryEntries } from '../p2p/messages/inventory.ts';
import { decodeMessage } from '../p2p/messages/registry.ts';
import type { Message } from '../p2p/messages/registry.ts';
import { readVersionHead } from '../p2p/messages/version.ts';
import type { ReceivedMessage } from '../p2p/transport/transport.ts';
import { ByteReader } from '../util/bytes/bytes.ts';
import { DecodeError } from '../util/errors/errors.ts';
import { answerGetAddr } from './addresses/address-gossip.ts';
import { takeAddresses } from './addresses/address-intake.ts';
import {
  isBloomAllowed,
  takeFilterAdd,
  takeFilterClear,
  takeFilterLoad,
  takeMempool,
} from './transactions/light-clients.ts';
import { takeChainMessage, takeHeaders } from './chain/chain-messages.ts';
import type { PeerContext } from './state/peer-context.ts';
import type { PeerMessage } from './contract/events.ts';
import * as negotiation from './conversation/negotiation.ts';
import { takeGetData } from './transactions/get-data.ts';
import { acceptVersionHead, takeVerack, takeVersion } from './conversation/handshake.ts';
import { takeInv, takeNotFound, takeTx } from './transactions/inventory.ts';
import type { Transactions } from './transactions/transactions.ts';
import type { PeerState } from './state/peer-state.ts';
import { answerPing, takePong } from './conversation/ping.ts';

/** Types accepted between `version` and `verack`. Any other is dropped without a penalty. */
const NEGOTIATION_TYPES: ReadonlySet<string> = new Set<MessageType>([
  'verack',
  'sendheaders',
  'sendcmpct',
  'wtxidrelay',
  'sendaddrv2',
  'feature',
  'sendtxrcncl',
]);

/** Types accepted on a private-broadcast connection after `verack`. Those that we send: `SENT_PRIVATELY` of connman. */
const HEARD_PRIVATELY: ReadonlySet<string> = new Set<MessageType>(['pong', 'getdata']);

/**
 * Acts on one message.
 *
 * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: the payload does not have the form of its type. Nothing has happened, except
 * for the effects of the first part of a `version`.
 */
export function dispatch(
  context: PeerContext,
  transactions: Transactions,
  peer: PeerState,
  received: ReceivedMessage,
): void {
  const { type, payload } = received;
  if (
    !isWanted(context, peer, type) ||
    !negotiation.isNegotiationTimely(context, peer, type) ||
    !isBloomAllowed(peer, type)
  )
    return;
  if (type === 'version' && !acceptVersionHead(context, peer, readVersionHead(new ByteReader(payload)))) return;
  if (!peer.node.isPrivateBroadcast && !context.hears(type)) {
    // Without listeners, the entries are not made into thousands of objects.
    if (type === 'inv') return takeInv(context, transactions, peer, new InventoryEntries(payload));
    if (type === 'getdata') return takeGetData(context, peer, new InventoryEntries(payload));
    if (type === 'addr' || type === 'addrv2') {
      return takeAddresses(context, peer, type, new AddressEntries(type, payload));
    }
    if (type === 'headers') return takeHeaders(context, peer, payload);
  }
  const message = decode(peer, type, payload);
  if (message === undefined) return;
  announce(context, peer, message, received);
  if (peer.node.isPrivateBroadcast) actPrivately(context, transactions, peer, message, received);
  else act(context, transactions, peer, message, received);
}

function isWanted(context: PeerContext, peer: PeerState, type: string): boolean {
  const problem = untimely(peer, type);
  if (problem === undefined) return true;
  context.logger.debug(`${problem} peer=${peer.node.id}`);
  return false;
}

/** Why a message is not accepted now, in Bitcoin Core's words; undefined if it is. */
function untimely({ node, isVersioned }: PeerState, type: string): string | undefined {
  if (!isVersioned) {
    if (type === 'version') return undefined;
    return `non-version message before version handshake. Message ${quoted(type)} from`;
  }
  if (type === 'version') return 'redundant version message from';
  if (!node.isSuccessfullyConnected) {
    return NEGOTIATION_TYPES.has(type) ? undefined : `Unsupported message ${quoted(type)} prior to verack from`;
  }
  if (!node.isPrivateBroadcast || HEARD_PRIVATELY.has(type)) return undefined;
  return `ignoring ${quoted(type)} message from private-broadcast`;
}

/** A type from a peer, without characters that a log must not have. */
function quoted(type: string): string {
  return `"${type.replace(/[^\x20-\x7e]/g, '.')}"`;
}

/** Decodes a payload; undefined for one that ends the connection. */
function decode({ node }: PeerState, type: string, payload: Uint8Array): Message | undefined {
  try {
    return decodeMessage(type, payload);
  } catch (error) {
    if (type !== 'feature' || !(error instanceof DecodeError)) throw error;
    node.disconnect('malformed feature');
    return undefined;
  }
}

function announce(context: PeerContext, { node }: PeerState, message: Message, received: ReceivedMessage): void {
  const { events } = context;
  const name = `message:${message.type}` as const;
  if (!events.has(name) && !events.has('message')) return;
  const { payload, timeMs } = received;
  context.isMessageShown = true;
  const event: PeerMessage = { nodeId: node.id, node, message, payload, receivedMs: timeMs };
  events.emit('message', event);
  // Message and name come from one type, which the type checker cannot follow through a union.
  events.emit(name, event as PeerMessage<never>);
}

/** Private-broadcast connections, which carry a single transaction. */
function actPrivately(
  context: PeerContext,
  { privateBroadcast }: Transactions,
  peer: PeerState,
  message: Message,
  received: ReceivedMessage,
): void {
  switch (message.type) {
    case 'version':
      return takeVersion(context, peer, message);
    case 'verack':
      peer.node.isSuccessfullyConnected = true;
      return privateBroadcast.announce(peer);
    case 'getdata':
      return privateBroadcast.serve(peer, message);
    case 'pong':
      if (takePong(context, peer, message, received.timeMs)) privateBroadcast.confirm(peer);
      return;
    default:
      // Anything else has nothing to do with the transaction.
      return;
  }
}

function act(
  context: PeerContext,
  transactions: Transactions,
  peer: PeerState,
  message: Message,
  received: ReceivedMessage,
): void {
  const { node } = peer;
  switch (message.type) {
    case 'version':
      return takeVersion(context, peer, message);
    case 'verack':
      if (!node.isSuccessfullyConnected) transactions.download?.notePeerReady(peer);
      return takeVerack(context, peer);
    case 'wtxidrelay':
      return negotiation.takeWtxidRelay(peer);
    case 'sendaddrv2':
      peer.wantsAddrV2 = true;
      return;
    case 'sendheaders':
      peer.prefersHeaders = true;
      return;
    case 'sendcmpct':
      return negotiation.takeSendCmpct(context, peer, message);
    case 'sendtxrcncl':
      return negotiation.takeSendTxRcncl(context, peer, message);
    case 'feature':
      // Well-formed, but no feature is known yet.
      return;
    case 'feefilter':
      return negotiation.takeFeeFilter(peer, message);
    case 'ping':
      return answerPing(context, peer, message);
    case 'pong':
      takePong(context, peer, message, received.timeMs);
      return;
    case 'addr':
    case 'addrv2':
      return takeAddresses(context, peer, message.type, new AddressEntries(message.type, received.payload));
    case 'getaddr':
      return answerGetAddr(context, peer);
    case 'inv':
      return takeInv(context, transactions, peer, new InventoryEntries(received.payload));
    case 'headers':
      return takeHeaders(context, peer, received.payload);
    case 'tx':
      return takeTx(context, transactions, peer, message);
    case 'notfound':
      return takeNotFound(context, transactions, peer, message);
    case 'getdata':
      return takeGetData(context, peer, new InventoryEntries(received.payload));
    case 'mempool':
      return takeMempool(context, peer);
    case 'filterload':
      return takeFilterLoad(context, peer, message);
    case 'filteradd':
      return takeFilterAdd(context, peer, message);
    case 'filterclear':
      return takeFilterClear(peer);
    case 'unknown':
      return context.hooks.onUnknownMessage?.(node, message.messageType, message.payload);
    default:
      return takeChainMessage(context, peer, message, received.payload);
  }
}

// The kinds of connection, and what each of them means. (Bitcoin Core src/node/connection_types.h)
//
// A kind is decided when a connection is made and never changes. Names are those of Bitcoin Core's `getpeerinfo`.

import { PROTOCOL_VERSION } from '../../p2p/protocol.ts';

/**
 * What a connection is for.
 *
 * | type | opened by | limit | transactions | addresses | must offer desired services |
 * |---|---|---|---|---|---|
 * | `inbound` | the peer | what is left of the budget | yes | once it sent one | no |
 * | `outbound-full-relay` | us, by the address book | 8 | yes | yes | yes |
 * | `block-relay-only` | us, by the address book | 2, and one for a short time | no | no | yes |
 * | `manual` | the user | 8 added nodes; `connect` and single tries without limit | yes | yes | no |
 * | `feeler` | us, to test an address | 1 | no | no | no |
 * | `addr-fetch` | us, to ask a seed for addresses | by outbound slots | yes | yes | yes |
 * | `private-broadcast` | us, to hand over one transaction | 64 | sends one | no | yes |
 */
export type ConnectionType =
  'inbound' | 'outbound-full-relay' | 'block-relay-only' | 'manual' | 'feeler' | 'addr-fetch' | 'private-broadcast';

/** Every type, in the order of Core's `ConnectionType`. */
export const CONNECTION_TYPES: readonly ConnectionType[] = [
  'inbound',
  'outbound-full-relay',
  'manual',
  'feeler',
  'block-relay-only',
  'addr-fetch',
  'private-broadcast',
];

/**
 * The version that private broadcasts announce: the same for all nodes and releases, so that it does not identify a node.
 * (Bitcoin Core src/net.h)
 */
export const PRIVATE_BROADCAST_PROTOCOL_VERSION = 70_016;

/** Full-relay and block-relay-only: their chain is compared with ours, and they are replaced when they stay behind. */
export function isOutboundOrBlockRelay(type: ConnectionType): boolean {
  return type === 'outbound-full-relay' || type === 'block-relay-only';
}

/** Manual and full-relay: counted for each network, so that the last one of a network is protected. */
export function isManualOrFullOutbound(type: ConnectionType): boolean {
  return type === 'manual' || type === 'outbound-full-relay';
}

/** Whether a new dial avoids the network group of such a peer: long-lived outbound ones, automatic or manual. */
export function countsForNetGroupDiversity(type: ConnectionType): boolean {
  return isManualOrFullOutbound(type) || type === 'block-relay-only';
}

/** Whether the peer is dropped when its `version` lacks desired services. */
export function expectsServices(type: ConnectionType): boolean {
  return isOutboundOrBlockRelay(type) || type === 'addr-fetch' || type === 'private-broadcast';
}

/** Whether the connection may carry addresses at all; an inbound peer has to begin. */
export function mayRelayAddresses(type: ConnectionType): boolean {
  return type !== 'block-relay-only' && type !== 'feeler' && type !== 'private-broadcast';
}

/** Whether we take part in the relay of transactions on such a connection. */
export function mayRelayTransactions(type: ConnectionType): boolean {
  return mayRelayAddresses(type);
}

/** The protocol version that our `version` message announces. */
export function advertisedProtocolVersion(type: ConnectionType): number {
  return type === 'private-broadcast' ? PRIVATE_BROADCAST_PROTOCOL_VERSION : PROTOCOL_VERSION;
}

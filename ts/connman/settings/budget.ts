// The number of connections of each kind. (Bitcoin Core src/net.cpp, CConnman::Init)
//
// The slots of outbound connections are taken out of the total before inbound ones get the rest, so no crowd of inbound
// peers can keep us from dialing. Manual connections come on top.

import { outOfRange } from '../../util/errors/errors.ts';

/** Default of `maxConnections`. (Core, DEFAULT_MAX_PEER_CONNECTIONS) */
export const DEFAULT_MAX_CONNECTIONS = 125;
/** Most full-relay peers that are dialed automatically. (Core, MAX_OUTBOUND_FULL_RELAY_CONNECTIONS) */
export const MAX_FULL_RELAY_CONNECTIONS = 8;
/** Most block-relay-only peers, but for one that is tried from time to time. (Core, MAX_BLOCK_RELAY_ONLY_CONNECTIONS) */
const MAX_BLOCK_RELAY_CONNECTIONS = 2;
/** Most feelers at a time. (Core, MAX_FEELER_CONNECTIONS) */
const MAX_FEELER_CONNECTIONS = 1;
/** Connections for the list of added nodes. (Core, MAX_ADDNODE_CONNECTIONS) */
export const MAX_ADDED_NODE_CONNECTIONS = 8;
/** Connections for private broadcast. (Core, MAX_PRIVATE_BROADCAST_CONNECTIONS) */
export const MAX_PRIVATE_BROADCAST_CONNECTIONS = 64;

/** The division of `maxConnections`. */
export interface ConnectionBudget {
  /** Inbound and automatic outbound connections together. */
  readonly maxAutomatic: number;
  readonly maxFullRelay: number;
  readonly maxBlockRelay: number;
  readonly maxFeeler: number;
  readonly maxInbound: number;
  /** Slots of automatic dials of all kinds except private broadcast: the most at a time. */
  readonly outboundSlots: number;
}

/**
 * Divides the connections among the kinds.
 *
 * @param maxAutomatic - `maxConnections`: 0 or more.
 * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: not an integer from 0.
 */
export function connectionBudget(maxAutomatic: number): ConnectionBudget {
  if (!Number.isSafeInteger(maxAutomatic) || maxAutomatic < 0) {
    throw outOfRange('maxConnections', 'an integer from 0', maxAutomatic);
  }
  const maxFullRelay = Math.min(MAX_FULL_RELAY_CONNECTIONS, maxAutomatic);
  const maxBlockRelay = Math.min(MAX_BLOCK_RELAY_CONNECTIONS, maxAutomatic - maxFullRelay);
  const maxAutoOutbound = maxFullRelay + maxBlockRelay + MAX_FEELER_CONNECTIONS;
  return {
    maxAutomatic,
    maxFullRelay,
    maxBlockRelay,
    maxFeeler: MAX_FEELER_CONNECTIONS,
    maxInbound: Math.max(0, maxAutomatic - maxAutoOutbound),
    outboundSlots: Math.min(maxAutoOutbound, maxAutomatic),
  };
}

// The consequences for a peer that broke the protocol. (Bitcoin Core src/net_processing.cpp, MaybeDiscourageAndDisconnect)

import type { PeerContext } from './peer-context.ts';
import type { PeerState } from './peer-state.ts';

/**
 * Acts, once, on a fault noted with `PeerContext.misbehaving`.
 *
 * Peers that the user vouched for stay. A peer at a local address only loses its connection: every peer of our onion
 * service looks like one. Likewise one that a proxy dialed by name: all of those seem to be at one address, which is nobody's.
 * Of any other, the address is discouraged and all its connections end.
 */
export function actOnMisbehaviour(context: PeerContext, peer: PeerState): void {
  const { node, misbehaviour } = peer;
  if (misbehaviour === undefined) return;
  peer.misbehaviour = undefined;
  if (node.hasPermission('noban') || node.isManual) {
    context.logger.warn(`${context.network.nameInLog(node)} stays although it misbehaved: ${misbehaviour}`);
    return;
  }
  const reason = `misbehaved: ${misbehaviour}`;
  const { address } = node.addr;
  if (address.isValid() && !address.isLocal()) {
    context.bans?.discourage(address);
    context.network.disconnectAddress(address, reason);
  }
  node.disconnect(reason);
}

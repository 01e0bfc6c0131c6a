// What happens to connections, for whoever embeds a `Connman`.
//
// That a peer misbehaves is told by the message processor, and a change of the bans by `BanMan` (its option `onChange`).

import type { AsMapHealth } from '../../addrman/asmap/health.ts';
import type { OutboundMessage, ReceivedMessage } from '../../p2p/transport/transport.ts';
import type { P2PNode } from '../node/peer.ts';

/** A message and whose it is. */
export interface MessageEvent<Message> {
  readonly node: P2PNode;
  readonly message: Message;
}

/** The end of a connection. */
export interface ClosedConnectionEvent {
  readonly node: P2PNode;
  /** One line for people, without text from the peer. */
  readonly reason: string;
}

/** Events of `Connman.on`, by name. They come from inside `Connman`'s work: a listener returns soon. */
export interface ConnmanEvents {
  /** How many nodes there are; at most once a turn. */
  numConnectionsChanged: number;
  networkActiveChanged: boolean;
  inboundConnection: P2PNode;
  outboundConnection: P2PNode;
  /** A connection is gone, its node finalized. */
  closedConnection: ClosedConnectionEvent;
  /** An inbound peer was marked to make room for another. */
  evictedInboundConnection: P2PNode;
  /** A message begins to be processed. Its payload must not be changed. */
  inboundMessage: MessageEvent<ReceivedMessage>;
  /** A message was given to be sent. */
  outboundMessage: MessageEvent<OutboundMessage>;
  /** A dial failed. */
  failedConnection: { readonly target: string; readonly errmsg: string };
  /** How well the AS map in use fits the address book: at the start, then once a day. */
  asMapHealth: AsMapHealth;
}

/** A peer as it may stand in a log: with its address only if the user wants that. */
export function loggedPeer(node: P2PNode, showsAddress: boolean): string {
  return showsAddress ? `peer ${node.id} (${node.addrName})` : `peer ${node.id}`;
}

// What happens to connections, for the program that embeds a `Connman`.
//
// That a peer misbehaves is told by the message processor, and a change of the bans by `BanMan` (its option `onChange`).

import type { AsMapHealth } from '../../addrman/as-map-health.ts';
import type { Service } from '../../netaddr/service.ts';
import type { OutboundMessage, ReceivedMessage } from '../../p2p/transport/transport.ts';
import type { DialFailureCode } from '../../sockman/dial/failure.ts';
import type { ConnectionType } from '../node/connection-types.ts';
import type { NodeView } from '../node/peer.ts';

/** A message and whose it is. */
export interface MessageEvent<Message> {
  readonly node: NodeView;
  readonly message: Message;
}

/** A dial. One request to dial may need several, where a name has several addresses. */
export interface DialEvent {
  /** The text that the user gave, or else the address. */
  readonly target: string;
  /** Where it goes; undefined for a name that nobody, or only a proxy, looks up. */
  readonly service: Service | undefined;
  readonly connectionType: ConnectionType;
  /** What we begin to speak. A V1 peer that hangs up over V2 is dialed again. */
  readonly transport: 'v1' | 'v2';
}

/** A dial that failed. */
export interface FailedDialEvent extends DialEvent {
  /** One line for people. */
  readonly errmsg: string;
  /** Which of `DIAL_FAILURES` it was; `host-unreachable` for a name without address. */
  readonly code: DialFailureCode;
  /** The proxy is at fault, and nothing was learned about the peer. */
  readonly proxyFailed: boolean;
}

/** The end of a connection. */
export interface ClosedConnectionEvent {
  readonly node: NodeView;
  /** One line for people, without text from the peer. */
  readonly reason: string;
}

/** Events of `Connman.on`, by name. They come from inside `Connman`'s work: a listener returns soon. */
export interface ConnmanEvents {
  /** The number of nodes; at most once a pass of the event loop. */
  numConnectionsChanged: number;
  networkActiveChanged: boolean;
  inboundConnection: NodeView;
  outboundConnection: NodeView;
  /** A connection is gone, its node finalized. */
  closedConnection: ClosedConnectionEvent;
  /** An inbound peer was marked to make room for another. */
  evictedInboundConnection: NodeView;
  /** A message begins to be processed. Its payload must not be changed. */
  inboundMessage: MessageEvent<ReceivedMessage>;
  /** A message came that is dropped unread; its `rejectReason` says why. The payload is gone after the call. */
  rejectedMessage: MessageEvent<ReceivedMessage>;
  /** A message was given to be sent. */
  outboundMessage: MessageEvent<OutboundMessage>;
  /** A dial begins. `outboundConnection` or `failedConnection` tells what came of it. */
  attemptedConnection: DialEvent;
  /** A dial failed, or could not begin without an address or a proxy. */
  failedConnection: FailedDialEvent;
  /** How well the AS map in use fits the address book: at the start, then once a day. */
  asMapHealth: AsMapHealth;
}

/** A peer as it may stand in a log, in Core's form: with its address only if the user wants that. */
export function loggedPeer({ id, addr }: NodeView, showsAddress: boolean): string {
  return showsAddress ? `peer=${id}, peeraddr=${addr}` : `peer=${id}`;
}

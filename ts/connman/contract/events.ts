// Connection events for the program that embeds a `Connman`.
//
// That a peer misbehaves is told by the message processor, and a change of the bans by `BanMan` (its option `onChange`).

import type { AsMapHealth } from '../../addrman/as-map-health.ts';
import type { Service } from '../../netaddr/service.ts';
import type { OutboundMessage, ReceivedMessage } from '../../p2p/transport/transport.ts';
import type { DialFailureCode } from '../../sockman/dial/failure.ts';
import type { ConnectionType } from '../node/connection-types.ts';
import type { NodeView } from '../node/peer.ts';

/** A message and its node. */
export interface MessageEvent<Message> {
  readonly node: NodeView;
  readonly message: Message;
}

/** A dial. A request to dial may take several, if a name has several addresses. */
export interface DialEvent {
  /** The text given by the user, or else the address. */
  readonly target: string;
  /** The address; undefined for a name that only a proxy looks up, or that was not looked up. */
  readonly service: Service | undefined;
  readonly connectionType: ConnectionType;
  /** The transport that the dial begins with. A V1 peer that closes the connection over V2 is dialed again. */
  readonly transport: 'v1' | 'v2';
}

/** A dial that failed. */
export interface FailedDialEvent extends DialEvent {
  /** One line for people. */
  readonly errmsg: string;
  /** One of `DIAL_FAILURES`; `host-unreachable` for a name without address. */
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

/** Events of `Connman.on`, by name. They are emitted within `Connman`'s work: listeners must return soon. */
export interface ConnmanEvents {
  /** The number of nodes; at most once per pass of the event loop. */
  numConnectionsChanged: number;
  networkActiveChanged: boolean;
  inboundConnection: NodeView;
  outboundConnection: NodeView;
  /** A connection is gone, its node finalized. */
  closedConnection: ClosedConnectionEvent;
  /** An inbound peer was marked to make room for another. */
  evictedInboundConnection: NodeView;
  /** A message is about to be processed. Do not change its payload. */
  inboundMessage: MessageEvent<ReceivedMessage>;
  /** A message is dropped unread; its `rejectReason` says why. The payload is gone after the call. */
  rejectedMessage: MessageEvent<ReceivedMessage>;
  /** A message is queued for sending. */
  outboundMessage: MessageEvent<OutboundMessage>;
  /** A dial begins. `outboundConnection` or `failedConnection` follows. */
  attemptedConnection: DialEvent;
  /** A dial failed, or could not begin without an address or a proxy. */
  failedConnection: FailedDialEvent;
  /** How well the AS map covers the address book: at the start, then once a day. */
  asMapHealth: AsMapHealth;
}

/** A peer in a log line, in Core's form: with its address only if the user wants that. */
export function loggedPeer({ id, addr }: NodeView, showsAddress: boolean): string {
  return showsAddress ? `peer=${id}, peeraddr=${addr}` : `peer=${id}`;
}

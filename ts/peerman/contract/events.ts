// The events of a `PeerManager`, by name.

import type { NodeView } from '../../connman/node/peer.ts';
import type { MessageType } from '../../p2p/messages/message-types.ts';
import type { Message, MessageMap, UnknownMessage } from '../../p2p/messages/registry.ts';

/** A message of a peer. */
export interface PeerMessage<M = Message> {
  readonly nodeId: number;
  readonly node: NodeView;
  /** Byte arrays in it are views of `payload`. If `exceedsLimit` is set, the sender is about to be punished. */
  readonly message: M;
  /** The received bytes. All listeners share them: do not change them. */
  readonly payload: Uint8Array;
  /** When its last byte arrived, wall-clock milliseconds. */
  readonly receivedMs: number;
}

/**
 * One event for each type of message: `message:inv`, `message:tx` and so on.
 *
 * Emitted for every message that the state of the handshake lets through and that decodes, right before it is acted upon.
 */
export type MessageEvents = {
  [T in MessageType as `message:${T}`]: PeerMessage<MessageMap[T]>;
} & { 'message:unknown': PeerMessage<UnknownMessage> };

/** All events. They are emitted while messages are processed: listeners must return soon. */
export interface PeerManagerEvents extends MessageEvents {
  /** Every message, emitted before the event of its type. */
  message: PeerMessage;
  /** The handshake is done: messages may be sent. */
  peerReady: { readonly nodeId: number; readonly node: NodeView };
  /** A peer is gone, even one that never became ready. */
  peerGone: { readonly nodeId: number; readonly node: NodeView };
  /** A peer broke the protocol, and is about to be disconnected unless its permissions prevent that. */
  misbehaving: { readonly nodeId: number; readonly node: NodeView; readonly reason: string };
}

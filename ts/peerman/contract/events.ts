// What a `PeerManager` tells its listeners, by name.

import type { NodeView } from '../../connman/node/peer.ts';
import type { MessageType } from '../../p2p/messages/message-types.ts';
import type { Message, MessageMap, UnknownMessage } from '../../p2p/messages/registry.ts';

/** A message of a peer. */
export interface PeerMessage<M = Message> {
  readonly nodeId: number;
  readonly node: NodeView;
  /** Byte arrays in it are views of `payload`. Where `exceedsLimit` is set, its sender is about to be punished for it. */
  readonly message: M;
  /** The bytes as they came. Belongs to all listeners: not to be changed. */
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

/** All events. They come from inside the processing of messages: a listener returns soon. */
export interface PeerManagerEvents extends MessageEvents {
  /** Every message, before the event of its type. */
  message: PeerMessage;
  /** The handshake is done: messages may be sent. */
  peerReady: { readonly nodeId: number; readonly node: NodeView };
  /** A peer is gone, also one that never became ready. */
  peerGone: { readonly nodeId: number; readonly node: NodeView };
  /** A peer broke the protocol, and is about to be disconnected unless it may do anything. */
  misbehaving: { readonly nodeId: number; readonly node: NodeView; readonly reason: string };
}

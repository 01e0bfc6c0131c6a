// A line for each message of each peer, for `NODE_DEBUG=sockman` and a node's log, in Bitcoin Core's words.

import type { OutboundMessage } from '../../p2p/transport/transport.ts';
import type { DebugLog } from '../../util/debug-log.ts';
import { shown } from '../../util/errors/errors.ts';
import type { ConnmanEvents } from '../contract/events.ts';
import type { NodeView } from '../node/peer.ts';

/** The source of messages: a `Connman`, or its events. */
export interface MessageSource {
  on<Name extends keyof ConnmanEvents>(name: Name, listener: (value: ConnmanEvents[Name]) => void): () => void;
}

/** Logs all messages from now on. @returns A function that ends that. */
export function logMessages(events: MessageSource, debug: DebugLog): () => void {
  const tell = (verb: string, node: NodeView, { type, payload }: OutboundMessage): void =>
    debug(`${verb} ${isPlain(type) ? type : shown(type)} (${payload.length} bytes) peer=${node.id}`);
  const ends = [
    events.on('inboundMessage', ({ node, message }) => tell('received:', node, message)),
    events.on('outboundMessage', ({ node, message }) => tell('sending', node, message)),
  ];
  return () => ends.forEach((end) => end());
}

const isPlain = (type: string): boolean => /^[a-z0-9]+$/.test(type);

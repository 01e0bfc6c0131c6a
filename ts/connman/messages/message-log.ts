// Each message of each peer, on a line: for `NODE_DEBUG=sockman`. The words are Bitcoin Core's.

import type { OutboundMessage } from '../../p2p/transport/transport.ts';
import type { DebugLog } from '../../util/debug-log.ts';
import type { Emitter } from '../../util/emitter.ts';
import { shown } from '../../util/errors/errors.ts';
import type { ConnmanEvents } from '../contract/events.ts';
import type { P2PNode } from '../node/peer.ts';

/** Tells all messages from now on. */
export function logMessages(events: Emitter<ConnmanEvents>, debug: DebugLog): void {
  const tell = (verb: string, node: P2PNode, { type, payload }: OutboundMessage): void =>
    debug(`${verb} ${isPlain(type) ? type : shown(type)} (${payload.length} bytes) peer=${node.id}`);
  events.on('inboundMessage', ({ node, message }) => tell('received:', node, message));
  events.on('outboundMessage', ({ node, message }) => tell('sending', node, message));
}

const isPlain = (type: string): boolean => /^[a-z0-9]+$/.test(type);

// Ends a node whose socket is of no more use: marks it for disconnection, and closes the socket at once.

import type { SockMan } from '../../sockman/sock-man.ts';
import type { P2PNode } from './peer.ts';

/** Marks a node, and closes its socket now. @param reason - As for `P2PNode.disconnect`. */
export function markAndClose(sockets: Pick<SockMan, 'closeConnection'>, node: P2PNode, reason: string): void {
  node.disconnect(reason);
  sockets.closeConnection(node.id);
}

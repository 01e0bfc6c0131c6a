// When a silent connection is given up. (Bitcoin Core src/net.cpp, CConnman::InactivityCheck)
//
// "Sent" and "received" mean bytes, not messages, and what the kernel took counts as sent. Pings, which notice a peer that
// still sends but no longer answers, are the message processor's.

import type { P2PNode } from './peer.ts';

/** How long nothing may be sent, or received, in milliseconds. (Core, TIMEOUT_INTERVAL) */
export const SILENCE_TIMEOUT_MS = 20 * 60 * 1_000;

/** Interval between checks of all nodes, in milliseconds: the most that a timeout is late. */
export const INACTIVITY_SWEEP_MS = 1_000;

/** Whether a node is old enough for its timeouts to apply. */
export function isPastGrace(node: P2PNode, nowMs: number, peerTimeoutMs: number): boolean {
  return node.connectedAtMs + peerTimeoutMs < nowMs;
}

/** Why a node is to be disconnected for silence, in Core's words; undefined if it is not. */
export function inactivityReason(node: P2PNode, nowMs: number, peerTimeoutMs: number): string | undefined {
  if (!isPastGrace(node, nowMs, peerTimeoutMs)) return undefined;
  if (node.lastReceiveMs === 0 || node.lastSendMs === 0) {
    const received = node.lastReceiveMs === 0 ? ', never received from peer' : '';
    const sent = node.lastSendMs === 0 ? ', never sent to peer' : '';
    return `socket no message in first ${peerTimeoutMs / 1_000} seconds${received}${sent}`;
  }
  if (nowMs > node.lastSendMs + SILENCE_TIMEOUT_MS)
    return `socket sending timeout: ${secondsSince(node.lastSendMs, nowMs)}s`;
  if (nowMs > node.lastReceiveMs + SILENCE_TIMEOUT_MS)
    return `socket receive timeout: ${secondsSince(node.lastReceiveMs, nowMs)}s`;
  if (node.isSuccessfullyConnected) return undefined;
  const isUndecided = node.transport.getInfo().transportType === 'detecting';
  return isUndecided ? 'V2 handshake timeout' : 'version handshake timeout';
}

function secondsSince(thenMs: number, nowMs: number): number {
  return Math.floor((nowMs - thenMs) / 1_000);
}

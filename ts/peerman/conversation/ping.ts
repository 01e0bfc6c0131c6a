// Ping and pong: whether the peer is alive, and its round-trip time. (BIP 31; Bitcoin Core src/net_processing.cpp,
// MaybeSendPing)

import type { PingMessage, PongMessage } from '../../p2p/messages/ping.ts';
import { PING_NONCE_ABOVE_VERSION } from '../../p2p/protocol.ts';
import type { PeerContext } from '../state/peer-context.ts';
import type { PeerState } from '../state/peer-state.ts';

/** Interval between pings, in milliseconds. (Core PING_INTERVAL) */
export const PING_INTERVAL_MS = 2 * 60_000;
/** The payload of a pong, in bytes. */
const PONG_BYTES = 8;
/** Deadline of a pong, in milliseconds. (Core TIMEOUT_INTERVAL) */
export const PONG_TIMEOUT_MS = 20 * 60_000;

/** A peer above its share of memory gets a ping after nothing was sent to it for this long, in milliseconds. */
const ASK_AFTER_MS = 5_000;

/**
 * Sends a ping to a peer that may have left. After its process ended, megabytes from its kernel still arrive, with the FIN
 * after them; only sending something shows that the peer is gone. An unanswered ping is sent again, so that its pong stays
 * valid.
 */
export function maybeAskFlooder(context: PeerContext, peer: PeerState): void {
  const { node, ping } = peer;
  if (!node.isReceivePaused) return;
  const nowMs = context.clock.wallTimeMs();
  if (nowMs <= Math.max(node.lastSendMs, ping.askedMs) + ASK_AFTER_MS) return;
  ping.askedMs = nowMs;
  if (ping.nonce === 0n) ping.isQueued = true;
  else context.send(peer, { type: 'ping', nonce: ping.nonce });
}

/** Sends a ping if one is due, and ends a connection whose pong is overdue. */
export function maybeSendPing(context: PeerContext, peer: PeerState): void {
  const { node, ping } = peer;
  const nowMs = context.clock.wallTimeMs();
  const isOut = ping.nonce !== 0n;
  if (isOut && nowMs > ping.startMs + PONG_TIMEOUT_MS && context.network.shouldRunInactivityChecks(node, nowMs)) {
    node.disconnect(`ping timeout: ${((nowMs - ping.startMs) / 1_000).toFixed(6)}s`);
    return;
  }
  const isDue = !isOut && nowMs > ping.startMs + PING_INTERVAL_MS;
  if (!ping.isQueued && !isDue) return;
  ping.isQueued = false;
  ping.startMs = nowMs;
  const hasAnswer = node.commonVersion > PING_NONCE_ABOVE_VERSION;
  // 0 stands for no ping.
  ping.nonce = hasAnswer ? context.random64() || 1n : 0n;
  context.send(peer, { type: 'ping', nonce: hasAnswer ? ping.nonce : undefined });
}

/** What is wrong with a pong, in Bitcoin Core's words. A different nonce is normal if pings overlap. */
function problemOf(expected: bigint, received: bigint | undefined): string {
  if (received === undefined) return 'Short payload';
  if (expected === 0n) return 'Unsolicited pong without ping';
  return received === 0n ? 'Nonce zero' : 'Nonce mismatch';
}

export function answerPing(context: PeerContext, peer: PeerState, { nonce }: PingMessage): void {
  // Without a nonce it is an old ping, which gets no answer.
  if (nonce === undefined || peer.node.commonVersion <= PING_NONCE_ABOVE_VERSION) return;
  context.send(peer, { type: 'pong', nonce });
}

/**
 * Checks a pong.
 *
 * @param receivedMs - Time of arrival, not of processing: a busy node must not make its peers look slow.
 * @returns Whether it answers the pending ping.
 */
export function takePong(
  { counts, logger }: PeerContext,
  { node, ping }: PeerState,
  { nonce }: PongMessage,
  receivedMs: number,
): boolean {
  const isAnswer = nonce !== undefined && nonce === ping.nonce && nonce !== 0n;
  if (isAnswer) {
    const tripMs = receivedMs - ping.startMs;
    if (tripMs >= 0) {
      counts.pingSeconds.add(tripMs / 1_000);
      node.lastPingTimeMs = tripMs;
      node.minPingTimeMs = Math.min(node.minPingTimeMs, tripMs);
    }
  }
  if (!isAnswer) {
    const problem = problemOf(ping.nonce, nonce);
    const words = `${ping.nonce.toString(16)} expected, ${(nonce ?? 0n).toString(16)} received`;
    logger.debug(`pong peer=${node.id}: ${problem}, ${words}, ${nonce === undefined ? 0 : PONG_BYTES} bytes`);
  }
  // A short payload or nonce 0 is the best that this peer can do. A different nonce may belong to an older ping.
  if (isAnswer || nonce === undefined || nonce === 0n) ping.nonce = 0n;
  return isAnswer;
}

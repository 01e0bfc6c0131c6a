// Ping and pong: is the peer alive, and how far away. (BIP 31; Bitcoin Core src/net_processing.cpp, MaybeSendPing)

import type { PingMessage, PongMessage } from '../../p2p/messages/ping.ts';
import { PING_NONCE_ABOVE_VERSION } from '../../p2p/protocol.ts';
import type { PeerContext } from '../state/peer-context.ts';
import type { PeerState } from '../state/peer-state.ts';

/** Between pings, in milliseconds. (Core PING_INTERVAL) */
export const PING_INTERVAL_MS = 2 * 60_000;
/** The payload of a pong, in bytes. */
const PONG_BYTES = 8;
/** How long a pong may take, in milliseconds. (Core TIMEOUT_INTERVAL) */
export const PONG_TIMEOUT_MS = 20 * 60_000;

/** A peer above its share of memory gets a ping when nothing was sent to it for so long, in milliseconds. */
export const ASK_AFTER_MS = 5_000;

/**
 * Sends a ping to a peer that may have left. What a process left in its kernel, megabytes, still comes, and its FIN behind it;
 * only an answer to something that we send tells that nobody is there any more. The ping that is out goes once more, so that
 * nothing changes for its pong.
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

/** What is wrong with a pong, in Bitcoin Core's words. Another nonce is usual where pings overlap. */
function problemOf(expected: bigint, received: bigint | undefined): string {
  if (received === undefined) return 'Short payload';
  if (expected === 0n) return 'Unsolicited pong without ping';
  return received === 0n ? 'Nonce zero' : 'Nonce mismatch';
}

export function answerPing(context: PeerContext, peer: PeerState, { nonce }: PingMessage): void {
  // Without a nonce, it is a ping of old that nobody answers.
  if (nonce === undefined || peer.node.commonVersion <= PING_NONCE_ABOVE_VERSION) return;
  context.send(peer, { type: 'pong', nonce });
}

/**
 * Judges a pong.
 *
 * @param receivedMs - When it arrived, not when it is processed: a busy node must not make its peers look far away.
 * @returns Whether it is the answer to the ping that is out.
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
  // Too short, or with a nonce of 0: a peer that cannot do better. Another nonce may be an older ping's.
  if (isAnswer || nonce === undefined || nonce === 0n) ping.nonce = 0n;
  return isAnswer;
}

// Requesting headers: not too often, from one peer while we are far behind, and not for ever from one that does not answer.
// The embedder judges the headers. (Bitcoin Core src/net_processing.cpp, MaybeSendGetHeaders)

import { SENDHEADERS_VERSION } from '../../p2p/protocol.ts';
import type { ChainView } from '../contract/chain-view.ts';
import type { PeerContext } from '../state/peer-context.ts';
import type { PeerState } from '../state/peer-state.ts';

/** An unanswered `getheaders` delays the next for this long, in milliseconds. (Core HEADERS_RESPONSE_TIME) */
const RESPONSE_TIME_MS = 120_000;
/** Deadline of the first headers: a base, and a bit for each header, in milliseconds. (Core HEADERS_DOWNLOAD_TIMEOUT_*) */
const SYNC_BASE_MS = 15 * 60_000;
const SYNC_PER_HEADER_MS = 1;
const BLOCK_SPACING_SECONDS = 600;
/** If the best header is younger than this, all peers are asked. */
const NEARLY_CURRENT_SECONDS = 86_400;
/** The value that means "as many as fit". */
const NO_STOP_HASH = new Uint8Array(32);

/** Sends `getheaders`, unless one is out. @returns Whether it was sent. */
export function maybeSendGetHeaders(context: PeerContext, peer: PeerState, locator: readonly Uint8Array[]): boolean {
  const nowMs = context.clock.wallTimeMs();
  const { chain } = peer;
  if (chain.lastGetHeadersMs !== 0 && nowMs - chain.lastGetHeadersMs <= RESPONSE_TIME_MS) return false;
  context.send(peer, { type: 'getheaders', locator, stopHash: NO_STOP_HASH });
  chain.lastGetHeadersMs = nowMs;
  return true;
}

/** Tells a peer, once, that we prefer headers to hashes, as soon as its chain is good enough to take headers from. */
export function maybeSendSendHeaders(context: PeerContext, view: ChainView, peer: PeerState): void {
  const { node, chain } = peer;
  if (chain.isSendHeadersSent || node.commonVersion < SENDHEADERS_VERSION) return;
  if ((view.peerBestWork(node.id) ?? 0n) <= view.minimumChainWork) return;
  chain.isSendHeadersSent = true;
  context.send(peer, { type: 'sendheaders' });
}

/** Starts syncing headers from a peer, if it is suitable and it is time. */
export function maybeStartSync(context: PeerContext, view: ChainView, peer: PeerState): void {
  const { chain } = peer;
  if (chain.isSyncing || !peer.servesBlocks || context.hooks.isLoading?.() === true) return;
  const behindSeconds = context.nowSeconds() - view.bestHeaderTimeSeconds();
  if (behindSeconds >= NEARLY_CURRENT_SECONDS && !isFirstChoice(context, view, peer)) return;
  if (!maybeSendGetHeaders(context, peer, view.headersLocator())) return;
  const expectedHeaders = Math.max(0, Math.floor(behindSeconds / BLOCK_SPACING_SECONDS));
  context.chainCounts.set(chain, 'isSyncing', true);
  chain.syncDeadlineMs = context.clock.wallTimeMs() + SYNC_BASE_MS + SYNC_PER_HEADER_MS * expectedHeaders;
}

/** While far behind, one peer is enough: one that we chose, or any if there is no other. */
function isFirstChoice(context: PeerContext, view: ChainView, { chain, node }: PeerState): boolean {
  const { isSyncing, isPreferredDownload } = context.chainCounts;
  if (isSyncing > 0) return false;
  if (chain.isPreferredDownload) return true;
  if (node.isAddrFetch) return false;
  return isPreferredDownload === 0 || !view.anyBlocksInFlight();
}

/** Disconnects a peer whose first headers do not come, if there is another to ask. */
export function checkSyncDeadline(context: PeerContext, view: ChainView, peer: PeerState): void {
  const { chain, node } = peer;
  if (!chain.isSyncing || chain.syncDeadlineMs === Infinity) return;
  if (context.nowSeconds() - view.bestHeaderTimeSeconds() < NEARLY_CURRENT_SECONDS) {
    chain.syncDeadlineMs = Infinity;
    return;
  }
  if (context.clock.wallTimeMs() <= chain.syncDeadlineMs) return;
  const { isSyncing, isPreferredDownload } = context.chainCounts;
  const hasOther = isPreferredDownload > (chain.isPreferredDownload ? 1 : 0);
  if (isSyncing > 1 || !hasOther) return;
  if (!node.hasPermission('noban')) return node.disconnect('headers do not come');
  context.chainCounts.set(chain, 'isSyncing', false);
}

// Outbound peers that stay behind our own chain are replaced: a few of them could be all that an attacker needs to keep the
// best chain from us. (Bitcoin Core src/net_processing.cpp, ConsiderEviction)

import type { ChainView } from '../contract/chain-view.ts';
import type { PeerContext } from '../state/peer-context.ts';
import { maybeSendGetHeaders } from './headers-sync.ts';
import type { PeerState } from '../state/peer-state.ts';

/** How long a peer may stay behind, and how long it has for an answer after that, in milliseconds. (Core CHAIN_SYNC_TIMEOUT) */
const CHAIN_SYNC_TIMEOUT_MS = 20 * 60_000;
const HEADERS_RESPONSE_MS = 120_000;
/** Peers that once were as far as we and are kept whatever happens: our ties to the network as it is. (Core) */
const MAX_PROTECTED_PEERS = 4;

/** Looks how a peer stands against our tip, and ends the connection when it had its chance. */
export function considerChainRace(context: PeerContext, view: ChainView, peer: PeerState): void {
  const { node, chain } = peer;
  if (!node.isOutboundOrBlockRelay) return;
  const theirWork = view.peerBestWork(node.id) ?? -1n;
  const keepsUp = theirWork >= view.tipWork();
  if (keepsUp) maybeProtect(context, peer);
  if (chain.isProtected || !chain.isSyncing) return;
  if (keepsUp) {
    chain.race = undefined;
    return;
  }
  const nowMs = context.clock.wallTimeMs();
  const { race } = chain;
  if (race === undefined || theirWork >= race.work) {
    chain.race = {
      deadlineMs: nowMs + CHAIN_SYNC_TIMEOUT_MS,
      work: view.tipWork(),
      locator: view.tipLocator(),
      isHeadersSent: false,
    };
  } else if (nowMs > race.deadlineMs) {
    if (race.isHeadersSent) return node.disconnect('its chain stays behind ours');
    maybeSendGetHeaders(context, peer, race.locator);
    race.isHeadersSent = true;
    race.deadlineMs = nowMs + HEADERS_RESPONSE_MS;
  }
}

/** Never block-relay-only peers: nobody should be able to tell which those are by keeping up. */
function maybeProtect({ chainCounts }: PeerContext, { chain, node }: PeerState): void {
  if (!node.isFullOutbound || chainCounts.isProtected >= MAX_PROTECTED_PEERS) return;
  chainCounts.set(chain, 'isProtected', true);
}

/** While we catch up: an outbound peer whose whole chain is worth less than any that we would follow is of no use. */
export function considerShortChain({ hooks, chainView }: PeerContext, { node }: PeerState): void {
  if (chainView === undefined || !node.isOutboundOrBlockRelay || hooks.isInitialBlockDownload?.() !== true) return;
  const work = chainView.peerBestWork(node.id);
  if (work !== undefined && work < chainView.minimumChainWork) node.disconnect('its chain has too little work');
}

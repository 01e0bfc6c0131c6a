// Outbound peers that stay behind our own chain are replaced: a few of them could suffice for an attacker to keep the best
// chain from us. (Bitcoin Core src/net_processing.cpp, ConsiderEviction)

import type { ChainView } from '../contract/chain-view.ts';
import type { PeerContext } from '../state/peer-context.ts';
import { maybeSendGetHeaders } from './headers-sync.ts';
import type { PeerState } from '../state/peer-state.ts';

/** How long a peer may stay behind, and then how long it may take to answer, in milliseconds. (Core CHAIN_SYNC_TIMEOUT) */
const CHAIN_SYNC_TIMEOUT_MS = 20 * 60_000;
const HEADERS_RESPONSE_MS = 120_000;
/** Peers that once had our chain and are always kept: our ties to the network as it is. (Core) */
const MAX_PROTECTED_PEERS = 4;

/** Compares a peer's chain with our tip, and ends the connection when its time is over. */
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

/** Never block-relay-only peers: otherwise keeping up would reveal which those are. */
function maybeProtect({ chainCounts }: PeerContext, { chain, node }: PeerState): void {
  if (!node.isFullOutbound || chainCounts.isProtected >= MAX_PROTECTED_PEERS) return;
  chainCounts.set(chain, 'isProtected', true);
}

/** While we sync: an outbound peer whose whole chain has too little work to be followed is disconnected. */
export function considerShortChain({ hooks, chainView }: PeerContext, { node }: PeerState): void {
  if (chainView === undefined || !node.isOutboundOrBlockRelay || hooks.isInitialBlockDownload?.() !== true) return;
  const work = chainView.peerBestWork(node.id);
  if (work !== undefined && work < chainView.minimumChainWork) node.disconnect('its chain has too little work');
}

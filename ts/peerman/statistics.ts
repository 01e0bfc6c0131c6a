// What the peer manager adds to the statistics of a peer. (Bitcoin Core src/net_processing.cpp, GetNodeStateStats)

import type { NodeStateStats } from '../connman/contract/net-events.ts';
import type { PeerHeights } from './contract/chain-view.ts';
import type { PeerContext } from './state/peer-context.ts';
import type { PeerState } from './state/peer-state.ts';

const UNKNOWN_HEIGHTS: PeerHeights = { presyncedHeaders: -1, syncedHeaders: -1, syncedBlocks: -1 };

export function statsOf({ chainView, clock }: PeerContext, peer: PeerState): NodeStateStats {
  const { node, ping, txRelay } = peer;
  const { presyncedHeaders, syncedHeaders, syncedBlocks } = chainView?.peerHeights?.(node.id) ?? UNKNOWN_HEIGHTS;
  return {
    services: peer.theirServices,
    relayTransactions: txRelay?.isWanted === true,
    lastInvSequence: txRelay?.lastInvSequence ?? 0,
    invToSend: txRelay?.backlog.length ?? 0,
    timeOffsetSeconds: peer.timeOffsetSeconds,
    pingWaitMs: ping.nonce === 0n ? undefined : clock.wallTimeMs() - ping.startMs,
    presyncedHeaders,
    syncedHeaders,
    syncedBlocks,
    inFlight: chainView?.blocksInFlight(node.id) ?? [],
    isAddrRelayEnabled: peer.gossip !== undefined,
    addrProcessed: peer.addressesProcessed,
    addrRateLimited: peer.addressesRateLimited,
    minFeeFilterSatPerKvB: Number(txRelay?.feeFilterSatPerKvB ?? 0n),
  };
}

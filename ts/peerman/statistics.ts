// What the peer manager adds to the statistics of a peer. (Bitcoin Core src/net_processing.cpp, GetNodeStateStats)

import type { NodeStateStats } from '../connman/net-events.ts';
import type { PeerState } from './peer-state.ts';

export function statsOf(peer: PeerState, nowMs: number): NodeStateStats {
  const { ping, txRelay } = peer;
  return {
    services: peer.theirServices,
    relayTransactions: txRelay?.isWanted === true,
    lastInvSequence: 0,
    invToSend: 0,
    timeOffsetSeconds: peer.timeOffsetSeconds,
    pingWaitMs: ping.nonce === 0n ? undefined : nowMs - ping.startMs,
    presyncedHeaders: -1,
    syncedHeaders: -1,
    syncedBlocks: -1,
    inFlight: [],
    isAddrRelayEnabled: peer.gossip !== undefined,
    addrProcessed: peer.addressesProcessed,
    addrRateLimited: peer.addressesRateLimited,
    minFeeFilterSatPerKvB: Number(txRelay?.feeFilterSatPerKvB ?? 0n),
  };
}

// `filterload`, `filteradd`, `filterclear`, `mempool`: services for light clients, if they were offered. (BIPs 35, 37, 111;
// Bitcoin Core src/net_processing.cpp)

import type { FilterAddMessage, FilterLoadMessage } from '../../p2p/messages/bloom-filters.ts';
import type { MessageType } from '../../p2p/messages/message-types.ts';
import { Services } from '../../p2p/protocol.ts';
import { BloomFilter } from '../contract/bloom-filter.ts';
import type { PeerContext } from '../state/peer-context.ts';
import type { PeerState } from '../state/peer-state.ts';

const FILTER_TYPES: ReadonlySet<string> = new Set<MessageType>(['filterload', 'filteradd', 'filterclear']);

function isOffered({ ourServices }: PeerState): boolean {
  return (ourServices & Services.BLOOM) !== 0n;
}

/** Whether this peer may send a message of this type; otherwise it is disconnected. */
export function isBloomAllowed(peer: PeerState, type: string): boolean {
  if (!FILTER_TYPES.has(type) || isOffered(peer)) return true;
  peer.node.disconnect(`${type} although bloom filters are not offered`);
  return false;
}

export function takeFilterLoad(context: PeerContext, peer: PeerState, message: FilterLoadMessage): void {
  if (message.exceedsLimit === true) return context.misbehaving(peer, 'bloom filter too large');
  if (peer.txRelay === undefined) return;
  const { filter, hashFunctionCount, tweak, flags } = message;
  peer.txRelay.bloomFilter = new BloomFilter(filter, hashFunctionCount, tweak, flags);
  peer.txRelay.isWanted = true;
  peer.node.isBloomFilterLoaded = true;
  peer.node.relaysTxs = true;
}

export function takeFilterAdd(context: PeerContext, peer: PeerState, message: FilterAddMessage): void {
  const { txRelay } = peer;
  if (message.exceedsLimit === true) return context.misbehaving(peer, 'element of a bloom filter too large');
  if (txRelay === undefined) return;
  if (txRelay.bloomFilter === undefined) return context.misbehaving(peer, 'filteradd without a filter');
  txRelay.bloomFilter.insert(message.element);
}

export function takeFilterClear({ txRelay, node }: PeerState): void {
  if (txRelay === undefined) return;
  txRelay.bloomFilter = undefined;
  txRelay.isWanted = true;
  node.isBloomFilterLoaded = false;
  node.relaysTxs = true;
}

/** `mempool`: answered at the next announcement, with everything that the embedder has. */
export function takeMempool({ network }: PeerContext, peer: PeerState): void {
  const { node, txRelay } = peer;
  const mayAsk = node.hasPermission('mempool') || (isOffered(peer) && !network.outboundTargetReached());
  if (mayAsk) {
    if (txRelay !== undefined) txRelay.isMempoolWanted = true;
  } else if (!node.hasPermission('noban')) {
    node.disconnect('mempool although it is not offered');
  }
}

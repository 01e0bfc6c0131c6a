// The conversation on the connections of a `Connman` (`sockman/peerman`). Re-exports only.

export { PeerManager } from './peer-manager.ts';
export type { PeerManagerCounts } from './state/counts.ts';
export type { PeerBans, PeerManagerOptions } from './contract/options.ts';
export type { MessageEvents, PeerManagerEvents, PeerMessage } from './contract/events.ts';
export type { ChainMessageType, PeerHooks } from './contract/hooks.ts';
export type { ChainView, PeerHeights } from './contract/chain-view.ts';
export type { BlockAnnouncement, TxAnnouncement } from './contract/announcements.ts';
export type { BloomFilter } from './contract/bloom-filter.ts';
export type { PrivateSend, PrivateTransaction } from './transactions/private-broadcast.ts';

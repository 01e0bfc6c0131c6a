// The message processor on top of `Connman`: re-exports only (part of `sockman/connman`).

export { PeerManager } from './peer-manager.ts';
export type { PeerManagerOptions } from './options.ts';
export type { PeerManagerEvents, PeerMessage } from './events.ts';
export type { ChainMessageType, PeerHooks } from './hooks.ts';
export type { PeerBans } from './context.ts';
export type { ChainView, PeerHeights } from './chain-view.ts';
export type { BlockAnnouncement } from './chain-messages.ts';
export type { TxAnnouncement } from './tx-relay.ts';
export type { BloomFilter } from './bloom-filter.ts';
export type { PrivateSend, PrivateTransaction } from './private-broadcast.ts';

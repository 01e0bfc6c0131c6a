// The connection manager of a Bitcoin node, a part of `sockman/connman`. Re-exports only.

export { Connman } from './connman.ts';
export type { ConnmanOptions, AddressBookStore, AnchorStore, BanSource } from './settings/options.ts';
export type { AddressSource } from './settings/address-source.ts';
export type { HostLookup } from './settings/name-lookup.ts';
export type {
  ClosedConnectionEvent,
  ConnmanEvents,
  DialEvent,
  FailedDialEvent,
  MessageEvent,
} from './contract/events.ts';
export type {
  NetEvents,
  NetworkStateStats,
  NodeStateStats,
  PeerNetwork,
  PolledMessage,
} from './contract/net-events.ts';
export type { TypeTally } from './messages/message-tally.ts';
export type { NodeView, P2PNode } from './node/peer.ts';
export type { Direction } from './node/node-table.ts';
export type { OpenRequest } from './outbound/dialing.ts';
export type { AddableType, AddedConnection } from './outbound/outbound.ts';
export type { NetTotals, NetworkInfo, PeerStats } from './statistics.ts';
export { BanMan, DEFAULT_BAN_SECONDS } from '../storage/ban-man.ts';
export type { BanManOptions, BanUntil } from '../storage/ban-man.ts';
export type { BanEntry } from '../storage/ban-list.ts';
export { AnchorsFile } from '../storage/anchors-file.ts';
export type { SipHash } from '../util/hashing/siphash.ts';
export { openDataFolder } from './data-folder.ts';
export type { FolderLock } from '../storage/folder-lock.ts';
export type { DataFolder, DataFolderOptions } from './data-folder.ts';
export type { AddedNode, AddedNodeInfo } from './outbound/added-nodes.ts';
export { LOCAL_SCORES } from './reach/local-addresses.ts';
export type { LocalAddress } from './reach/local-addresses.ts';
export { connectionBudget } from './settings/budget.ts';
export type { ConnectionBudget } from './settings/budget.ts';
export { CONNECTION_TYPES } from './node/connection-types.ts';
export type { ConnectionType } from './node/connection-types.ts';
export { PERMISSION_FLAGS, hasPermission } from './node/permission-flags.ts';
export type { PermissionName } from './node/permission-flags.ts';

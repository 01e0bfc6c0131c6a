// The connection manager of a Bitcoin node (`sockman/connman`).

export { Connman } from './connman.ts';
export type { ConnmanOptions, AddressBookStore, AnchorStore, BanSource } from './settings/options.ts';
export type { AddressSource } from './settings/address-source.ts';
export type { AsMapHealth } from '../addrman/asmap/health.ts';
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
export type { P2PNode } from './node/peer.ts';
export type { OpenRequest } from './outbound/dialing.ts';
export type { AddableType, AddedConnection } from './outbound/outbound.ts';
export type { NetTotals, NetworkInfo, PeerStats } from './statistics.ts';
export { BanMan, DEFAULT_BAN_SECONDS } from '../storage/ban-man.ts';
export type { BanManOptions, BanUntil } from '../storage/ban-man.ts';
export { openDataFolder } from './data-folder.ts';
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

// The connection manager of a Bitcoin node (`sockman/connman`).

export { Connman } from './connman.ts';
export type { ConnmanOptions, AddressBookStore, AnchorStore, BanSource } from './options.ts';
export type { AddressSource } from './address-source.ts';
export type { AsMapHealth } from '../addrman/asmap/health.ts';
export type { ClosedConnectionEvent, ConnmanEvents, MessageEvent } from './events.ts';
export type { NetEvents, NetworkStateStats, NodeStateStats, PeerNetwork, PolledMessage } from './net-events.ts';
export type { P2PNode } from './peer.ts';
export type { OpenRequest } from './dialing.ts';
export type { NetTotals, NetworkInfo, PeerStats } from './statistics.ts';
export { BanMan, DEFAULT_BAN_SECONDS } from '../storage/ban-man.ts';
export type { BanManOptions, BanUntil } from '../storage/ban-man.ts';
export { openDataFolder } from './data-folder.ts';
export type { DataFolder, DataFolderOptions } from './data-folder.ts';
export type { AddedNode, AddedNodeInfo } from './added-nodes.ts';
export { LOCAL_SCORES } from './local-addresses.ts';
export type { LocalAddress } from './local-addresses.ts';
export { connectionBudget } from './budget.ts';
export type { ConnectionBudget } from './budget.ts';
export { CONNECTION_TYPES } from './connection-types.ts';
export type { ConnectionType } from './connection-types.ts';
export { PERMISSION_FLAGS, hasPermission } from './permission-flags.ts';
export type { PermissionName } from './permission-flags.ts';

// The address book, its file, and maps of autonomous systems (`sockman/addrman`). Re-exports only.

export { AddrMan } from './addr-man.ts';
export type { AddrManOptions } from './addr-man.ts';
export { AsMap } from './asmap/as-map.ts';
export type { AsMapHealth } from './as-map-health.ts';
export { PeersFile } from './file/peers-file.ts';
export type { LoadedPeers } from './file/peers-file.ts';
export { NetGroups } from './net-groups.ts';
export type { EntryPosition, EntryRecord, SelectedAddress, TableEntry } from './records.ts';
export { DataFile } from '../storage/data-file.ts';
export type { DataFileOptions, FileSystem } from '../storage/data-file.ts';
export { FileError } from '../storage/file-error.ts';

// The entry point `sockman/connman`: a Bitcoin peer with everything around it. Re-exports only.

export * from './connman/index.ts';
export * from './peerman/index.ts';
export { AddrMan } from './addrman/addr-man.ts';
export { AsMap } from './addrman/asmap/as-map.ts';
export { AnchorsFile } from './storage/anchors-file.ts';
export { PeersFile } from './addrman/file/peers-file.ts';
export { DataFile } from './storage/data-file.ts';
export { FileError } from './storage/file-error.ts';
export { NetGroups } from './addrman/net-groups.ts';

// The entry point `sockman/connman`: a Bitcoin peer with everything around it, which is what `sockman/peerman` and
// `sockman/addrman` have as well. Each list is written out name by name in its folder.

export * from './connman/index.ts';
export * from './peerman/index.ts';
export * from './addrman/index.ts';

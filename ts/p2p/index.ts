// The Bitcoin wire protocol: messages, transports, networks (`sockman/p2p`). Bytes in, bytes out; no sockets.

export * from './chain-params.ts';
export { checkHeaders, hasProofOfWork, targetOf } from './check-headers.ts';
export type { HeadersFault } from './check-headers.ts';
export { readFixedSeeds } from './fixed-seeds.ts';
export { HASH_BYTES, checksum32, doubleSha256, hashFromHex, hashToHex, sha256 } from './hash.ts';
export * from './messages/block-header.ts';
export * from './messages/message-types.ts';
export * from './messages/registry.ts';
export * from './messages/transaction.ts';
export * from './protocol.ts';
export * from './transport/transport.ts';
export { MAGIC_BYTES, V1Transport, V1_HEADER_BYTES } from './transport/v1.ts';
export { V2Transport, isV2Supported } from './transport/v2.ts';
export type { V2TransportOptions } from './transport/v2.ts';
export { createKeyPair } from './bip324/ellswift.ts';
export type { EllSwiftKeyPair } from './bip324/ellswift.ts';

export { MAX_ADDRESSES } from './messages/addresses.ts';
export type * from './messages/addresses.ts';
export {
  BASIC_FILTER_TYPE,
  CFCHECKPT_INTERVAL,
  MAX_CFHEADERS_SPAN,
  MAX_CFILTERS_SPAN,
} from './messages/block-filters.ts';
export type * from './messages/block-filters.ts';
export type * from './messages/blocks.ts';
export {
  MAX_BLOOM_FILTER_BYTES,
  MAX_BLOOM_HASH_FUNCTIONS,
  MAX_FILTER_ELEMENT_BYTES,
} from './messages/bloom-filters.ts';
export type * from './messages/bloom-filters.ts';
export { COMPACT_BLOCK_VERSION, MAX_TRANSACTION_INDEX, SHORT_ID_BYTES } from './messages/compact-blocks.ts';
export type * from './messages/compact-blocks.ts';
export { MAX_GETBLOCKS_HASHES, MAX_HEADERS, MAX_LOCATOR_HASHES } from './messages/headers.ts';
export type * from './messages/headers.ts';
export {
  INVENTORY_TYPE_MASK,
  INVENTORY_WITNESS_FLAG,
  InventoryType,
  MAX_INVENTORY_ITEMS,
  MAX_NOTFOUND_ITEMS,
} from './messages/inventory.ts';
export type * from './messages/inventory.ts';
export type * from './messages/ping.ts';
export { MAX_FEATURE_DATA_BYTES, MAX_FEATURE_ID_BYTES, MIN_FEATURE_ID_BYTES } from './messages/preferences.ts';
export type * from './messages/preferences.ts';
export {
  MAX_USER_AGENT_BYTES,
  NO_VERSION_ADDRESS,
  formatUserAgent,
  readVersionHead,
  sanitizeUserAgent,
} from './messages/version.ts';
export type * from './messages/version.ts';

// The Bitcoin wire protocol: messages, transports, networks (`sockman/p2p`). Bytes in, bytes out; no sockets. Re-exports only,
// name by name: codecs and decoders of single messages stay inside, behind `encodeMessage` and `decodeMessage`.

export { createKeyPair } from './bip324/ellswift.ts';
export type { EllSwiftKeyPair, RandomBytes } from './bip324/ellswift.ts';
export { CHAIN_PARAMS, customSignetParams } from './chain-params.ts';
export type { ChainName, ChainParams } from './chain-params.ts';
export { checkHeaders, hasProofOfWork, targetOf } from './check-headers.ts';
export type { HeadersFault } from './check-headers.ts';
export { readFixedSeeds } from './fixed-seeds.ts';
export { HASH_BYTES, checksum32, doubleSha256, hashFromHex, hashToHex, sha256 } from './hash.ts';
export { MAX_ADDRESSES } from './messages/addresses.ts';
export type { AddrMessage, AddrV2Message, GetAddrMessage, PeerAddress } from './messages/addresses.ts';
export {
  BASIC_FILTER_TYPE,
  CFCHECKPT_INTERVAL,
  MAX_CFHEADERS_SPAN,
  MAX_CFILTERS_SPAN,
} from './messages/block-filters.ts';
export type {
  CFCheckptMessage,
  CFHeadersMessage,
  CFilterMessage,
  GetCFCheckptMessage,
  GetCFHeadersMessage,
  GetCFiltersMessage,
  RangeFields,
} from './messages/block-filters.ts';
export { BLOCK_HEADER_BYTES, blockHash } from './messages/block-header.ts';
export type { BlockHeader } from './messages/block-header.ts';
export type { BlockMessage, MerkleBlockMessage, TxMessage } from './messages/blocks.ts';
export {
  MAX_BLOOM_FILTER_BYTES,
  MAX_BLOOM_HASH_FUNCTIONS,
  MAX_FILTER_ELEMENT_BYTES,
} from './messages/bloom-filters.ts';
export type { FilterAddMessage, FilterClearMessage, FilterLoadMessage } from './messages/bloom-filters.ts';
export { COMPACT_BLOCK_VERSION, MAX_TRANSACTION_INDEX, SHORT_ID_BYTES } from './messages/compact-blocks.ts';
export type {
  BlockTxnMessage,
  CmpctBlockMessage,
  GetBlockTxnMessage,
  SendCmpctMessage,
} from './messages/compact-blocks.ts';
export { MAX_GETBLOCKS_HASHES, MAX_HEADERS, MAX_LOCATOR_HASHES } from './messages/headers.ts';
export type { GetBlocksMessage, GetHeadersMessage, HeadersMessage, LocatorFields } from './messages/headers.ts';
export {
  INVENTORY_TYPE_MASK,
  INVENTORY_WITNESS_FLAG,
  InventoryType,
  MAX_INVENTORY_ITEMS,
  MAX_NOTFOUND_ITEMS,
} from './messages/inventory.ts';
export type {
  GetDataMessage,
  InvMessage,
  InventoryItem,
  MempoolMessage,
  NotFoundMessage,
} from './messages/inventory.ts';
export { MESSAGE_TYPES, OTHER_MESSAGE_TYPE, isMessageType } from './messages/message-types.ts';
export type { MessageType } from './messages/message-types.ts';
export type { PingMessage, PongMessage } from './messages/ping.ts';
export { MAX_FEATURE_DATA_BYTES, MAX_FEATURE_ID_BYTES, MIN_FEATURE_ID_BYTES } from './messages/preferences.ts';
export type {
  FeatureMessage,
  FeeFilterMessage,
  SendAddrV2Message,
  SendHeadersMessage,
  SendTxRcnclMessage,
  WtxidRelayMessage,
} from './messages/preferences.ts';
export { decodeMessage, encodeMessage } from './messages/registry.ts';
export type { EncodedMessage, KnownMessage, Message, MessageMap, UnknownMessage } from './messages/registry.ts';
export { stripWitnesses, transactionIds, transactionScripts } from './messages/transaction.ts';
export type { TransactionIds, TransactionScripts } from './messages/transaction.ts';
export { MAX_USER_AGENT_BYTES, NO_VERSION_ADDRESS, formatUserAgent, sanitizeUserAgent } from './messages/version.ts';
export type { VerackMessage, VersionAddress, VersionHead, VersionMessage } from './messages/version.ts';
export {
  FEATURE_VERSION,
  FEEFILTER_VERSION,
  INITIAL_PROTOCOL_VERSION,
  MAX_MONEY_SAT,
  MIN_PEER_PROTOCOL_VERSION,
  PING_NONCE_ABOVE_VERSION,
  PROTOCOL_VERSION,
  SEED_SERVICES,
  SENDCMPCT_VERSION,
  SENDHEADERS_VERSION,
  Services,
  WTXIDRELAY_VERSION,
  isMoney,
  serviceNames,
} from './protocol.ts';
export {
  FIRST_PART_BYTES,
  MAX_PROTOCOL_MESSAGE_BYTES,
  MESSAGE_OVERHEAD_BYTES,
  MESSAGE_TYPE_BYTES,
} from './transport/transport.ts';
export type {
  BytesToSend,
  FatalTransportError,
  OutboundMessage,
  ReceivedMessage,
  RejectReason,
  Transport,
  TransportInfo,
} from './transport/transport.ts';
export { MAGIC_BYTES, V1Transport, V1_HEADER_BYTES } from './transport/v1.ts';
export { V2Transport, isV2Supported } from './transport/v2.ts';
export type { V2TransportOptions } from './transport/v2.ts';
export type { Limited } from './messages/codec.ts';
export { DecodeError } from '../util/errors/errors.ts';

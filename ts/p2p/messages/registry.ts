// Every message of the protocol by its type, and the way from payloads to messages and back.

import { ByteReader, ByteWriter } from '../../util/bytes/bytes.ts';
import { ERROR_CODES, invalidArg } from '../../util/errors/errors.ts';
import { requireSendable } from '../transport/outbound-message.ts';
import * as addresses from './addresses.ts';
import * as blockFilters from './block-filters.ts';
import * as blocks from './blocks.ts';
import * as bloomFilters from './bloom-filters.ts';
import type { Codec, Decoder } from './codec.ts';
import * as compactBlocks from './compact-blocks.ts';
import * as headers from './headers.ts';
import * as inventory from './inventory.ts';
import { isMessageType } from './message-types.ts';
import type { MessageType } from './message-types.ts';
import * as ping from './ping.ts';
import * as preferences from './preferences.ts';
import * as version from './version.ts';

/** The message that each type stands for. */
export interface MessageMap {
  version: version.VersionMessage;
  verack: version.VerackMessage;
  addr: addresses.AddrMessage;
  addrv2: addresses.AddrV2Message;
  sendaddrv2: preferences.SendAddrV2Message;
  inv: inventory.InvMessage;
  getdata: inventory.GetDataMessage;
  merkleblock: blocks.MerkleBlockMessage;
  getblocks: headers.GetBlocksMessage;
  getheaders: headers.GetHeadersMessage;
  tx: blocks.TxMessage;
  headers: headers.HeadersMessage;
  block: blocks.BlockMessage;
  getaddr: addresses.GetAddrMessage;
  mempool: inventory.MempoolMessage;
  ping: ping.PingMessage;
  pong: ping.PongMessage;
  notfound: inventory.NotFoundMessage;
  filterload: bloomFilters.FilterLoadMessage;
  filteradd: bloomFilters.FilterAddMessage;
  filterclear: bloomFilters.FilterClearMessage;
  sendheaders: preferences.SendHeadersMessage;
  feefilter: preferences.FeeFilterMessage;
  sendcmpct: compactBlocks.SendCmpctMessage;
  cmpctblock: compactBlocks.CmpctBlockMessage;
  getblocktxn: compactBlocks.GetBlockTxnMessage;
  blocktxn: compactBlocks.BlockTxnMessage;
  getcfilters: blockFilters.GetCFiltersMessage;
  cfilter: blockFilters.CFilterMessage;
  getcfheaders: blockFilters.GetCFHeadersMessage;
  cfheaders: blockFilters.CFHeadersMessage;
  getcfcheckpt: blockFilters.GetCFCheckptMessage;
  cfcheckpt: blockFilters.CFCheckptMessage;
  wtxidrelay: preferences.WtxidRelayMessage;
  sendtxrcncl: preferences.SendTxRcnclMessage;
  feature: preferences.FeatureMessage;
}

/** A message of a known type. */
export type KnownMessage = MessageMap[MessageType];

/** A message of a type that is not known, as it came. */
export interface UnknownMessage {
  readonly type: 'unknown';
  /** The type on the wire: up to twelve characters, possibly none. */
  readonly messageType: string;
  readonly payload: Uint8Array;
}

/** Any message; `type` tells which. */
export type Message = KnownMessage | UnknownMessage;

/** A type and its payload: what a transport sends. */
export interface EncodedMessage {
  readonly type: string;
  readonly payload: Uint8Array;
}

/** Messages that carry their whole payload are sent as they are and need no writer. */
type CodecOf<M> = M extends { readonly payload: Uint8Array } ? Decoder<M> : Codec<M>;

const CODECS: { readonly [T in MessageType]: CodecOf<MessageMap[T]> } = {
  version: version.versionCodec,
  verack: version.verackCodec,
  addr: addresses.addrCodec,
  addrv2: addresses.addrV2Codec,
  sendaddrv2: preferences.sendAddrV2Codec,
  inv: inventory.invCodec,
  getdata: inventory.getDataCodec,
  merkleblock: blocks.merkleBlockCodec,
  getblocks: headers.getBlocksCodec,
  getheaders: headers.getHeadersCodec,
  tx: blocks.txDecoder,
  headers: headers.headersCodec,
  block: blocks.blockDecoder,
  getaddr: addresses.getAddrCodec,
  mempool: inventory.mempoolCodec,
  ping: ping.pingCodec,
  pong: ping.pongCodec,
  notfound: inventory.notFoundCodec,
  filterload: bloomFilters.filterLoadCodec,
  filteradd: bloomFilters.filterAddCodec,
  filterclear: bloomFilters.filterClearCodec,
  sendheaders: preferences.sendHeadersCodec,
  feefilter: preferences.feeFilterCodec,
  sendcmpct: compactBlocks.sendCmpctCodec,
  cmpctblock: compactBlocks.cmpctBlockDecoder,
  getblocktxn: compactBlocks.getBlockTxnCodec,
  blocktxn: compactBlocks.blockTxnDecoder,
  getcfilters: blockFilters.getCFiltersCodec,
  cfilter: blockFilters.cFilterCodec,
  getcfheaders: blockFilters.getCFHeadersCodec,
  cfheaders: blockFilters.cFHeadersCodec,
  getcfcheckpt: blockFilters.getCFCheckptCodec,
  cfcheckpt: blockFilters.cFCheckptCodec,
  wtxidrelay: preferences.wtxidRelayCodec,
  sendtxrcncl: preferences.sendTxRcnclCodec,
  feature: preferences.featureCodec,
};

/**
 * Reads a payload.
 *
 * Byte arrays in the message are views of the payload: copy what is kept for long. Limits that are judged after decoding
 * are reported in `exceedsLimit`.
 *
 * @param type - The type the transport delivered. One that is not in `MESSAGE_TYPES` gives an `UnknownMessage`.
 * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: the payload does not have the form of its type. Nothing else is thrown,
 *   whatever the bytes.
 */
export function decodeMessage<T extends MessageType>(type: T, payload: Uint8Array): MessageMap[T];
export function decodeMessage(type: string, payload: Uint8Array): Message;
export function decodeMessage(type: string, payload: Uint8Array): Message {
  if (!isMessageType(type)) return { type: 'unknown', messageType: type, payload };
  return CODECS[type].read(new ByteReader(payload), payload);
}

/**
 * Makes the payload of a message, ready for `Transport.setMessageToSend`, which does not refuse it.
 *
 * Messages that carry a `payload` (blocks, transactions, unknown ones) are sent as that says, without a copy; their other
 * fields are not looked at.
 *
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` or {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: a field cannot be written as it
 *   is, or breaks a limit for which the receiver would punish us; or there is no such type, or the payload is longer than
 *   `MAX_PROTOCOL_MESSAGE_BYTES`.
 */
export function encodeMessage(message: Message): EncodedMessage {
  if (typeof message !== 'object' || message === null) throw invalidArg('message', 'an object', message);
  const encoded =
    message.type === 'unknown'
      ? { type: message.messageType, payload: message.payload }
      : { type: message.type, payload: payloadOf(message) };
  requireSendable(encoded);
  return encoded;
}

function payloadOf(message: KnownMessage): Uint8Array {
  if (!isMessageType(message.type)) throw invalidArg('message.type', 'a message type', message.type);
  if ('payload' in message) return message.payload;
  // The table pairs each type with its own codec, which the type checker cannot follow through a union.
  const codec = CODECS[message.type] as Codec<KnownMessage>;
  const writer = new ByteWriter();
  try {
    codec.write(writer, message);
  } catch (error) {
    if (hasCode(error)) throw error;
    // What JavaScript says of a field that is missing, or of another type than its own.
    throw invalidArg(`${message.type} message`, 'fields of their types', error);
  }
  return writer.finish();
}

function hasCode(error: unknown): boolean {
  return error instanceof Error && 'code' in error && Object.hasOwn(ERROR_CODES, String(error.code));
}

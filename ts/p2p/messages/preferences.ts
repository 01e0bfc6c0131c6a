// How a node wants to be addressed: `wtxidrelay`, `sendaddrv2`, `sendheaders`, `feefilter`, `sendtxrcncl`, `feature`. The
// peer manager decides when each may be sent.

import { DecodeError, outOfRange } from '../../util/errors/errors.ts';
import { emptyCodec } from './codec.ts';
import type { Codec } from './codec.ts';

/** Sizes of the two fields of `feature`, in bytes. (BIP 434) */
export const MIN_FEATURE_ID_BYTES = 4;
/** Longest name of a feature, in bytes. */
export const MAX_FEATURE_ID_BYTES = 80;
/** Most data of a feature, in bytes. */
export const MAX_FEATURE_DATA_BYTES = 512;

/** Announce transactions by wtxid. (BIP 339) */
export interface WtxidRelayMessage {
  readonly type: 'wtxidrelay';
}

/** Send `addrv2` instead of `addr`. (BIP 155) */
export interface SendAddrV2Message {
  readonly type: 'sendaddrv2';
}

/** Announce blocks by `headers` instead of `inv`. (BIP 130) */
export interface SendHeadersMessage {
  readonly type: 'sendheaders';
}

/** Announce no transaction that pays less. (BIP 133) One int64 LE. */
export interface FeeFilterMessage {
  readonly type: 'feefilter';
  /** Satoshi per 1,000 virtual bytes. As sent: it may be negative or more money than there is. */
  readonly feeRateSatPerKvB: bigint;
}

/** Reconcile announcements of transactions by set sketches. (BIP 330) uint32 LE, uint64 LE. */
export interface SendTxRcnclMessage {
  readonly type: 'sendtxrcncl';
  readonly version: number;
  readonly salt: bigint;
}

/**
 * Announces a feature by name. (BIP 434) Two byte strings and nothing behind them: the only message that a longer payload
 * spoils, and the only one that ends the connection when it does not decode.
 */
export interface FeatureMessage {
  readonly type: 'feature';
  /** One character per byte, 4 to 80. Printable ASCII is expected but nothing enforces it. */
  readonly featureId: string;
  /** At most 512 bytes, with a meaning of the feature's own. */
  readonly featureData: Uint8Array;
}

export const wtxidRelayCodec: Codec<WtxidRelayMessage> = emptyCodec('wtxidrelay');
export const sendAddrV2Codec: Codec<SendAddrV2Message> = emptyCodec('sendaddrv2');
export const sendHeadersCodec: Codec<SendHeadersMessage> = emptyCodec('sendheaders');

export const feeFilterCodec: Codec<FeeFilterMessage> = {
  read: (reader) => ({ type: 'feefilter', feeRateSatPerKvB: reader.int64LE() }),
  write: (writer, message) => void writer.int64LE(message.feeRateSatPerKvB),
};

export const sendTxRcnclCodec: Codec<SendTxRcnclMessage> = {
  read: (reader) => ({ type: 'sendtxrcncl', version: reader.uint32LE(), salt: reader.uint64LE() }),
  write: (writer, message) => void writer.uint32LE(message.version).uint64LE(message.salt),
};

export const featureCodec: Codec<FeatureMessage> = {
  read(reader) {
    const id = reader.varBytes(MAX_FEATURE_ID_BYTES);
    if (id.length < MIN_FEATURE_ID_BYTES) throw new DecodeError(`feature id of ${id.length} bytes`, 0);
    const featureData = reader.varBytes(MAX_FEATURE_DATA_BYTES);
    if (reader.remaining > 0) throw new DecodeError(`${reader.remaining} bytes after a feature`, reader.offset);
    return { type: 'feature', featureId: String.fromCharCode(...id), featureData };
  },
  write(writer, { featureId, featureData }) {
    const id = Buffer.from(featureId, 'latin1');
    if (id.length < MIN_FEATURE_ID_BYTES || id.length > MAX_FEATURE_ID_BYTES) {
      throw outOfRange('featureId.length', `${MIN_FEATURE_ID_BYTES}..${MAX_FEATURE_ID_BYTES}`, id.length);
    }
    if (featureData.length > MAX_FEATURE_DATA_BYTES) {
      throw outOfRange('featureData.length', `at most ${MAX_FEATURE_DATA_BYTES}`, featureData.length);
    }
    writer.varBytes(id).varBytes(featureData);
  },
};

// The six bytes in front of every Stratum V2 message.
//
// | offset | type | field          |                                                                 |
// |--------|------|----------------|-----------------------------------------------------------------|
// | 0      | U16  | extension_type | the lower 15 bits: 0 is the core protocols                      |
// |        |      | channel_msg    | the top bit, which is that of the second byte on the wire       |
// | 2      | U8   | msg_type       | what the payload is, see `registry.ts`                          |
// | 3      | U24  | msg_length     | bytes of plaintext payload; the header is not counted           |
//
// The payload of a channel message begins with a U32 channel id, which `msg_length` counts.
// Source: Stratum V2 specification, section 3.2.

import { ByteWriter } from '../../util/bytes/bytes.ts';
import { outOfRange } from '../../util/errors/errors.ts';

export const FRAME_HEADER_BYTES = 6;

/** Longest payload that the length field can announce, in bytes. */
export const MAX_PAYLOAD_BYTES = 0xff_ffff;

const CHANNEL_BIT = 0x8000;
const MAX_EXTENSION_TYPE = 0x7fff;

/** A header without the payload's length. */
export interface FrameType {
  /** 0 for the core protocols, up to 0x7fff. */
  readonly extensionType: number;
  /** Whether the payload begins with a channel id. */
  readonly isChannelMessage: boolean;
  /** 0 to 255. */
  readonly messageType: number;
}

export interface FrameHeader extends FrameType {
  /** Bytes of plaintext payload. */
  readonly payloadBytes: number;
}

/**
 * Writes the header of a frame: 6 bytes.
 *
 * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: a value that its field cannot hold.
 */
export function encodeFrameHeader(header: FrameHeader): Uint8Array {
  const { extensionType, isChannelMessage, messageType, payloadBytes } = header;
  if (!(extensionType >= 0 && extensionType <= MAX_EXTENSION_TYPE)) {
    throw outOfRange('extensionType', `0..${MAX_EXTENSION_TYPE}`, extensionType);
  }
  return new ByteWriter(FRAME_HEADER_BYTES)
    .uint16LE(extensionType | (isChannelMessage ? CHANNEL_BIT : 0))
    .uint8(messageType)
    .uint24LE(payloadBytes)
    .finish();
}

/** Reads a header. Any six bytes are valid. */
export function decodeFrameHeader(bytes: Uint8Array): FrameHeader {
  const extension = bytes[0]! | (bytes[1]! << 8);
  return {
    extensionType: extension & MAX_EXTENSION_TYPE,
    isChannelMessage: (extension & CHANNEL_BIT) !== 0,
    messageType: bytes[2]!,
    payloadBytes: bytes[3]! | (bytes[4]! << 8) | (bytes[5]! << 16),
  };
}

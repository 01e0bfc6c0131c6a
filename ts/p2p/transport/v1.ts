// The unencrypted transport: each message is a 24-byte header, then its payload.
//
// | offset | size | field                                                            | a bad value is                     |
// |--------|------|------------------------------------------------------------------|------------------------------------|
// | 0      | 4    | network magic, in the byte order people write it                 | fatal                              |
// | 4      | 12   | message type, ASCII, padded with zeros                           | a rejected message                 |
// | 16     | 4    | payload length, uint32 little-endian                             | fatal above 4,000,000              |
// | 20     | 4    | first four bytes of the double SHA-256 of the payload            | a rejected message                 |
// | 24     | n    | payload                                                          | not looked at                      |
//
// Nothing is judged before all 24 bytes of a header are there, and a rejected message does not end the connection. What a
// payload means, and whether a type is known, is not looked at: see `../messages/`.
// Source: Bitcoin Core src/net.cpp, V1Transport; src/protocol.h, CMessageHeader.

import { Checksum, checksum32 } from '../hash.ts';
import { SockManError, invalidArg, outOfRange } from '../../util/errors/errors.ts';
import { requireSendablePayload } from './outbound-message.ts';
import { PayloadBuffer } from './payload-buffer.ts';
import { MAX_SHARED_PAYLOAD_BYTES, PayloadSlab } from './payload-slab.ts';
import type {
  BytesToSend,
  FatalTransportError,
  OutboundMessage,
  ReceivedMessage,
  RejectReason,
  Transport,
  TransportInfo,
} from './transport.ts';
import { FIRST_PART_BYTES, MAX_PROTOCOL_MESSAGE_BYTES, MESSAGE_OVERHEAD_BYTES } from './transport.ts';
import { MAX_TYPE_CHAR_V1, readTypeField, typeField } from './type-field.ts';
import { isBytes } from '../../util/bytes/is-bytes.ts';
import { releaseMemory } from '../../util/memory/release-memory.ts';

/** Size of the header, in bytes. */
export const V1_HEADER_BYTES = 24;

/** Size of the magic that tells networks apart, in bytes. */
export const MAGIC_BYTES = 4;

const TYPE_OFFSET = 4;
const LENGTH_OFFSET = 16;
const CHECKSUM_OFFSET = 20;

/**
 * Up to this many payload bytes are sent together with their header, in one array: copying them costs less than a second
 * call to the kernel. Longer payloads are sent from where they are.
 */
const MAX_JOINED_PAYLOAD_BYTES = 4_096;

/** In place of a payload length while the header is not complete. */
const NO_HEADER_YET = -1;

const NO_BYTES = new Uint8Array(0);
const INFO: TransportInfo = { transportType: 'v1', sessionId: undefined };

/**
 * The magic as a number: a connection that keeps it so needs no array of its own.
 *
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: it has not four bytes.
 */
export function magicWord(magic: Uint8Array): number {
  if (!isBytes(magic) || magic.length !== MAGIC_BYTES) {
    throw invalidArg('magic', `a Uint8Array of ${MAGIC_BYTES} bytes`, magic);
  }
  return readInt32LE(magic, 0);
}

function readInt32LE(bytes: Uint8Array, offset: number): number {
  return bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16) | (bytes[offset + 3]! << 24);
}

/** By hand: a `DataView` takes longer to make than a header to write. */
function writeInt32LE(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value >>> 16;
  bytes[offset + 3] = value >>> 24;
}

/** @see Transport for the contract of every method. */
export class V1Transport implements Transport {
  readonly #magicWord: number;

  // Receiving. Of a header only what is needed later is kept; one that comes in pieces is collected in #partialHeader.
  #partialHeader: Uint8Array | undefined;
  #partialHeaderBytes = 0;
  #receiveType: string | undefined;
  #payloadLength = NO_HEADER_YET;
  #announcedChecksum = 0;
  /** Collects a payload that is long or comes in pieces. */
  #payload: PayloadBuffer | undefined;
  /** Sums up a long payload as it comes, so that its end does not cost milliseconds at once. */
  #checksum: Checksum | undefined;
  readonly #smallPayloads = new PayloadSlab();
  #completePayload: Uint8Array | undefined;
  /** Whether the complete payload is what its header announced. One that is not is not kept. */
  #isIntact = false;
  #failure: FatalTransportError | undefined;

  // Sending. The message in flight is what is left of #sendFirst, then what is left of #sendSecond.
  #sendFirst: Uint8Array = NO_BYTES;
  #sendSecond: Uint8Array = NO_BYTES;
  #sendType = '';
  #sendMemoryBytes = 0;

  /** @param magic - The four bytes every message of the network begins with. Copied. */
  constructor(magic: Uint8Array) {
    this.#magicWord = magicWord(magic);
  }

  /** See `Transport.getInfo`. */
  getInfo(): TransportInfo {
    return INFO;
  }

  receivedBytes(bytes: Uint8Array, offset = 0): number | FatalTransportError {
    if (this.#failure !== undefined) return this.#failure;
    if (this.#completePayload !== undefined) return 0;
    let at = offset;
    if (this.#payloadLength === NO_HEADER_YET) {
      at = this.#takeHeader(bytes, at);
      if (this.#failure !== undefined) return this.#failure;
      if (this.#payloadLength === NO_HEADER_YET) return at - offset;
    }
    return this.#takePayload(bytes, at) - offset;
  }

  receivedMessageComplete(): boolean {
    return this.#completePayload !== undefined;
  }

  getReceivedMessage(timeMs: number): ReceivedMessage {
    const payload = this.#completePayload;
    if (payload === undefined) throw new SockManError('ERR_SOCKMAN_STATE', 'no message is complete');
    const type = this.#receiveType;
    let rejectReason: RejectReason | undefined;
    if (!this.#isIntact) rejectReason = 'checksum';
    else if (type === undefined) rejectReason = 'malformed type';

    const rawBytes = V1_HEADER_BYTES + this.#payloadLength;
    this.#payloadLength = NO_HEADER_YET;
    this.#completePayload = undefined;
    return { type: type ?? '', payload, timeMs, rawBytes, rejectReason };
  }

  setMessageToSend(message: OutboundMessage): boolean {
    if (this.#sendMemoryBytes > 0) return false;
    const { type, payload } = message;
    const field = typeField(type);
    requireSendablePayload(payload, message.maxBytes);
    const isJoined = payload.length <= MAX_JOINED_PAYLOAD_BYTES;
    const header = new Uint8Array(V1_HEADER_BYTES + (isJoined ? payload.length : 0));
    header.set(field, TYPE_OFFSET);
    writeInt32LE(header, 0, this.#magicWord);
    writeInt32LE(header, LENGTH_OFFSET, payload.length);
    writeInt32LE(header, CHECKSUM_OFFSET, message.checksum ?? checksum32(payload));
    if (isJoined) header.set(payload, V1_HEADER_BYTES);

    this.#sendFirst = header;
    this.#sendSecond = isJoined ? NO_BYTES : payload;
    this.#sendType = type;
    this.#sendMemoryBytes = payload.length + MESSAGE_OVERHEAD_BYTES;
    return true;
  }

  getBytesToSend(haveNextMessage: boolean): BytesToSend {
    if (this.#sendFirst.length > 0) {
      const more = haveNextMessage || this.#sendSecond.length > 0;
      return { toSend: this.#sendFirst, more, messageType: this.#sendType };
    }
    return { toSend: this.#sendSecond, more: haveNextMessage, messageType: this.#sendType };
  }

  markBytesSent(count: number): void {
    const isFirst = this.#sendFirst.length > 0;
    const piece = isFirst ? this.#sendFirst : this.#sendSecond;
    if (!Number.isInteger(count) || count < 0 || count > piece.length) {
      throw outOfRange('count', `an integer 0..${piece.length}`, count);
    }
    if (count === 0) return;
    const rest = count === piece.length ? NO_BYTES : piece.subarray(count);
    if (isFirst) this.#sendFirst = rest;
    else this.#sendSecond = rest;
    if (this.#sendFirst.length === 0 && this.#sendSecond.length === 0) {
      this.#sendType = '';
      this.#sendMemoryBytes = 0;
    }
  }

  getSendMemoryUsage(): number {
    return this.#sendMemoryBytes;
  }

  getReceiveMemoryUsage(): number {
    return this.#completePayload?.length ?? this.#payload?.filledBytes ?? 0;
  }

  dropReceived(): void {
    this.#payload?.release();
    this.#payload = undefined;
    if (this.#completePayload !== undefined) releaseMemory(this.#completePayload);
    this.#completePayload = undefined;
  }

  shouldReconnectV1(): boolean {
    return false;
  }

  /** Takes what the chunk has of a header, and judges it once it is complete. Returns where the rest begins. */
  #takeHeader(bytes: Uint8Array, at: number): number {
    if (this.#partialHeaderBytes === 0 && bytes.length - at >= V1_HEADER_BYTES) {
      this.#failure = this.#readHeader(bytes, at);
      return at + V1_HEADER_BYTES;
    }
    this.#smallPayloads.release();
    const piece = bytes.subarray(at, at + V1_HEADER_BYTES - this.#partialHeaderBytes);
    const header = (this.#partialHeader ??= new Uint8Array(V1_HEADER_BYTES));
    header.set(piece, this.#partialHeaderBytes);
    this.#partialHeaderBytes += piece.length;
    if (this.#partialHeaderBytes === V1_HEADER_BYTES) {
      this.#partialHeaderBytes = 0;
      this.#failure = this.#readHeader(header, 0);
    }
    return at + piece.length;
  }

  #readHeader(bytes: Uint8Array, offset: number): FatalTransportError | undefined {
    if (readInt32LE(bytes, offset) !== this.#magicWord) return { reason: 'wrong network magic' };
    const length = readInt32LE(bytes, offset + LENGTH_OFFSET) >>> 0;
    if (length > MAX_PROTOCOL_MESSAGE_BYTES) {
      return { reason: `announced payload of ${length} bytes, at most ${MAX_PROTOCOL_MESSAGE_BYTES} allowed` };
    }
    this.#payloadLength = length;
    this.#receiveType = readTypeField(bytes, offset + TYPE_OFFSET, MAX_TYPE_CHAR_V1);
    this.#announcedChecksum = readInt32LE(bytes, offset + CHECKSUM_OFFSET);
    return undefined;
  }

  /** Takes what the chunk has of the payload. Returns where the rest begins. */
  #takePayload(bytes: Uint8Array, at: number): number {
    const length = this.#payloadLength;
    if (this.#payload === undefined) {
      if (length <= MAX_SHARED_PAYLOAD_BYTES && length <= bytes.length - at) {
        this.#takeWhole(bytes, at, length);
        return at + length;
      }
      this.#smallPayloads.release();
      this.#payload = new PayloadBuffer(length);
      if (length > FIRST_PART_BYTES) this.#checksum = new Checksum();
    }
    const piece = bytes.subarray(at, at + this.#payload.missingBytes);
    this.#payload.append(piece);
    this.#checksum?.update(piece);
    if (this.#payload.missingBytes === 0) {
      this.#completePayload = this.#payload.finish();
      const checksum = this.#checksum === undefined ? checksum32(this.#completePayload) : this.#checksum.finish();
      this.#isIntact = checksum === this.#announcedChecksum;
      this.#payload = undefined;
      this.#checksum = undefined;
    }
    return at + piece.length;
  }

  /** Takes a payload that lies whole in the chunk: what is to be dropped is not even copied. */
  #takeWhole(bytes: Uint8Array, at: number, length: number): void {
    this.#isIntact = checksum32(bytes.subarray(at, at + length)) === this.#announcedChecksum;
    this.#completePayload = this.#isIntact ? this.#smallPayloads.copy(bytes, at, length, bytes.length - at) : NO_BYTES;
  }
}

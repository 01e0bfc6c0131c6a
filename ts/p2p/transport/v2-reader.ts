// Reads the packets of one direction from chunks of any size, and the messages out of the packets.
//
// A short packet that lies whole in a chunk is decrypted from there; one that comes in pieces is collected first. A
// long one is decrypted as it comes, see `v2-long-packet.ts`. Nothing is handed out before its tag was checked.

import { TAG_BYTES } from '../bip324/aead.ts';
import {
  DECOY_BIT,
  HEADER_BYTES,
  LENGTH_BYTES,
  MAX_SHORT_CONTENTS_BYTES,
  PACKET_OVERHEAD_BYTES,
} from '../bip324/packets.ts';
import type { PacketOpener } from '../bip324/packets.ts';
import { MAX_SHARED_PAYLOAD_BYTES, PayloadSlab } from './payload-slab.ts';
import { typeOfShortId } from './short-ids.ts';
import type { FatalTransportError, RejectReason } from './transport.ts';
import { MAX_PROTOCOL_MESSAGE_BYTES, MESSAGE_TYPE_BYTES } from './transport.ts';
import { MAX_TYPE_CHAR_V2, readTypeField } from './type-field.ts';
import { LongPacket } from './v2-long-packet.ts';

const SHORT_TYPE_BYTES = 1;
const LONG_TYPE_BYTES = 1 + MESSAGE_TYPE_BYTES;

/** Longest contents a packet may announce, decoys included, in bytes. Longer: fatal. (Bitcoin Core src/net.cpp) */
const MAX_CONTENTS_BYTES = LONG_TYPE_BYTES + MAX_PROTOCOL_MESSAGE_BYTES;

/** In place of a length while it has not come. */
const NO_LENGTH_YET = -1;

const NO_BYTES = new Uint8Array(0);

/** What a call of `read` ended with. */
export type ReadOutcome = 'incomplete' | 'decoy' | 'message' | 'failed';

/** What a packet that is not a decoy holds. */
export interface PacketMessage {
  readonly type: string;
  readonly payload: Uint8Array;
  /** Bytes of the packet on the wire. */
  readonly rawBytes: number;
  readonly rejectReason: RejectReason | undefined;
}

export class PacketReader {
  readonly #opener: PacketOpener;
  /** Associated data of the next packet: the garbage for the first, then nothing. */
  #aad: Uint8Array;
  #sealedLength = 0;
  #sealedLengthBytes = 0;
  #contentsBytes = NO_LENGTH_YET;
  /** A short packet that comes in pieces: header, contents and tag. */
  #collected: Uint8Array | undefined;
  #collectedBytes = 0;
  #long: LongPacket | undefined;
  readonly #smallPayloads = new PayloadSlab();
  #outcome: ReadOutcome = 'incomplete';
  #message: PacketMessage | undefined;
  #failure: FatalTransportError | undefined;

  /** @param garbage - What the first packet authenticates. Kept until then. */
  constructor(opener: PacketOpener, garbage: Uint8Array) {
    this.#opener = opener;
    this.#aad = garbage;
  }

  /** How the last call of `read` ended. After `failed` the reader is of no further use. */
  get outcome(): ReadOutcome {
    return this.#outcome;
  }

  /** The message, after the outcome `message`; once, so that the reader does not hold on to a payload. */
  takeMessage(): PacketMessage | undefined {
    const message = this.#message;
    this.#message = undefined;
    return message;
  }

  /** Bytes held of a packet that is not complete. */
  get heldBytes(): number {
    return this.#collected?.length ?? this.#long?.heldBytes ?? 0;
  }

  /** Frees what is held of a packet whose rest will not come. The reader is of no further use. */
  dropPacket(): void {
    this.#long?.release();
    this.#long = undefined;
    this.#collected = undefined;
  }

  get failure(): FatalTransportError | undefined {
    return this.#failure;
  }

  /** Takes bytes from `at` on up to the end of one packet. Returns where the rest begins. */
  read(bytes: Uint8Array, at: number): number {
    this.#outcome = 'incomplete';
    const next = this.#readPacket(bytes, at);
    if (next === bytes.length) this.#smallPayloads.release();
    return next;
  }

  #readPacket(bytes: Uint8Array, at: number): number {
    let next = at;
    if (this.#contentsBytes === NO_LENGTH_YET) {
      next = this.#readLength(bytes, next);
      if (this.#contentsBytes === NO_LENGTH_YET || this.#failure !== undefined) return next;
    }
    return this.#contentsBytes > MAX_SHORT_CONTENTS_BYTES ? this.#readLong(bytes, next) : this.#readShort(bytes, next);
  }

  #readLength(bytes: Uint8Array, at: number): number {
    let next = at;
    while (this.#sealedLengthBytes < LENGTH_BYTES) {
      if (next === bytes.length) return next;
      this.#sealedLength |= bytes[next++]! << (8 * this.#sealedLengthBytes++);
    }
    // Once per packet: the length cipher advances with every call.
    this.#contentsBytes = this.#opener.openLength(this.#sealedLength);
    this.#sealedLength = 0;
    this.#sealedLengthBytes = 0;
    if (this.#contentsBytes > MAX_CONTENTS_BYTES) {
      this.#fail(`packet announces ${this.#contentsBytes} bytes, at most ${MAX_CONTENTS_BYTES} allowed`);
    }
    return next;
  }

  #readShort(bytes: Uint8Array, at: number): number {
    const sealedBytes = HEADER_BYTES + this.#contentsBytes + TAG_BYTES;
    if (this.#collected === undefined) {
      if (bytes.length - at >= sealedBytes) {
        this.#openShort(bytes, at);
        return at + sealedBytes;
      }
      this.#collected = new Uint8Array(sealedBytes);
      this.#collectedBytes = 0;
    }
    const piece = bytes.subarray(at, at + sealedBytes - this.#collectedBytes);
    this.#collected.set(piece, this.#collectedBytes);
    this.#collectedBytes += piece.length;
    if (this.#collectedBytes === sealedBytes) {
      this.#openShort(this.#collected, 0);
      this.#collected = undefined;
    }
    return at + piece.length;
  }

  #openShort(sealed: Uint8Array, at: number): void {
    const contentsBytes = this.#contentsBytes;
    const text = this.#opener.openShort(this.#aad, sealed, at, contentsBytes);
    this.#endPacket();
    if (text === undefined) return this.#fail('packet authentication failed');
    if ((text[0]! & DECOY_BIT) !== 0) {
      this.#outcome = 'decoy';
      return;
    }
    const restBytes = sealed.length - at;
    this.#accept(text, contentsBytes, (start) => this.#copyOf(text, start, contentsBytes, restBytes));
  }

  #readLong(bytes: Uint8Array, at: number): number {
    const contentsBytes = this.#contentsBytes;
    this.#long ??= new LongPacket(this.#opener.openLong(this.#aad, contentsBytes), contentsBytes);
    const next = this.#long.read(bytes, at);
    if (!this.#long.isComplete) return next;
    const packet = this.#long;
    this.#long = undefined;
    this.#endPacket();
    if (!packet.isAuthentic()) this.#fail('packet authentication failed');
    else if (packet.isDecoy) this.#outcome = 'decoy';
    else this.#accept(packet.start, contentsBytes, (start) => packet.textFrom(start));
    return next;
  }

  #endPacket(): void {
    this.#aad = NO_BYTES;
    this.#contentsBytes = NO_LENGTH_YET;
  }

  #fail(reason: string): void {
    this.#outcome = 'failed';
    this.#failure = { reason };
  }

  /**
   * @param text - Header byte and contents, at least as far as the type can reach.
   * @param payloadFrom - Gives the text from some place on, for the message to own.
   */
  #accept(text: Uint8Array, contentsBytes: number, payloadFrom: (start: number) => Uint8Array): void {
    let type: string | undefined;
    let rejectReason: RejectReason | undefined;
    let typeBytes = SHORT_TYPE_BYTES;
    if (contentsBytes === 0) rejectReason = 'empty contents';
    else if (text[HEADER_BYTES] !== 0) {
      type = typeOfShortId(text[HEADER_BYTES]!);
      if (type === undefined) rejectReason = 'unknown short id';
    } else {
      typeBytes = LONG_TYPE_BYTES;
      if (contentsBytes >= LONG_TYPE_BYTES) type = readTypeField(text, HEADER_BYTES + 1, MAX_TYPE_CHAR_V2);
      if (type === undefined) rejectReason = 'malformed type';
    }
    const payload = type === undefined ? NO_BYTES : payloadFrom(HEADER_BYTES + typeBytes);
    this.#outcome = 'message';
    this.#message = { type: type ?? '', payload, rawBytes: contentsBytes + PACKET_OVERHEAD_BYTES, rejectReason };
  }

  /** A copy of the text from `start` on, for the message to own. */
  #copyOf(text: Uint8Array, start: number, contentsBytes: number, restBytes: number): Uint8Array {
    const length = HEADER_BYTES + contentsBytes - start;
    return length <= MAX_SHARED_PAYLOAD_BYTES
      ? this.#smallPayloads.copy(text, start, length, restBytes)
      : text.slice(start, start + length);
  }
}

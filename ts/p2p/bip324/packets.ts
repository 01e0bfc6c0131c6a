// BIP 324 packets: an encrypted length, then an encrypted header byte and contents, then a tag.
//
// | offset | size | field                                                                                 |
// | ------ | ---- | ------------------------------------------------------------------------------------- |
// | 0      | 3    | length of the contents, little-endian, FSChaCha20                                     |
// | 3      | 1    | header: bit 7 marks a decoy, the others are sent as 0 and ignored; FSChaCha20Poly1305 |
// | 4      | n    | contents                                                                              |
// | 4 + n  | 16   | tag over header, contents and associated data                                         |
//
// What contents mean and how long they may be is for the transport. Source: BIP 324, "Packet encoding".

import { TAG_BYTES } from './aead.ts';
import type { LongOpener, LongSealer } from './aead.ts';
import { MAX_SHORT_TEXT_BYTES } from './chacha-kernel.ts';
import { FSChaCha20, FSChaCha20Poly1305 } from './forward-secure.ts';

export const LENGTH_BYTES = 3;
export const HEADER_BYTES = 1;
/** What a packet takes on the wire beyond its contents, in bytes. */
export const PACKET_OVERHEAD_BYTES = LENGTH_BYTES + HEADER_BYTES + TAG_BYTES;
/** Longest contents of the one-call functions, in bytes. Longer ones go in pieces. */
export const MAX_SHORT_CONTENTS_BYTES = MAX_SHORT_TEXT_BYTES - HEADER_BYTES;

/** The header bit of a packet that is to be dropped once it is authenticated. */
export const DECOY_BIT = 0x80;

/** Encrypts the packets of one direction, in order. */
export class PacketSealer {
  readonly #lengths: FSChaCha20;
  readonly #packets: FSChaCha20Poly1305;

  /** Both keys are 32 bytes, copied. */
  constructor(lengthKey: Uint8Array, packetKey: Uint8Array) {
    this.#lengths = new FSChaCha20(lengthKey);
    this.#packets = new FSChaCha20Poly1305(packetKey);
  }

  /**
   * Encrypts a packet into `out`, from its start, `PACKET_OVERHEAD_BYTES` more than its contents.
   *
   * @param head - Header byte and the beginning of the contents.
   * @param body - The rest of the contents; all of them at most `MAX_SHORT_CONTENTS_BYTES`.
   */
  sealShort(aad: Uint8Array, head: Uint8Array, body: Uint8Array, out: Uint8Array): void {
    this.#sealLength(head.length - HEADER_BYTES + body.length, out);
    this.#packets.sealShort(aad, head, body, out, LENGTH_BYTES);
  }

  /**
   * Starts a packet that is encrypted in pieces: header byte and contents go through the returned sealer.
   *
   * @param out - Receives the three bytes of the length.
   */
  sealLong(aad: Uint8Array, contentsBytes: number, out: Uint8Array): LongSealer {
    this.#sealLength(contentsBytes, out);
    return this.#packets.sealLong(aad, HEADER_BYTES + contentsBytes);
  }

  #sealLength(contentsBytes: number, out: Uint8Array): void {
    const sealed = this.#lengths.cryptUint24(contentsBytes);
    out[0] = sealed;
    out[1] = sealed >> 8;
    out[2] = sealed >> 16;
  }
}

/** Decrypts the packets of one direction, in order: for each the length, once, and then the rest, once. */
export class PacketOpener {
  readonly #lengths: FSChaCha20;
  readonly #packets: FSChaCha20Poly1305;

  /** Both keys are 32 bytes, copied. */
  constructor(lengthKey: Uint8Array, packetKey: Uint8Array) {
    this.#lengths = new FSChaCha20(lengthKey);
    this.#packets = new FSChaCha20Poly1305(packetKey);
  }

  /**
   * Decrypts a length.
   *
   * @param sealed - The three bytes as a little-endian number.
   * @returns Length of the contents, 0..2^24-1. Not authenticated: a changed bit shows when the packet is opened.
   */
  openLength(sealed: number): number {
    return this.#lengths.cryptUint24(sealed);
  }

  /**
   * Decrypts what follows the length.
   *
   * @param sealed - Header, contents and tag, `contentsBytes + 17` bytes from `at` on.
   * @param contentsBytes - At most `MAX_SHORT_CONTENTS_BYTES`.
   * @returns Header and contents, in the first `contentsBytes + 1` bytes of what is lent until any packet is sealed or
   *   opened; undefined if the tag is wrong.
   */
  openShort(aad: Uint8Array, sealed: Uint8Array, at: number, contentsBytes: number): Uint8Array | undefined {
    return this.#packets.openShort(aad, sealed, at, HEADER_BYTES + contentsBytes);
  }

  /** Starts to decrypt what follows the length in pieces: header, contents, and at last the tag. */
  openLong(aad: Uint8Array, contentsBytes: number): LongOpener {
    return this.#packets.openLong(aad, HEADER_BYTES + contentsBytes);
  }
}

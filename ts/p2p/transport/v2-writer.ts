// Makes the packets of one direction out of messages, piece by piece as they are sent.
//
// A short message is encrypted at once. A long one is encrypted as the socket takes it: a block on its way to many
// peers then costs each of them one piece of memory, and the payload is there once for all. Either way the message has
// its place in the sequence of packets from the start and must go out whole.

import type { LongSealer } from '../bip324/aead.ts';
import { HEADER_BYTES, LENGTH_BYTES, MAX_SHORT_CONTENTS_BYTES, PACKET_OVERHEAD_BYTES } from '../bip324/packets.ts';
import type { PacketSealer } from '../bip324/packets.ts';
import { packetHead } from './short-ids.ts';
import type { OutboundMessage } from './transport.ts';
import { MAX_STEP_BYTES } from './v2-long-packet.ts';

const NO_BYTES = new Uint8Array(0);

export class PacketWriter {
  readonly #sealer: PacketSealer;
  /** The message of which there is more to encrypt. */
  #long: { sealer: LongSealer; payload: Uint8Array; offset: number } | undefined;

  constructor(sealer: PacketSealer) {
    this.#sealer = sealer;
  }

  /** Whether `nextPiece` has another piece. */
  get hasNextPiece(): boolean {
    return this.#long !== undefined;
  }

  /**
   * Starts a message; the one before must be through. Returns its first piece.
   *
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: bad type. Nothing was started then.
   */
  start({ type, payload }: OutboundMessage): Uint8Array {
    const head = packetHead(type);
    const contentsBytes = head.length - HEADER_BYTES + payload.length;
    if (contentsBytes <= MAX_SHORT_CONTENTS_BYTES) {
      const packet = Buffer.allocUnsafe(contentsBytes + PACKET_OVERHEAD_BYTES);
      this.#sealer.sealShort(NO_BYTES, head, payload, packet);
      return packet;
    }
    const length = new Uint8Array(LENGTH_BYTES);
    const sealer = this.#sealer.sealLong(NO_BYTES, contentsBytes, length);
    const sealedHead = sealer.update(head);
    this.#long = { sealer, payload, offset: 0 };
    return Buffer.concat([length, sealedHead, this.nextPiece()]);
  }

  /** Encrypts the next piece of the message; only while `hasNextPiece`. */
  nextPiece(): Uint8Array {
    if (this.#long === undefined) return NO_BYTES;
    const { sealer, payload, offset } = this.#long;
    const end = Math.min(payload.length, offset + MAX_STEP_BYTES);
    const sealed = sealer.update(payload.subarray(offset, end));
    this.#long.offset = end;
    if (end < payload.length) return sealed;
    this.#long = undefined;
    return Buffer.concat([sealed, sealer.finish()]);
  }
}

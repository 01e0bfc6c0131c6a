// The two ciphers of BIP 324 that change their key every 224 packets: FSChaCha20 for lengths, FSChaCha20Poly1305 for
// packets.
//
// Each object serves one direction of one connection and must see every packet of it, in order. An old key cannot be
// computed from its successor, so what leaks later does not open earlier traffic.
//
// Source: BIP 324, "Overview of cipher"; Bitcoin Core src/crypto/chacha20.h, chacha20poly1305.h.

import { KEYED_BYTES, KEY_BYTES, keystream, openLong, openShort, sealLong, sealShort } from './aead.ts';
import type { LongOpener, LongSealer } from './aead.ts';
import { STREAM_STEP_BYTES } from './chacha-kernel.ts';

/** Packets encrypted under one key. (REKEY_INTERVAL, Bitcoin Core src/bip324.h) */
const REKEY_INTERVAL = 224;

/** The packet index in the nonce that a new key is made with; no packet has it. */
const REKEY_PACKET_INDEX = 0xffff_ffff;

const BLOCKS_PER_STEP = STREAM_STEP_BYTES / 64;

/** Where the number of earlier keys is, behind the packet index of the nonce. */
const EPOCH_AT = KEY_BYTES + 4;

/** A ChaCha20 keystream that runs on across chunks. */
export class FSChaCha20 {
  readonly #key: EpochKey;
  readonly #rekeyInterval: number;
  readonly #stream = new Uint8Array(STREAM_STEP_BYTES);
  #streamOffset = STREAM_STEP_BYTES;
  #blockCounter = 0;
  #chunkCount = 0;

  /**
   * @param key - 32 bytes, copied.
   * @param rekeyInterval - Chunks per key. Default 224.
   */
  constructor(key: Uint8Array, rekeyInterval: number = REKEY_INTERVAL) {
    this.#key = new EpochKey(key);
    this.#rekeyInterval = rekeyInterval;
  }

  /** Encrypts or decrypts one chunk. */
  crypt(chunk: Uint8Array): Uint8Array {
    const result = chunk.map((byte) => byte ^ this.#nextByte());
    this.#endChunk();
    return result;
  }

  /** Encrypts or decrypts one chunk of three bytes, given and returned as a little-endian number. */
  cryptUint24(value: number): number {
    const mask = this.#nextByte() | (this.#nextByte() << 8) | (this.#nextByte() << 16);
    this.#endChunk();
    return value ^ mask;
  }

  #nextByte(): number {
    if (this.#streamOffset === STREAM_STEP_BYTES) {
      keystream(this.#key.bytes, this.#blockCounter, this.#stream);
      this.#blockCounter += BLOCKS_PER_STEP;
      this.#streamOffset = 0;
    }
    return this.#stream[this.#streamOffset++]!;
  }

  #endChunk(): void {
    if (++this.#chunkCount < this.#rekeyInterval) return;
    for (let i = 0; i < KEY_BYTES; i++) this.#key.bytes[i] = this.#nextByte();
    this.#chunkCount = 0;
    this.#key.startNextEpoch();
    this.#blockCounter = 0;
    this.#stream.fill(0);
    this.#streamOffset = STREAM_STEP_BYTES;
  }
}

/** An AEAD whose nonce counts packets. Every call consumes one, whether its tag was right or not. */
export class FSChaCha20Poly1305 {
  readonly #key: EpochKey;
  readonly #rekeyInterval: number;
  #packetCount = 0;

  /**
   * @param key - 32 bytes, copied.
   * @param rekeyInterval - Packets per key. Default 224.
   */
  constructor(key: Uint8Array, rekeyInterval: number = REKEY_INTERVAL) {
    this.#key = new EpochKey(key);
    this.#rekeyInterval = rekeyInterval;
  }

  /** Encrypts the next packet, `head || body`, as `sealShort` does. */
  sealShort(aad: Uint8Array, head: Uint8Array, body: Uint8Array, out: Uint8Array, at: number): void {
    sealShort(this.#key.bytes, aad, head, body, out, at);
    this.#endPacket();
  }

  /** Decrypts the next packet, as `openShort` does. */
  openShort(aad: Uint8Array, sealed: Uint8Array, at: number, textBytes: number): Uint8Array | undefined {
    const text = openShort(this.#key.bytes, aad, sealed, at, textBytes);
    this.#endPacket(); // Leaves the lent text alone.
    return text;
  }

  /** Starts the next packet, to be encrypted in pieces. */
  sealLong(aad: Uint8Array, textBytes: number): LongSealer {
    const sealer = sealLong(this.#key.bytes, aad, textBytes);
    this.#endPacket();
    return sealer;
  }

  /** Starts the next packet, to be decrypted in pieces. */
  openLong(aad: Uint8Array, textBytes: number): LongOpener {
    const opener = openLong(this.#key.bytes, aad, textBytes);
    this.#endPacket();
    return opener;
  }

  #endPacket(): void {
    if (++this.#packetCount < this.#rekeyInterval) {
      this.#key.setPacketIndex(this.#packetCount);
      return;
    }
    // The first 32 bytes of the encryption of zeros under a nonce of its own: keystream from block 1 on.
    this.#key.setPacketIndex(REKEY_PACKET_INDEX);
    const stream = new Uint8Array(STREAM_STEP_BYTES);
    keystream(this.#key.bytes, 1, stream);
    this.#key.bytes.set(stream.subarray(0, KEY_BYTES));
    stream.fill(0);
    this.#packetCount = 0;
    this.#key.startNextEpoch();
  }
}

/** A key of either cipher, and behind it the nonce: packet index, 4 bytes, then the number of earlier keys, 8 bytes, both little-endian. */
class EpochKey {
  // Written byte by byte: a DataView would cost each connection four buffers outside of the JavaScript heap.
  readonly bytes = new Uint8Array(KEYED_BYTES);
  #epoch = 0;

  /** @param key - 32 bytes, copied. */
  constructor(key: Uint8Array) {
    this.bytes.set(key);
  }

  setPacketIndex(packetIndex: number): void {
    this.#write(KEY_BYTES, packetIndex);
  }

  startNextEpoch(): void {
    this.setPacketIndex(0);
    this.#epoch++;
    this.#write(EPOCH_AT, this.#epoch);
    this.#write(EPOCH_AT + 4, Math.floor(this.#epoch / 2 ** 32));
  }

  /** Writes the low 32 bits of a number. */
  #write(at: number, value: number): void {
    const { bytes } = this;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
  }
}

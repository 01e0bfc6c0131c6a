// One direction of an encrypted channel: a key and the number of the next message.
//
// ChaCha20-Poly1305 (RFC 8439) with a 16-byte tag behind the ciphertext. The nonce is four zero bytes and the number,
// little-endian. The largest number is reserved. Source: Noise Protocol Framework, revision 38, section 5.1.

import { createCipheriv, createDecipheriv } from 'node:crypto';
import { SockManError } from '../../util/errors/errors.ts';

/** Length of a key, in bytes. */
export const KEY_BYTES = 32;

/** Bytes that encryption adds to a message. */
export const TAG_BYTES = 16;

const ALGORITHM = 'chacha20-poly1305';
const OPTIONS = { authTagLength: TAG_BYTES } as const;
const NONCE_BYTES = 12;
const COUNTER_OFFSET = 4;

/** The number that Noise reserves: no message has it. */
const RESERVED_COUNTER = 0xffff_ffff_ffff_ffffn;

const NO_BYTES = new Uint8Array(0);

/** Encrypts or decrypts the messages of one direction; one object never does both. */
export class CipherState {
  readonly #key: Uint8Array;
  readonly #nonce = new Uint8Array(NONCE_BYTES);
  readonly #nonceView = new DataView(this.#nonce.buffer);
  /** The number of the next message, in two halves: a bigint would be allocated for each message. */
  #counterLow: number;
  #counterHigh: number;

  /**
   * @param key - 32 bytes. Copied.
   * @param counter - Number of the first message.
   */
  constructor(key: Uint8Array, counter = 0n) {
    this.#key = Uint8Array.from(key);
    this.#counterLow = Number(counter & 0xffff_ffffn);
    this.#counterHigh = Number(counter >> 32n);
  }

  /** The number of the next message. */
  get counter(): bigint {
    return (BigInt(this.#counterHigh) << 32n) | BigInt(this.#counterLow);
  }

  /**
   * Encrypts one message, and returns ciphertext and tag as separate arrays.
   *
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: all numbers are used up.
   */
  seal(text: Uint8Array, associatedData: Uint8Array = NO_BYTES): readonly [ciphertext: Uint8Array, tag: Uint8Array] {
    const cipher = createCipheriv(ALGORITHM, this.#key, this.#nextNonce(), OPTIONS);
    if (associatedData.length > 0) cipher.setAAD(associatedData, { plaintextLength: text.length });
    const ciphertext = cipher.update(text);
    cipher.final();
    this.#advance();
    return [ciphertext, cipher.getAuthTag()];
  }

  /** Encrypts one message: `text.length + TAG_BYTES` bytes. */
  encrypt(text: Uint8Array, associatedData: Uint8Array = NO_BYTES): Uint8Array {
    return Buffer.concat(this.seal(text, associatedData));
  }

  /**
   * Decrypts one message.
   *
   * @returns Undefined if the tag is wrong or missing. The number is then unchanged, and the channel must end.
   */
  decrypt(sealed: Uint8Array, associatedData: Uint8Array = NO_BYTES): Uint8Array | undefined {
    const textBytes = sealed.length - TAG_BYTES;
    if (textBytes < 0) return undefined;
    const decipher = createDecipheriv(ALGORITHM, this.#key, this.#nextNonce(), OPTIONS);
    if (associatedData.length > 0) decipher.setAAD(associatedData, { plaintextLength: textBytes });
    const text = decipher.update(sealed.subarray(0, textBytes));
    decipher.setAuthTag(sealed.subarray(textBytes));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    this.#advance();
    return text;
  }

  /** Overwrites the key. The object is unusable afterwards. */
  wipe(): void {
    this.#key.fill(0);
  }

  #nextNonce(): Uint8Array {
    if (this.#counterLow === 0xffff_ffff && this.counter === RESERVED_COUNTER) {
      throw new SockManError('ERR_SOCKMAN_STATE', 'all nonces of this key are used up');
    }
    this.#nonceView.setUint32(COUNTER_OFFSET, this.#counterLow, true);
    this.#nonceView.setUint32(COUNTER_OFFSET + 4, this.#counterHigh, true);
    return this.#nonce;
  }

  #advance(): void {
    this.#counterLow = (this.#counterLow + 1) >>> 0;
    if (this.#counterLow === 0) this.#counterHigh++;
  }
}

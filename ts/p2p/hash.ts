// SHA-256 as the Bitcoin wire format uses it, over node:crypto.
//
// Hashes are 32 bytes in the order they were computed; people are shown them reversed (`hashToHex`), which makes the
// leading zeros of a block hash stand in front.

import * as crypto from 'node:crypto';

import { invalidArg } from '../util/errors/errors.ts';

/** Length of a hash, in bytes. */
export const HASH_BYTES = 32;

/**
 * The digest in one call, which costs a fifth of a hash object; absent before Node 20.12. Asked for as a string of one
 * character per byte, because making a Buffer for the result costs twice as much as the hash of a small message.
 * (measured in bench/cases/programs/p2p-v1.mjs)
 */
const oneShotHash: typeof crypto.hash | undefined = crypto.hash;

/** Carries the first digest to the second. Its content means nothing between calls. */
const firstDigest = new Uint8Array(HASH_BYTES);

function sha256Latin1(bytes: Uint8Array): string {
  return oneShotHash === undefined
    ? crypto.createHash('sha256').update(bytes).digest('binary')
    : oneShotHash('sha256', bytes, 'binary');
}

function doubleSha256Latin1(bytes: Uint8Array): string {
  return sha256Latin1(copyLatin1(sha256Latin1(bytes), firstDigest));
}

/** By hand: for so few characters, `Buffer.write` takes longer than the copy. */
function copyLatin1(text: string, target: Uint8Array): Uint8Array {
  for (let i = 0; i < text.length; i++) target[i] = text.charCodeAt(i);
  return target;
}

function firstFourBytes(text: string): number {
  return text.charCodeAt(0) | (text.charCodeAt(1) << 8) | (text.charCodeAt(2) << 16) | (text.charCodeAt(3) << 24);
}

/** SHA-256 of some bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return copyLatin1(sha256Latin1(bytes), new Uint8Array(HASH_BYTES));
}

/** SHA-256 of the SHA-256 of some bytes: block hashes, transaction ids, checksums. */
export function doubleSha256(bytes: Uint8Array): Uint8Array {
  return copyLatin1(doubleSha256Latin1(bytes), new Uint8Array(HASH_BYTES));
}

/** The checksum of no bytes, which half of the messages of a handshake have for payload. */
const CHECKSUM_OF_NOTHING = 0xe2e0_f65d | 0;

/** The first four bytes of the double SHA-256, as a signed little-endian number: the checksum of a V1 message. */
export function checksum32(bytes: Uint8Array): number {
  return bytes.length === 0 ? CHECKSUM_OF_NOTHING : firstFourBytes(doubleSha256Latin1(bytes));
}

/** `checksum32` of bytes that come in pieces. */
export class Checksum {
  readonly #hash = crypto.createHash('sha256');

  /** Adds the next piece. Lent for the call. */
  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** Ends the sum. Callable once. */
  finish(): number {
    return firstFourBytes(sha256Latin1(copyLatin1(this.#hash.digest('binary'), firstDigest)));
  }
}

/** A hash as people write it: 64 hex digits, bytes reversed. */
export function hashToHex(hash: Uint8Array): string {
  return Buffer.from(hash).reverse().toString('hex');
}

/**
 * Reads a hash as people write it.
 *
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not 64 hex digits.
 */
export function hashFromHex(text: string): Uint8Array {
  if (!/^[0-9a-fA-F]{64}$/.test(text)) throw invalidArg('text', '64 hex digits', text);
  return new Uint8Array(Buffer.from(text, 'hex').reverse());
}

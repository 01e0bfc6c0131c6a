// The keys that a server keeps: the static key, which it uses in each handshake, and the authority key, which signs it.
//
// Both live for months, and every client can measure how long their use takes. So none of the arithmetic here is our own:
// OpenSSL multiplies (its ladder takes the same time for every key, and a third of the time of @noble/curves), and
// @noble/curves signs, and multiplies where the runtime's OpenSSL lacks the curve (Bun, Deno, Electron). Ephemeral keys live
// for one handshake and are those of `p2p/bip324`. The reasons are in docs/decisions/cryptography.md.

import { createECDH } from 'node:crypto';
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { decodeX, encodeX } from '../../p2p/bip324/ellswift.ts';
import type { RandomBytes } from '../../p2p/bip324/ellswift.ts';
import { secretOfX } from '../../p2p/bip324/key-schedule.ts';
import { outOfRange } from '../../util/errors/errors.ts';
import { signCertificate } from './certificate.ts';
import type { Validity } from './certificate.ts';

export const PRIVATE_KEY_BYTES = 32;

/** First byte of a compressed point whose Y is even. The X of a product does not depend on the sign of Y. */
const EVEN_Y = 0x02;

/** Whether 32 bytes are a private key: a number from 1 to the order of the group less 1. */
export function isPrivateKey(bytes: Uint8Array): boolean {
  return secp256k1.utils.isValidSecretKey(Uint8Array.from(bytes));
}

function requirePrivateKey(name: string, bytes: Uint8Array): Uint8Array {
  // The value is secret: the error names only its length.
  if (!isPrivateKey(bytes)) throw outOfRange(name, 'a private key of 32 bytes', `${bytes.length} bytes`);
  return Uint8Array.from(bytes);
}

/** Multiplies a point, in compressed form, by a private key: the X coordinate of the product, 32 bytes. */
type Multiply = (point: Uint8Array) => Uint8Array;

function multiplierOf(privateKey: Uint8Array): Multiply {
  try {
    const ecdh = createECDH('secp256k1');
    ecdh.setPrivateKey(privateKey);
    return (point) => ecdh.computeSecret(point);
  } catch {
    return (point) => secp256k1.getSharedSecret(privateKey, Uint8Array.from(point)).subarray(1);
  }
}

/** A server's key for handshakes. */
export class StaticKey {
  readonly #multiply: Multiply;
  /** X coordinate of the public key, 32 bytes. */
  readonly x: Uint8Array;

  /**
   * @param privateKey - 32 bytes. Copied.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: not a private key.
   */
  constructor(privateKey: Uint8Array) {
    const ours = requirePrivateKey('privateKey', privateKey);
    this.#multiply = multiplierOf(ours);
    this.x = schnorr.getPublicKey(ours);
  }

  /**
   * Draws an encoding of the public key, 64 bytes: a different one for each connection, so that connections cannot be
   * linked.
   */
  drawEncoding(random: RandomBytes): Uint8Array {
    return encodeX(this.x, random);
  }

  /**
   * The secret that this key shares with a client's ephemeral key, 32 bytes.
   *
   * @param initiator - The client's encoding as it was on the wire, 64 bytes.
   * @param encoding - Ours, as it goes over the wire.
   */
  sharedSecret(initiator: Uint8Array, encoding: Uint8Array): Uint8Array {
    const theirPoint = Buffer.concat([Uint8Array.of(EVEN_Y), decodeX(initiator)]);
    return secretOfX(initiator, encoding, this.#multiply(theirPoint));
  }
}

/** The key that signs a server's static key; clients are configured with its public part. */
export class AuthorityKey {
  readonly #privateKey: Uint8Array;
  /** X coordinate of the public key, 32 bytes. */
  readonly x: Uint8Array;

  /**
   * @param privateKey - 32 bytes. Copied.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: not a private key.
   */
  constructor(privateKey: Uint8Array) {
    this.#privateKey = requirePrivateKey('privateKey', privateKey);
    this.x = schnorr.getPublicKey(this.#privateKey);
  }

  /** Signs a static key for a time: a certificate of 74 bytes. */
  certify(staticKey: StaticKey, validity: Validity, random: RandomBytes): Uint8Array {
    return signCertificate(this.#privateKey, staticKey.x, validity, random(PRIVATE_KEY_BYTES));
  }
}

// The certificate of a server: its authority's signature on its static key, for a limited time.
//
// | offset | type      | field            |                                                                       |
// |--------|-----------|------------------|-----------------------------------------------------------------------|
// | 0      | U16       | version          | 0                                                                     |
// | 2      | U32       | valid_from       | Unix seconds, inclusive                                               |
// | 6      | U32       | not_valid_after  | Unix seconds, inclusive                                               |
// | 10     | SIGNATURE | signature        | BIP 340, over SHA-256(bytes 0 to 9, then the static key's X, 32 bytes)|
//
// Source: Stratum V2 specification, section 4.5.2 (SIGNATURE_NOISE_MESSAGE); BIP 340.

import { schnorr } from '@noble/curves/secp256k1.js';
import { ByteReader, ByteWriter } from '../../util/bytes/bytes.ts';
import { sha256 } from './symmetric-state.ts';

export const CERTIFICATE_BYTES = 74;

const SIGNED_BYTES = 10;
const SIGNATURE_BYTES = 64;
const VERSION = 0;

/** Largest time in a certificate, in Unix seconds. */
export const MAX_CERTIFICATE_TIME = 0xffff_ffff;

/** Allowed difference of both sides' clocks, in seconds. (The reference implementation allows as much.) */
export const DEFAULT_CLOCK_LEEWAY_SECONDS = 10;

/** Start and end of a certificate's validity, in Unix seconds, both inclusive. */
export interface Validity {
  readonly validFrom: number;
  readonly notValidAfter: number;
}

/** Why a client refuses a certificate. */
export type CertificateFault = 'version' | 'not yet valid' | 'expired' | 'not signed by the authority of the URL';

function clampTime(seconds: number): number {
  return Math.min(Math.max(Math.trunc(seconds), 0), MAX_CERTIFICATE_TIME);
}

/**
 * Signs a static key: 74 bytes.
 *
 * @param authorityKey - Private key of the authority, 32 bytes.
 * @param staticX - X coordinate of the static key, 32 bytes.
 * @param validity - Clamped to what 32 bits hold.
 * @param auxiliary - 32 fresh random bytes, which BIP 340 asks for against side channels.
 */
export function signCertificate(
  authorityKey: Uint8Array,
  staticX: Uint8Array,
  validity: Validity,
  auxiliary: Uint8Array,
): Uint8Array {
  const writer = new ByteWriter(CERTIFICATE_BYTES)
    .uint16LE(VERSION)
    .uint32LE(clampTime(validity.validFrom))
    .uint32LE(clampTime(validity.notValidAfter));
  const digest = sha256(writer.written(), staticX);
  return writer.bytes(schnorr.sign(digest, authorityKey, auxiliary)).finish();
}

/**
 * Checks a certificate.
 *
 * @param staticX - X coordinate of the key that the server used.
 * @param authorityX - X coordinate of the authority's public key.
 * @param nowSeconds - Unix time.
 * @returns Undefined if it is valid.
 */
export function checkCertificate(
  certificate: Uint8Array,
  staticX: Uint8Array,
  authorityX: Uint8Array,
  nowSeconds: number,
  leewaySeconds: number,
): CertificateFault | undefined {
  const reader = new ByteReader(certificate);
  if (reader.uint16LE() !== VERSION) return 'version';
  if (nowSeconds < reader.uint32LE() - leewaySeconds) return 'not yet valid';
  if (nowSeconds > reader.uint32LE() + leewaySeconds) return 'expired';
  const digest = sha256(certificate.subarray(0, SIGNED_BYTES), staticX);
  return isSignatureValid(reader.bytes(SIGNATURE_BYTES), digest, authorityX)
    ? undefined
    : 'not signed by the authority of the URL';
}

function isSignatureValid(signature: Uint8Array, digest: Uint8Array, publicX: Uint8Array): boolean {
  try {
    return schnorr.verify(Uint8Array.from(signature), Uint8Array.from(digest), Uint8Array.from(publicX));
  } catch {
    return false;
  }
}

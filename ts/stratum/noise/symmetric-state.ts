// The state that both sides of a handshake compute: a hash of the transcript, and keys derived from the shared secrets.
//
// Source: Noise Protocol Framework, revision 38, section 5.2; Stratum V2 specification, section 4.5.

import { createHash, createHmac } from 'node:crypto';
import { CipherState, KEY_BYTES } from './cipher-state.ts';

const PROTOCOL_NAME = 'Noise_NX_Secp256k1+EllSwift_ChaChaPoly_SHA256';

const NO_BYTES = new Uint8Array(0);

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const hmac = createHmac('sha256', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

/** Two keys of 32 bytes, from a chaining key and new material. (HKDF of RFC 5869, two blocks) */
export function hkdf2(chainingKey: Uint8Array, inputKeyMaterial: Uint8Array): [Uint8Array, Uint8Array] {
  const extracted = hmacSha256(chainingKey, inputKeyMaterial);
  const first = hmacSha256(extracted, Uint8Array.of(1));
  const second = hmacSha256(extracted, first, Uint8Array.of(2));
  extracted.fill(0);
  return [first, second];
}

/** The state of one handshake. There is no prologue. */
export class SymmetricState {
  #hash: Uint8Array;
  #chainingKey: Uint8Array;
  #cipher: CipherState | undefined;

  constructor() {
    this.#chainingKey = sha256(Buffer.from(PROTOCOL_NAME, 'latin1'));
    this.#hash = sha256(this.#chainingKey);
  }

  /** The hash of everything mixed in, 32 bytes. */
  get hash(): Uint8Array {
    return this.#hash;
  }

  /** For tests, which compare it with the published trace. */
  get testOnlyChainingKey(): Uint8Array {
    return this.#chainingKey;
  }

  mixHash(data: Uint8Array): void {
    this.#hash = sha256(this.#hash, data);
  }

  /** Mixes a shared secret into the keys, and overwrites it. */
  mixKey(secret: Uint8Array): void {
    const [chainingKey, key] = hkdf2(this.#chainingKey, secret);
    this.#forgetKeys();
    this.#chainingKey = chainingKey;
    this.#cipher = new CipherState(key);
    secret.fill(0);
    key.fill(0);
  }

  /** Encrypts once there is a key; before that it returns the text unchanged. */
  encryptAndHash(text: Uint8Array): Uint8Array {
    const sealed = this.#cipher === undefined ? text : this.#cipher.encrypt(text, this.#hash);
    this.mixHash(sealed);
    return sealed;
  }

  /** @returns Undefined if the bytes are not what the other side encrypted. */
  decryptAndHash(sealed: Uint8Array): Uint8Array | undefined {
    const text = this.#cipher === undefined ? sealed : this.#cipher.decrypt(sealed, this.#hash);
    if (text !== undefined) this.mixHash(sealed);
    return text;
  }

  /** Ends the handshake: returns the keys of both directions, and keeps nothing else. */
  split(): { fromInitiator: CipherState; fromResponder: CipherState } {
    const [initiatorKey, responderKey] = hkdf2(this.#chainingKey, NO_BYTES);
    const ciphers = { fromInitiator: new CipherState(initiatorKey), fromResponder: new CipherState(responderKey) };
    initiatorKey.fill(0);
    responderKey.fill(0);
    this.#forgetKeys();
    return ciphers;
  }

  #forgetKeys(): void {
    this.#chainingKey.fill(0, 0, KEY_BYTES);
    this.#cipher?.wipe();
  }
}

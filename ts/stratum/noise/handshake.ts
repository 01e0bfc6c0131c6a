// The handshake of Stratum V2: Noise NX over ElligatorSwift keys, two acts.
//
// | act | direction             | bytes | content                                                                     |
// |-----|-----------------------|-------|-----------------------------------------------------------------------------|
// | 1   | initiator → responder | 64    | the initiator's ephemeral key                                               |
// | 2   | responder → initiator | 234   | the responder's ephemeral key, then encrypted: static key and certificate   |
//
// Keys are on the wire as ElligatorSwift encodings, 64 bytes. Any 64 bytes are one, so act 1 cannot be malformed. Each
// encoding is hashed as it was on the wire, since a key has many. In `ecdh` the initiator's bytes come first, for the
// static key too.
//
// Source: Stratum V2 specification, section 4.5; BIP 324 for the shared secret; Noise, revision 38.

import { decodeX, ELLSWIFT_BYTES } from '../../p2p/bip324/ellswift.ts';
import type { EllSwiftKeyPair } from '../../p2p/bip324/ellswift.ts';
import { sharedSecret } from '../../p2p/bip324/key-schedule.ts';
import { TAG_BYTES } from './cipher-state.ts';
import type { CipherState } from './cipher-state.ts';
import { CERTIFICATE_BYTES, checkCertificate } from './certificate.ts';
import type { CertificateFault } from './certificate.ts';
import type { StaticKey } from './static-key.ts';
import { SymmetricState } from './symmetric-state.ts';

export const ACT_1_BYTES = ELLSWIFT_BYTES;

const SEALED_STATIC_BYTES = ELLSWIFT_BYTES + TAG_BYTES;
export const ACT_2_BYTES = ELLSWIFT_BYTES + SEALED_STATIC_BYTES + CERTIFICATE_BYTES + TAG_BYTES;

const NO_BYTES = new Uint8Array(0);

/** The result of a handshake. */
export interface NoiseSession {
  /** Encrypts what this side sends. */
  readonly sending: CipherState;
  /** Decrypts what the other side sent. */
  readonly receiving: CipherState;
  /** The hash of the handshake, 32 bytes, the same on both sides: for diagnosis. */
  readonly handshakeHash: Uint8Array;
}

/** Mixes act 1 in, on both sides. Its payload is empty, but hashed as well. */
function mixAct1(state: SymmetricState, act1: Uint8Array): void {
  state.mixHash(act1);
  state.encryptAndHash(NO_BYTES);
}

/** How a server proves its identity. */
export interface ResponderCredentials {
  readonly staticKey: StaticKey;
  /** A fresh encoding of the static public key, 64 bytes. */
  readonly staticEncoding: Uint8Array;
  /** 74 bytes, see `certificate.ts`. */
  readonly certificate: Uint8Array;
}

/**
 * Answers act 1.
 *
 * @param act1 - 64 bytes.
 * @param ephemeral - A fresh key pair; its private key is overwritten.
 */
export function respond(
  act1: Uint8Array,
  ephemeral: EllSwiftKeyPair,
  credentials: ResponderCredentials,
  state = new SymmetricState(),
): { act2: Uint8Array; session: NoiseSession } {
  mixAct1(state, act1);
  state.mixHash(ephemeral.publicKey);
  state.mixKey(sharedSecret(ephemeral, act1, false));
  ephemeral.privateKey.fill(0);
  const sealedStatic = state.encryptAndHash(credentials.staticEncoding);
  state.mixKey(credentials.staticKey.sharedSecret(act1, credentials.staticEncoding));
  const sealedCertificate = state.encryptAndHash(credentials.certificate);
  const act2 = Buffer.concat([ephemeral.publicKey, sealedStatic, sealedCertificate]);
  const { fromInitiator, fromResponder } = state.split();
  return { act2, session: { sending: fromResponder, receiving: fromInitiator, handshakeHash: state.hash } };
}

/** How a client checks a server. */
export interface CertificatePolicy {
  /** X coordinate of the authority's public key, 32 bytes; undefined accepts every server. */
  readonly authorityX: Uint8Array | undefined;
  readonly leewaySeconds: number;
}

/** Why a handshake fails at the client. */
export type HandshakeFault = 'act 2 does not decrypt' | `certificate: ${CertificateFault}`;

/** The client's side, between act 1 and act 2. */
export class Initiator {
  readonly #ephemeral: EllSwiftKeyPair;
  readonly #state: SymmetricState;

  /** @param ephemeral - A fresh key pair; its private key is overwritten by `finish`. Its public key is act 1. */
  constructor(ephemeral: EllSwiftKeyPair, state = new SymmetricState()) {
    this.#ephemeral = ephemeral;
    this.#state = state;
    mixAct1(state, ephemeral.publicKey);
  }

  /** The 64 bytes to send. */
  get act1(): Uint8Array {
    return this.#ephemeral.publicKey;
  }

  /**
   * Reads act 2. May be called once.
   *
   * @param act2 - 234 bytes.
   * @param nowSeconds - Unix time.
   */
  finish(act2: Uint8Array, policy: CertificatePolicy, nowSeconds: number): NoiseSession | HandshakeFault {
    const state = this.#state;
    const ephemeral = act2.subarray(0, ELLSWIFT_BYTES);
    state.mixHash(ephemeral);
    state.mixKey(sharedSecret(this.#ephemeral, ephemeral, true));
    const staticEncoding = state.decryptAndHash(act2.subarray(ELLSWIFT_BYTES, ELLSWIFT_BYTES + SEALED_STATIC_BYTES));
    if (staticEncoding === undefined) return this.#fail('act 2 does not decrypt');
    state.mixKey(sharedSecret(this.#ephemeral, staticEncoding, true));
    const certificate = state.decryptAndHash(act2.subarray(ELLSWIFT_BYTES + SEALED_STATIC_BYTES));
    if (certificate === undefined) return this.#fail('act 2 does not decrypt');
    const { authorityX, leewaySeconds } = policy;
    if (authorityX !== undefined) {
      const fault = checkCertificate(certificate, decodeX(staticEncoding), authorityX, nowSeconds, leewaySeconds);
      if (fault !== undefined) return this.#fail(`certificate: ${fault}`);
    }
    this.#ephemeral.privateKey.fill(0);
    const { fromInitiator, fromResponder } = state.split();
    return { sending: fromInitiator, receiving: fromResponder, handshakeHash: state.hash };
  }

  #fail(fault: HandshakeFault): HandshakeFault {
    this.#ephemeral.privateKey.fill(0);
    return fault;
  }
}

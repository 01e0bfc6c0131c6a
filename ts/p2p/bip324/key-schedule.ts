// From two public keys to a session: shared secret, HKDF, and the ciphers of both directions.
//
// Source: BIP 324, "Shared secret computation" and "Keys derivation"; RFC 5869; Bitcoin Core src/bip324.cpp.

import { createHash, createHmac } from 'node:crypto';

import { ecdhXOnly } from './ellswift.ts';
import type { EllSwiftKeyPair } from './ellswift.ts';
import { PacketOpener, PacketSealer } from './packets.ts';

export const GARBAGE_TERMINATOR_BYTES = 16;

const SALT_PREFIX = 'bitcoin_v2_shared_secret';
const ECDH_TAG = 'bip324_ellswift_xonly_ecdh';

/** SHA-256 over a tag, hashed twice in front, and the parts joined (BIP 340). */
function taggedHash(tag: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const tagHash = createHash('sha256').update(tag, 'latin1').digest();
  const hash = createHash('sha256').update(tagHash).update(tagHash);
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** The pseudorandom key of HKDF-SHA-256: 32 bytes. */
export function hkdfExtract(salt: Uint8Array, secret: Uint8Array): Uint8Array {
  return createHmac('sha256', salt).update(secret).digest();
}

/** 32 bytes of HKDF-SHA-256 output: the first block, and BIP 324 never asks for more. */
export function hkdfExpand32(pseudorandomKey: Uint8Array, info: Uint8Array): Uint8Array {
  return createHmac('sha256', pseudorandomKey).update(info).update(Uint8Array.of(1)).digest();
}

/** The secret of two key pairs: 32 bytes, the same on both sides. */
export function sharedSecret(ours: EllSwiftKeyPair, theirs: Uint8Array, isInitiator: boolean): Uint8Array {
  const [initiator, responder] = isInitiator ? [ours.publicKey, theirs] : [theirs, ours.publicKey];
  return secretOfX(initiator, responder, ecdhXOnly(theirs, ours.privateKey));
}

/**
 * The secret of an exchange whose X coordinate was computed elsewhere: 32 bytes. Overwrites `x`.
 *
 * @param initiator - The encoding that the dialing side sent. It is hashed as it was on the wire, even a number above p.
 * @param responder - That of the other side.
 * @param x - The shared X coordinate, 32 bytes.
 */
export function secretOfX(initiator: Uint8Array, responder: Uint8Array, x: Uint8Array): Uint8Array {
  const secret = taggedHash(ECDH_TAG, initiator, responder, x);
  x.fill(0);
  return secret;
}

/** All that is derived from a shared secret. Holds secrets: to be overwritten when loaded. */
export interface SessionKeys {
  readonly initiatorLength: Uint8Array;
  readonly initiatorPacket: Uint8Array;
  readonly responderLength: Uint8Array;
  readonly responderPacket: Uint8Array;
  readonly initiatorTerminator: Uint8Array;
  readonly responderTerminator: Uint8Array;
  readonly sessionId: Uint8Array;
}

/** @param magic - The four bytes that name the network: peers of two networks derive different keys. */
export function deriveSessionKeys(secret: Uint8Array, magic: Uint8Array): SessionKeys {
  const extracted = hkdfExtract(Buffer.concat([Buffer.from(SALT_PREFIX, 'latin1'), magic]), secret);
  const expand = (info: string): Uint8Array => hkdfExpand32(extracted, Buffer.from(info, 'latin1'));
  const terminators = expand('garbage_terminators');
  const keys = {
    initiatorLength: expand('initiator_L'),
    initiatorPacket: expand('initiator_P'),
    responderLength: expand('responder_L'),
    responderPacket: expand('responder_P'),
    initiatorTerminator: terminators.subarray(0, GARBAGE_TERMINATOR_BYTES),
    responderTerminator: terminators.subarray(GARBAGE_TERMINATOR_BYTES),
    sessionId: Uint8Array.from(expand('session_id')), // It goes to users, as a plain array.
  };
  extracted.fill(0);
  return keys;
}

/** One side of an encrypted channel. */
export interface Session {
  readonly sessionId: Uint8Array;
  /** What this side sends behind its garbage, 16 bytes. */
  readonly sendTerminator: Uint8Array;
  /** What the peer sends behind its garbage, 16 bytes. */
  readonly receiveTerminator: Uint8Array;
  readonly sealer: PacketSealer;
  readonly opener: PacketOpener;
}

/**
 * Makes the session of two key pairs. About 0.4 ms. Overwrites `ours.privateKey`, which has no further use.
 *
 * @param theirs - The peer's 64 bytes; any are valid, and whether the peer has the private key is known later.
 */
export function createSession(
  ours: EllSwiftKeyPair,
  theirs: Uint8Array,
  isInitiator: boolean,
  magic: Uint8Array,
): Session {
  const secret = sharedSecret(ours, theirs, isInitiator);
  ours.privateKey.fill(0);
  const session = sessionOfSecret(secret, isInitiator, magic);
  secret.fill(0);
  return session;
}

/** Makes one side's session of a shared secret, which the caller still has to overwrite. */
export function sessionOfSecret(secret: Uint8Array, isInitiator: boolean, magic: Uint8Array): Session {
  const keys = deriveSessionKeys(secret, magic);
  const initiatorKeys = [keys.initiatorLength, keys.initiatorPacket] as const;
  const responderKeys = [keys.responderLength, keys.responderPacket] as const;
  const [ourKeys, theirKeys] = isInitiator ? [initiatorKeys, responderKeys] : [responderKeys, initiatorKeys];
  const session = {
    sessionId: keys.sessionId,
    sendTerminator: isInitiator ? keys.initiatorTerminator : keys.responderTerminator,
    receiveTerminator: isInitiator ? keys.responderTerminator : keys.initiatorTerminator,
    sealer: new PacketSealer(...ourKeys),
    opener: new PacketOpener(...theirKeys),
  };
  for (const key of [...initiatorKeys, ...responderKeys]) key.fill(0); // The ciphers have copies.
  return session;
}

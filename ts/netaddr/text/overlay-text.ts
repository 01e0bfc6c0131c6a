// Onion v3 and I2P names: the text of addresses that are keys or hashes, not places in a network.
//
// Onion: Tor's rend-spec-v3, section 6 (base32 of key, checksum and version). I2P: base32 of the SHA-256 of the
// destination. Tor v2 names, I2P's encrypted-leaseset names and registered names (`x.i2p`) are not addresses here.

import { nodeCrypto } from '../../util/load-later.ts';
import { decodeBase32, encodeBase32 } from './base32.ts';

const ONION_SUFFIX = '.onion';
const ONION_VERSION = 3;
const ONION_KEY_BYTES = 32;
/** Key, two bytes of checksum, version. */
const ONION_PAYLOAD_BYTES = 35;

const I2P_SUFFIX = '.b32.i2p';
const I2P_HASH_CHARS = 52;

/** Whether a host belongs to an overlay network by its ending, so that it must never be looked up in DNS (RFC 7686). */
export function hasOverlaySuffix(host: string): boolean {
  return /\.(onion|i2p)\.?$/i.test(host);
}

/** Reads an onion v3 name into its 32-byte key. The suffix must be lower case; the rest may be in any case. */
export function parseOnion(text: string): Uint8Array | undefined {
  if (!text.endsWith(ONION_SUFFIX)) return undefined;
  const payload = decodeBase32(text.slice(0, -ONION_SUFFIX.length));
  if (payload?.length !== ONION_PAYLOAD_BYTES || payload[34] !== ONION_VERSION) return undefined;
  const key = payload.slice(0, ONION_KEY_BYTES);
  const checksum = onionChecksum(key);
  return checksum[0] === payload[32] && checksum[1] === payload[33] ? key : undefined;
}

/** The name of a 32-byte onion v3 key. */
export function formatOnion(key: Uint8Array): string {
  const payload = new Uint8Array(ONION_PAYLOAD_BYTES);
  payload.set(key);
  payload.set(onionChecksum(key), ONION_KEY_BYTES);
  payload[34] = ONION_VERSION;
  return encodeBase32(payload) + ONION_SUFFIX;
}

function onionChecksum(key: Uint8Array): Uint8Array {
  const hash = nodeCrypto().createHash('sha3-256');
  hash.update('.onion checksum').update(key).update(Uint8Array.of(ONION_VERSION));
  return hash.digest().subarray(0, 2);
}

/** Reads an I2P name, in any case, into its 32-byte hash. */
export function parseI2P(text: string): Uint8Array | undefined {
  if (text.length !== I2P_HASH_CHARS + I2P_SUFFIX.length) return undefined;
  if (text.slice(I2P_HASH_CHARS).toLowerCase() !== I2P_SUFFIX) return undefined;
  const hash = decodeBase32(`${text.slice(0, I2P_HASH_CHARS)}====`);
  return hash?.length === 32 ? hash : undefined;
}

/** The name of a 32-byte I2P hash. */
export function formatI2P(hash: Uint8Array): string {
  return encodeBase32(hash) + I2P_SUFFIX;
}

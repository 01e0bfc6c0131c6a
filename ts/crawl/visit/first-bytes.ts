// Recognises the other side by its first bytes: a node of our network, a node of another network, or another kind of server.
//
// The answer does not depend on how the bytes were split: `classify` sees the first sixteen, or all that arrived before the peer
// ended.

import { CHAIN_PARAMS } from '../../p2p/chain-params.ts';
import { MAGIC_BYTES } from '../../p2p/transport/v1.ts';

/** Bytes by which a V1 node of any network is recognised: its magic and the type of its first message. */
export const FIRST_BYTES = 16;

const VERSION_TYPE = Buffer.from('version\0\0\0\0\0', 'latin1');

/** First byte of a TLS record: an alert, or a handshake message. (RFC 8446 section 5.1) */
const TLS_ALERT = 0x15;
const TLS_HANDSHAKE = 0x16;
const TLS_RECORD_BYTES = 6;

/** What the first bytes mean. */
export interface Greeter {
  readonly outcome: 'wrong-network' | 'not-bitcoin';
  /** The network, its magic, or the kind of server. */
  readonly code: string;
}

/** Whether bytes match a network's magic, as far as they go. */
export function hasMagic(bytes: Uint8Array, magic: Uint8Array): boolean {
  const length = Math.min(bytes.length, MAGIC_BYTES);
  for (let index = 0; index < length; index++) if (bytes[index] !== magic[index]) return false;
  return true;
}

/** Whether bytes begin with the whole of a network's magic, as those of a V1 node do. */
export function beginsWithMagic(bytes: Uint8Array, magic: Uint8Array): boolean {
  return bytes.length >= MAGIC_BYTES && hasMagic(bytes, magic);
}

/**
 * Tells the kind of server from the bytes so far; undefined while it may be a node of this network.
 *
 * @param mayBeKey - Whether the bytes may be the beginning of a V2 handshake, which looks like anything.
 */
export function classify(bytes: Uint8Array, magic: Uint8Array, mayBeKey: boolean): Greeter | undefined {
  if (bytes.length === 0 || beginsWithMagic(bytes, magic)) return undefined;
  const server = serverOf(bytes);
  if (server !== undefined) return { outcome: 'not-bitcoin', code: server };
  if (hasMagic(bytes, magic)) return undefined;
  const isVersion = bytes.length >= FIRST_BYTES && VERSION_TYPE.equals(bytes.subarray(MAGIC_BYTES, FIRST_BYTES));
  if (isVersion) return { outcome: 'wrong-network', code: networkOf(bytes) };
  return mayBeKey ? undefined : { outcome: 'not-bitcoin', code: 'other' };
}

/** Recognises servers that are often found where a node is expected. */
function serverOf(bytes: Uint8Array): 'http' | 'tls' | 'ssh' | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  if (/^(HTTP\/\d|<!doctype|<html)/i.test(text)) return 'http';
  if (text.startsWith('SSH-')) return 'ssh';
  return isTls(bytes) ? 'tls' : undefined;
}

function isTls(bytes: Uint8Array): boolean {
  if (bytes.length < TLS_RECORD_BYTES || bytes[1] !== 3 || bytes[2]! > 4) return false;
  // A fatal alert or a warning of two bytes; a handshake message of a kind that there is.
  if (bytes[0] === TLS_ALERT) return bytes[3] === 0 && bytes[4] === 2 && (bytes[5] === 1 || bytes[5] === 2);
  return bytes[0] === TLS_HANDSHAKE && bytes[5]! <= 2;
}

function networkOf(bytes: Uint8Array): string {
  const chain = Object.values(CHAIN_PARAMS).find(({ magic }) => hasMagic(bytes, magic));
  return chain?.name ?? Buffer.from(bytes.subarray(0, MAGIC_BYTES)).toString('hex');
}

// The bytes that the attackers and the honest peers of the flood bench send: V1 messages on regtest, made by hand, so that
// the measured code is not used to measure itself.

import { createHash, randomBytes } from 'node:crypto';

const MAGIC = Buffer.from('fabfb5da', 'hex');
/** Bytes before the payload. */
export const HEADER_BYTES = 24;
const PROTOCOL_VERSION = 70_016;

/** Tor v3 in BIP 155. */
const ONION_ID = 4;

/** Inventory types. */
export const TX = 1;
export const BLOCK = 2;

/** @param {Uint8Array} bytes */
const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

/** One message. @param {string} type @param {Uint8Array} [payload] */
export function frame(type, payload = Buffer.alloc(0)) {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.write(type, 4, 'latin1');
  header.writeUInt32LE(payload.length, 16);
  sha256(sha256(payload)).copy(header, 20, 0, 4);
  return Buffer.concat([header, payload]);
}

/** The header of a payload that is announced and never sent. @param {string} type @param {number} length */
export function announcement(type, length) {
  const header = frame(type);
  header.writeUInt32LE(length, 16);
  return header.subarray(0, HEADER_BYTES);
}

export function version() {
  const payload = Buffer.alloc(86);
  payload.writeInt32LE(PROTOCOL_VERSION, 0);
  payload.writeBigInt64LE(BigInt(Math.floor(Date.now() / 1_000)), 12);
  randomBytes(8).copy(payload, 72);
  // No user agent, height 0, and transactions not wanted: the last six bytes are zeros.
  return frame('version', payload);
}

export const verack = frame('verack');

/** A payload that begins with a count. @param {number} count @param {Buffer} entry */
function list(count, entry) {
  const size = count < 0xfd ? Buffer.of(count) : Buffer.from([0xfd, count & 0xff, count >> 8]);
  return Buffer.concat([size, ...Array.from({ length: count }, () => entry)]);
}

/** @param {number} count @param {number} type */
export function inventory(count, type) {
  const payload = list(count, Buffer.alloc(36));
  const first = payload.length - 36 * count;
  for (let at = first; at < payload.length; at += 36) {
    payload.writeUInt32LE(type, at);
    randomBytes(32).copy(payload, at + 4);
  }
  return payload;
}

/** Addresses of made-up hosts, in the old form. @param {number} count */
export function addresses(count) {
  const payload = list(count, Buffer.alloc(30));
  for (let at = payload.length - 30 * count; at < payload.length; at += 30) {
    payload.writeUInt32LE(Math.floor(Date.now() / 1_000), at);
    payload.writeBigUInt64LE(9n, at + 4);
    payload.fill(0xff, at + 22, at + 24);
    randomBytes(4).copy(payload, at + 24);
    payload[at + 24] = 11 + (payload[at + 24] % 100);
    payload.writeUInt16BE(8_333, at + 28);
  }
  return payload;
}

/** The same in the format for all networks: each with an onion address. (BIP 155) @param {number} count */
export function addressesV2(count) {
  const size = count < 0xfd ? Buffer.of(count) : Buffer.from([0xfd, count & 0xff, count >> 8]);
  const entries = Array.from({ length: count }, () => {
    const time = Buffer.alloc(4);
    time.writeUInt32LE(Math.floor(Date.now() / 1_000));
    return Buffer.concat([time, Buffer.of(9, ONION_ID, 32), randomBytes(32), Buffer.of(0x20, 0x8d)]);
  });
  return Buffer.concat([size, ...entries]);
}

/** Headers whose parent is unknown. @param {number} count */
export const headers = (count) => list(count, Buffer.concat([randomBytes(80), Buffer.alloc(1)]));

/** A message repeated up to about this many bytes. @param {Buffer} message @param {number} [bytes] */
export function repeated(message, bytes = 65_536) {
  return Buffer.concat(Array.from({ length: Math.max(1, Math.ceil(bytes / message.length)) }, () => message));
}

/** Reads messages from a stream of bytes; skips payloads of more than a few kilobytes. */
export class MessageReader {
  #rest = Buffer.alloc(0);

  /** @param {Buffer} chunk @param {(type: string, payload: Buffer) => void} onMessage */
  take(chunk, onMessage) {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + bytes.readUInt32LE(16);
      if (bytes.length < end) break;
      onMessage(bytes.toString('latin1', 4, 16).replace(/\0+$/, ''), bytes.subarray(HEADER_BYTES, end));
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
  }
}

// The messages of a visitor over V1, framed: for the crawlers that the crawl bench compares ours with.

import { createHash } from 'node:crypto';

export const MAGIC = Buffer.from('fabfb5da', 'hex');
const PROTOCOL_VERSION = 70_016;
const USER_AGENT = '/yardstick:1/';

/** @param {Uint8Array} bytes */
export const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

/** @param {string} type */
function message(type, payload = Buffer.alloc(0)) {
  const header = Buffer.alloc(24);
  MAGIC.copy(header);
  header.write(type, 4, 'latin1');
  header.writeUInt32LE(payload.length, 16);
  sha256(sha256(payload)).copy(header, 20, 0, 4);
  return Buffer.concat([header, payload]);
}

export function version() {
  const payload = Buffer.alloc(86 + USER_AGENT.length);
  payload.writeInt32LE(PROTOCOL_VERSION, 0);
  payload.writeBigInt64LE(BigInt(Math.floor(Date.now() / 1_000)), 12);
  payload.writeBigUInt64LE(7n, 72);
  payload[80] = USER_AGENT.length;
  payload.write(USER_AGENT, 81, 'latin1');
  return message('version', payload);
}

/** The messages after the peer's `version`. */
export const greeting = () => Buffer.concat([message('sendaddrv2'), message('verack'), message('getaddr')]);

export const ping = () => message('ping', Buffer.alloc(8, 1));

// `version` and `verack`: how two nodes introduce themselves.

import { readServiceV1, writeServiceV1 } from '../../netaddr/encoding.ts';
import { NetAddress } from '../../netaddr/net-address.ts';
import { Service } from '../../netaddr/service.ts';
import type { ByteReader, ByteWriter } from '../../util/bytes/bytes.ts';
import { invalidArg } from '../../util/errors/errors.ts';
import { checkLength, emptyCodec } from './codec.ts';
import type { Codec } from './codec.ts';

/** Longest user agent, in bytes; a longer one does not decode. (Bitcoin Core src/net.h, MAX_SUBVERSION_LENGTH) */
export const MAX_USER_AGENT_BYTES = 256;

/** The nonce that a `version` which ends before it counts as having. */
const NONCE_WHEN_ABSENT = 1n;
const HEIGHT_WHEN_ABSENT = -1;

/** What a user agent may consist of; Core drops the rest before anyone sees it. (src/util/strencodings.cpp) */
const UNSAFE_USER_AGENT_CHAR = /[^A-Za-z0-9 .,;\-_/:?@()]/g;
/** What the parts of a user agent may consist of: not the characters that stand between them. */
const USER_AGENT_PART = /^[A-Za-z0-9 .,;\-_?@]+$/;

/** An address inside `version`: the legacy form, with services and without a time. */
export interface VersionAddress {
  readonly services: bigint;
  readonly service: Service;
}

/** No address: what we send as our own, and what a peer that sends none counts as having sent. */
export const NO_VERSION_ADDRESS: VersionAddress = { services: 0n, service: new Service(NetAddress.UNSPECIFIED, 0) };

/** The part of `version` that every one has. */
export interface VersionHead {
  readonly protocolVersion: number;
  readonly services: bigint;
  /** Seconds since 1970, never negative; times beyond 2^53 - 1 are read as that. */
  readonly timeSeconds: number;
  /** Where the sender believes it sent this to: us, as they see it. Written as no address for onion, I2P and CJDNS. */
  readonly receiver: VersionAddress;
}

/**
 * The introduction of a node.
 *
 * | offset | size | type                  | field             | when the payload ends before it |
 * |--------|------|-----------------------|-------------------|---------------------------------|
 * | 0      | 4    | int32 LE              | `protocolVersion` | does not decode                 |
 * | 4      | 8    | uint64 LE             | `services`        | does not decode                 |
 * | 12     | 8    | int64 LE              | `timeSeconds`     | does not decode                 |
 * | 20     | 26   | uint64 LE, legacy, BE | `receiver`        | does not decode                 |
 * | 46     | 26   | uint64 LE, legacy, BE | `sender`          | unspecified, port 0             |
 * | 72     | 8    | uint64 LE             | `nonce`           | 1                               |
 * | 80     | 1+n  | CompactSize, bytes    | `userAgent`       | empty                           |
 * | …      | 4    | int32 LE              | `startHeight`     | -1                              |
 * | …      | 1    | bool                  | `relay`           | true                            |
 *
 * Sender and nonce come together or not at all; a field that begins must be complete.
 */
export interface VersionMessage extends VersionHead {
  readonly type: 'version';
  /** The sender's idea of its own address. Not to be trusted; current nodes send none. */
  readonly sender: VersionAddress;
  /** Random per connection, so that a node can notice that it connected to itself. */
  readonly nonce: bigint;
  /** Read: without unsafe characters. Written: must not have any. */
  readonly userAgent: string;
  readonly startHeight: number;
  /** Whether the sender wants to hear of transactions. */
  readonly relay: boolean;
}

/** The answer to `version`: from here on the connection is usable. */
export interface VerackMessage {
  readonly type: 'verack';
}

export const verackCodec: Codec<VerackMessage> = emptyCodec('verack');

export const versionCodec: Codec<VersionMessage> = {
  read(reader) {
    const head = readVersionHead(reader);
    let sender = NO_VERSION_ADDRESS;
    let nonce = NONCE_WHEN_ABSENT;
    if (reader.remaining > 0) {
      sender = readVersionAddress(reader);
      nonce = reader.uint64LE();
    }
    const userAgent = reader.remaining > 0 ? sanitizeUserAgent(reader.varBytes(MAX_USER_AGENT_BYTES)) : '';
    const startHeight = reader.remaining > 0 ? reader.int32LE() : HEIGHT_WHEN_ABSENT;
    const relay = reader.remaining > 0 ? reader.bool() : true;
    return { type: 'version', ...head, sender, nonce, userAgent, startHeight, relay };
  },
  write(writer, message) {
    writer.int32LE(message.protocolVersion).uint64LE(message.services).int64LE(BigInt(message.timeSeconds));
    writeVersionAddress(writer, message.receiver);
    writeVersionAddress(writer, message.sender);
    writer.uint64LE(message.nonce).varBytes(userAgentBytes(message.userAgent));
    writer.int32LE(message.startHeight).bool(message.relay);
  },
};

/**
 * Reads what comes first in a `version`. A node acts on these fields even if what follows does not decode.
 *
 * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: fewer than 46 bytes.
 */
export function readVersionHead(reader: ByteReader): VersionHead {
  return {
    protocolVersion: reader.int32LE(),
    services: reader.uint64LE(),
    timeSeconds: clampTime(reader.int64LE()),
    receiver: readVersionAddress(reader),
  };
}

/** A user agent as it may be shown and logged: characters outside Core's safe set are dropped. */
export function sanitizeUserAgent(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1').replace(UNSAFE_USER_AGENT_CHAR, '');
}

/**
 * Makes a user agent as BIP 14 describes it: `/Name:1.2.3/`, or `/Name:1.2.3(a; b)/` with comments.
 *
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: a part is empty or has a character other than letters, digits, space and
 *   `.,;-_?@`.
 * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: the result is longer than 256 bytes.
 */
export function formatUserAgent(name: string, version: string, comments: readonly string[] = []): string {
  for (const part of [name, version, ...comments]) {
    if (!USER_AGENT_PART.test(part)) throw invalidArg('user agent', 'parts of letters, digits and " .,;-_?@"', part);
  }
  const userAgent = `/${name}:${version}${comments.length === 0 ? '' : `(${comments.join('; ')})`}/`;
  checkLength(userAgent, MAX_USER_AGENT_BYTES);
  return userAgent;
}

function userAgentBytes(userAgent: string): Uint8Array {
  const bytes = Buffer.from(userAgent, 'utf8');
  checkLength(bytes, MAX_USER_AGENT_BYTES);
  if (sanitizeUserAgent(bytes) !== userAgent) throw invalidArg('userAgent', 'safe characters only', userAgent);
  return bytes;
}

function clampTime(timeSeconds: bigint): number {
  if (timeSeconds < 0n) return 0;
  return timeSeconds > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(timeSeconds);
}

function readVersionAddress(reader: ByteReader): VersionAddress {
  return { services: reader.uint64LE(), service: readServiceV1(reader) };
}

function writeVersionAddress(writer: ByteWriter, { services, service }: VersionAddress): void {
  writer.uint64LE(services);
  // An address that this form cannot hold (onion, I2P, CJDNS) must not leave its port behind.
  writeServiceV1(writer, service.address.isV1Compatible() ? service : NO_VERSION_ADDRESS.service);
}

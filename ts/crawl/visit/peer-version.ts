// Reads a peer's `version` as leniently as a crawler can afford: a field that is missing or too long does not spoil the others.
//
// A node drops a `version` whose user agent is too long; a crawl reads it. (Table of the fields: p2p/messages/version.ts)

import { readVersionHead } from '../../p2p/messages/version.ts';
import { MAX_USER_AGENT_BYTES } from '../../p2p/messages/version.ts';
import { ByteReader } from '../../util/bytes/bytes.ts';
import { escaped } from './escape.ts';

/** Size of the sender's own address, which is not used. */
const SENDER_BYTES = 26;

/** The introduction of a peer. */
export interface PeerVersion {
  readonly protocolVersion: number;
  readonly services: bigint;
  /** Seconds since 1970. */
  readonly timeSeconds: number;
  /** Our address as the peer sees it; undefined when it sends none. */
  readonly ourAddress: string | undefined;
  /** This field and the next three are undefined when the payload ends before them. */
  readonly nonce: bigint | undefined;
  /** At most 256 bytes, control characters escaped. */
  readonly userAgent: string | undefined;
  readonly startHeight: number | undefined;
  readonly relay: boolean | undefined;
}

/** Reads the payload of a `version`; undefined when it is shorter than the fixed fields at its start. */
export function readPeerVersion(payload: Uint8Array): PeerVersion | undefined {
  const reader = new ByteReader(payload);
  const head = orUndefined(() => readVersionHead(reader));
  if (head === undefined) return undefined;
  const { protocolVersion, services, timeSeconds, receiver } = head;
  const { address } = receiver.service;
  const ourAddress = address.isValid() ? String(receiver.service) : undefined;
  const nonce = orUndefined(() => {
    reader.skip(SENDER_BYTES);
    return reader.uint64LE();
  });
  const userAgent = nonce === undefined ? undefined : orUndefined(() => readUserAgent(reader));
  const startHeight = userAgent === undefined ? undefined : orUndefined(() => reader.int32LE());
  const relay = startHeight === undefined ? undefined : orUndefined(() => reader.bool());
  return { protocolVersion, services, timeSeconds, ourAddress, nonce, userAgent, startHeight, relay };
}

function readUserAgent(reader: ByteReader): string {
  const bytes = reader.varBytes();
  return escaped(bytes.subarray(0, MAX_USER_AGENT_BYTES));
}

function orUndefined<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

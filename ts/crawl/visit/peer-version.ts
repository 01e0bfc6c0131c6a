// What a peer's `version` says, read as leniently as a crawler can afford: what is missing or too long spoils nothing else.
//
// A node drops a `version` whose user agent is too long; a crawl wants to see it. (p2p/messages/version.ts has the
// table of the fields)

import { readVersionHead } from '../../p2p/messages/version.ts';
import { MAX_USER_AGENT_BYTES } from '../../p2p/messages/version.ts';
import { ByteReader } from '../../util/bytes/bytes.ts';
import { escaped } from './escape.ts';

/** Bytes of the sender's own address, which nobody uses. */
const SENDER_BYTES = 26;

/** The introduction of a peer. */
export interface PeerVersion {
  readonly protocolVersion: number;
  readonly services: bigint;
  /** Seconds since 1970. */
  readonly timeSeconds: number;
  /** Where the peer believes us to be; undefined for no address. */
  readonly ourAddress: string | undefined;
  /** Undefined when the payload ends before it, as do the next three. */
  readonly nonce: bigint | undefined;
  /** At most 256 bytes, control characters escaped. */
  readonly userAgent: string | undefined;
  readonly startHeight: number | undefined;
  readonly relay: boolean | undefined;
}

/** Reads the payload of a `version`; undefined when not even its head is there. */
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

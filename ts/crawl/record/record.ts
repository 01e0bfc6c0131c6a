// The record of one address in one round: a JSON object whose keys are always in the same order.
//
// `FIELDS` is the one list of the keys: the writer takes its order from it, the reader its checks, and a test compares the
// package's JSON Schema (schemas/crawl-record.schema.json) with it. Times are milliseconds unless the name says otherwise.

import type { PublicNetworkName } from '../../netaddr/networks/network.ts';
import { OUTCOMES, STEPS } from './outcome.ts';
import type { Outcome, Step } from './outcome.ts';

/** One address in one round, as its last attempt found it. Absent values are left out. */
export interface CrawlRecord {
  /** When the visit ended, in milliseconds since 1970. */
  readonly time: number;
  /** Number of the round, from 1. */
  readonly round: number;
  /** The address without port, as text. */
  readonly address: string;
  readonly port: number;
  readonly network: PublicNetworkName;
  /** The autonomous system, if an AS map is in use and has the address. */
  readonly asn?: number | undefined;
  readonly outcome: Outcome;
  /** More about the outcome: the dialer's code, or one of the words that `OUTCOMES` mentions. */
  readonly code?: string | undefined;
  /** Where the visit ended. */
  readonly step?: Step | undefined;
  /** The transport that worked, or was tried last. */
  readonly transport?: 1 | 2 | undefined;
  /** From the dial to the connection, proxies included. */
  readonly connectMs?: number | undefined;
  /** From the connection to the peer's `verack`. */
  readonly handshakeMs?: number | undefined;
  /** Round trip of one `ping`. */
  readonly pingMs?: number | undefined;
  readonly protocolVersion?: number | undefined;
  /** Sixteen hexadecimal digits. */
  readonly services?: string | undefined;
  readonly serviceNames?: readonly string[] | undefined;
  /** At most 256 bytes of what the peer sent; control characters are escaped. Not to be trusted. */
  readonly userAgent?: string | undefined;
  readonly startHeight?: number | undefined;
  /** Whether the peer wants transactions. */
  readonly relay?: boolean | undefined;
  /** How far the peer's clock is ahead of ours. */
  readonly timeOffsetSeconds?: number | undefined;
  /** Our own address, as the peer sees it. */
  readonly ourAddress?: string | undefined;
  /** Message types before `verack`, in order; a `feature` has its id after a colon. */
  readonly features?: readonly string[] | undefined;
  /** Addresses that the peer told. */
  readonly addressCount?: number | undefined;
  /** How many of them were new to this round. */
  readonly newAddressCount?: number | undefined;
  /** The median age of the addresses told, in seconds. */
  readonly addressAges?: number | undefined;
  readonly bytesReceived?: number | undefined;
  readonly bytesSent?: number | undefined;
  /** How the address was learned: the address that told it first, or a kind of seed. */
  readonly source?: string | undefined;
  /** Dials in this round, from 1. */
  readonly attempts?: number | undefined;
}

/** What a field may hold. Limits are inclusive: texts are counted in UTF-16 units, lists in items. */
export type FieldKind =
  | { readonly type: 'integer'; readonly min: number; readonly max: number }
  | { readonly type: 'number'; readonly min: number }
  | { readonly type: 'boolean' }
  | { readonly type: 'text'; readonly maxLength: number; readonly pattern?: RegExp }
  | { readonly type: 'word'; readonly words: readonly string[] }
  | { readonly type: 'texts'; readonly maxItems: number; readonly maxLength: number };

/** Longest user agent in a record, in UTF-16 units: 256 bytes, each escaped as `\u0000`. */
export const MAX_USER_AGENT_TEXT = 256 * 6;

/** Most features in a record. Further ones are cut off. */
export const MAX_FEATURES = 32;

/** Longest name of a feature in a record, in UTF-16 units. */
export const MAX_FEATURE_TEXT = 96;

/** An onion name has 62 characters. */
const MAX_ADDRESS_TEXT = 64;
const MAX_INTEGER = Number.MAX_SAFE_INTEGER;
/** Latest time of a `Date`, in milliseconds since 1970. (ECMAScript, time values) */
const MAX_TIME_MS = 8.64e15;

const COUNT: FieldKind = { type: 'integer', min: 0, max: MAX_INTEGER };
const DURATION: FieldKind = { type: 'number', min: 0 };
const INT32: FieldKind = { type: 'integer', min: -(2 ** 31), max: 2 ** 31 - 1 };

/** Every field, in the order of the keys. */
export const FIELDS = {
  time: { type: 'integer', min: 0, max: MAX_TIME_MS },
  round: { type: 'integer', min: 1, max: MAX_INTEGER },
  address: { type: 'text', maxLength: MAX_ADDRESS_TEXT },
  port: { type: 'integer', min: 0, max: 65_535 },
  network: { type: 'word', words: ['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns'] },
  asn: { type: 'integer', min: 1, max: 2 ** 32 - 1 },
  outcome: { type: 'word', words: Object.keys(OUTCOMES) },
  code: { type: 'text', maxLength: 64 },
  step: { type: 'word', words: STEPS },
  transport: { type: 'integer', min: 1, max: 2 },
  connectMs: DURATION,
  handshakeMs: DURATION,
  pingMs: DURATION,
  protocolVersion: INT32,
  services: { type: 'text', maxLength: 16, pattern: /^[0-9a-f]{16}$/ },
  serviceNames: { type: 'texts', maxItems: 64, maxLength: 32 },
  userAgent: { type: 'text', maxLength: MAX_USER_AGENT_TEXT },
  startHeight: INT32,
  relay: { type: 'boolean' },
  timeOffsetSeconds: { type: 'integer', min: -MAX_INTEGER, max: MAX_INTEGER },
  ourAddress: { type: 'text', maxLength: MAX_ADDRESS_TEXT + 8 },
  features: { type: 'texts', maxItems: MAX_FEATURES, maxLength: MAX_FEATURE_TEXT },
  addressCount: COUNT,
  newAddressCount: COUNT,
  addressAges: DURATION,
  bytesReceived: COUNT,
  bytesSent: COUNT,
  source: { type: 'text', maxLength: MAX_ADDRESS_TEXT + 8 },
  attempts: { type: 'integer', min: 1, max: 255 },
} as const satisfies Readonly<Record<keyof CrawlRecord, FieldKind>>;

/** The keys of a record in their order. */
export const RECORD_KEYS = Object.keys(FIELDS) as (keyof CrawlRecord)[];

/** Those that every record has. */
export const REQUIRED_KEYS: readonly (keyof CrawlRecord)[] = ['time', 'round', 'address', 'port', 'network', 'outcome'];

const HEADS: readonly (readonly [keyof CrawlRecord, string])[] = RECORD_KEYS.map((key) => [key, `,"${key}":`]);

/** Text that JSON writes as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

/**
 * A record as one line of JSON, without the line end. The keys are in the order of `FIELDS`, whatever the order of the object.
 *
 * The text is that of `JSON.stringify`, in half the time: there is one for every visit.
 */
export function formatRecord(record: CrawlRecord): string {
  let text = '';
  for (const [key, head] of HEADS) {
    const value = record[key];
    if (value !== undefined) text += head + formatValue(value);
  }
  return `{${text.slice(1)}}`;
}

/** A value of a record as JSON. */
export function formatValue(value: string | number | boolean | readonly string[]): string {
  if (typeof value === 'string') return quoted(value);
  return typeof value === 'object' ? `[${value.map(quoted).join(',')}]` : String(value);
}

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

// The nodes of a village: their kinds, and what a crawl must find out about each.

import type { Service } from '../../netaddr/service.ts';
import type { Outcome } from '../record/outcome.ts';

/** The kinds of villagers, and the outcome of a visit to each. */
export const VILLAGER_KINDS = {
  /** Speaks both transports. */
  both: 'reachable',
  /** Speaks V1, and hangs up over V2. */
  v1: 'reachable',
  /** Speaks V2 only. */
  v2: 'reachable',
  /** Claims to offer V2, but speaks V1 only. */
  'v1-claims-v2': 'reachable',
  /** Speaks a protocol version without `addrv2`. */
  old: 'reachable',
  /** Accepts and closes before it sends a byte. */
  full: 'full',
  /** The same with a reset. */
  'full-reset': 'full',
  /** Does not listen. */
  refusing: 'refused',
  /** Accepts and sends nothing. */
  silent: 'silent',
  /** Sends its `version` at one byte a second. */
  tarpit: 'silent',
  /** Closes in the middle of its `version`. */
  'ends-in-version': 'disconnected',
  /** Resets the connection instead of sending `verack`. */
  'resets-at-verack': 'disconnected',
  /** Resets the connection when it is asked for addresses. */
  'resets-at-getaddr': 'reachable',
  /** A node of another network. */
  'wrong-network': 'wrong-network',
  http: 'not-bitcoin',
  tls: 'not-bitcoin',
  ssh: 'not-bitcoin',
  /** Sends back what it receives. */
  echo: 'self',
  /** Announces a message that is too long for any node. */
  'too-long': 'protocol-error',
  /** Tells thousands of addresses that no villager has. */
  spammer: 'reachable',
  /** Has a clock that is ten years fast. */
  'time-liar': 'reachable',
  /** Has markup, colours and line ends in its user agent. */
  'hostile-agent': 'reachable',
  /** Has a user agent of 4,000 bytes. */
  'huge-agent': 'reachable',
  /** Sends messages of 4 MB without end. */
  flooder: 'reachable',
} as const satisfies Readonly<Record<string, Outcome>>;

/** One of `VILLAGER_KINDS`. */
export type VillagerKind = keyof typeof VILLAGER_KINDS;

/** One node and everything about it. */
export interface Villager {
  readonly index: number;
  readonly kind: VillagerKind;
  readonly service: Service;
  /** The base64 of an I2P villager's destination. */
  readonly destination: string | undefined;
  readonly services: bigint;
  readonly protocolVersion: number;
  /** The bytes that it sends as its user agent. */
  readonly userAgent: Uint8Array;
  readonly startHeight: number;
  readonly relay: boolean;
  /** Index in the village's address list at which the part that it tells begins. */
  readonly tellsFrom: number;
  /** Whether it is present. An absent villager accepts no connections. */
  isPresent: boolean;
}

const KINDS_WITHOUT_V2: ReadonlySet<VillagerKind> = new Set<VillagerKind>(['v1', 'v1-claims-v2', 'old']);

/** Whether a kind answers V2. Kinds that are not nodes do not. */
export function speaksV2(kind: VillagerKind): boolean {
  return VILLAGER_KINDS[kind] === 'reachable' && !KINDS_WITHOUT_V2.has(kind);
}

/** Whether a kind answers V1. */
export function speaksV1(kind: VillagerKind): boolean {
  return kind !== 'v2';
}

/** Whether a kind answers with addresses when it is asked. */
export function tellsAddresses(kind: VillagerKind): boolean {
  return VILLAGER_KINDS[kind] === 'reachable' && kind !== 'resets-at-getaddr' && kind !== 'flooder';
}

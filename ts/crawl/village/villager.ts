// The nodes of a village: what kinds there are, and what a crawl must find out about each.

import type { Service } from '../../netaddr/service.ts';
import type { Outcome } from '../record/outcome.ts';

/** What a villager does, and the outcome of a visit to it. */
export const VILLAGER_KINDS = {
  /** Speaks both transports. */
  both: 'reachable',
  /** Speaks V1, and hangs up over V2. */
  v1: 'reachable',
  /** Speaks V2 only. */
  v2: 'reachable',
  /** Says that it offers V2, and speaks V1 only. */
  'v1-claims-v2': 'reachable',
  /** Speaks a protocol version without `addrv2`. */
  old: 'reachable',
  /** Accepts, and closes before a byte. */
  full: 'full',
  /** The same with a reset. */
  'full-reset': 'full',
  /** Nobody listens. */
  refusing: 'refused',
  /** Accepts, and says nothing. */
  silent: 'silent',
  /** Says its `version` at a byte a second. */
  tarpit: 'silent',
  /** Closes in the middle of its `version`. */
  'ends-in-version': 'disconnected',
  /** Resets the connection in place of `verack`. */
  'resets-at-verack': 'disconnected',
  /** Resets the connection when it is asked for addresses. */
  'resets-at-getaddr': 'reachable',
  /** A node of another network. */
  'wrong-network': 'wrong-network',
  http: 'not-bitcoin',
  tls: 'not-bitcoin',
  ssh: 'not-bitcoin',
  /** Sends back what it gets. */
  echo: 'self',
  /** Announces a message that no node takes. */
  'too-long': 'protocol-error',
  /** Tells of thousands of addresses where nobody lives. */
  spammer: 'reachable',
  /** Is ten years ahead, and says that everybody else is. */
  'time-liar': 'reachable',
  /** Has markup, colours and line ends in its user agent. */
  'hostile-agent': 'reachable',
  /** Has a user agent of 4,000 bytes. */
  'huge-agent': 'reachable',
  /** Sends messages of 4 MB for ever. */
  flooder: 'reachable',
} as const satisfies Readonly<Record<string, Outcome>>;

/** Which of `VILLAGER_KINDS`. */
export type VillagerKind = keyof typeof VILLAGER_KINDS;

/** One node, and all there is to know about it. */
export interface Villager {
  readonly index: number;
  readonly kind: VillagerKind;
  readonly service: Service;
  /** The base64 of an I2P villager's destination. */
  readonly destination: string | undefined;
  readonly services: bigint;
  readonly protocolVersion: number;
  /** As it is sent. */
  readonly userAgent: Uint8Array;
  readonly startHeight: number;
  readonly relay: boolean;
  /** Where in the village's list of addresses its own knowledge begins. */
  readonly tellsFrom: number;
  /** Whether it is there: who is not accepts nobody. */
  isPresent: boolean;
}

const KINDS_WITHOUT_V2: ReadonlySet<VillagerKind> = new Set<VillagerKind>(['v1', 'v1-claims-v2', 'old']);

/** Whether a kind answers V2. Those that are no nodes do not. */
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

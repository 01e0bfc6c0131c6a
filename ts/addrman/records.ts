// The records that the address manager takes and returns. All are copies: changing one changes nothing inside.

import type { NetAddress } from '../netaddr/net-address.ts';
import type { PeerAddress } from '../p2p/messages/addresses.ts';
import { serviceOf } from './tables/service-of.ts';
import type { EntryStore } from './tables/entry-store.ts';

/** An address to dial. */
export interface SelectedAddress {
  readonly address: PeerAddress;
  /** When it was last tried, in seconds since 1970; 0 for never since the start of the process. */
  readonly lastTrySeconds: number;
}

/** The record of an address. Times are whole seconds since 1970, 0 for never. */
export interface EntryRecord extends PeerAddress {
  /** The first source. */
  readonly source: NetAddress;
  readonly lastSuccessSeconds: number;
  readonly lastTrySeconds: number;
  readonly lastCountAttemptSeconds: number;
  /** Counted failures since the last success. */
  readonly attempts: number;
}

/** The position of an entry. */
export interface EntryPosition {
  readonly isTried: boolean;
  /** How many slots hold the entry: 1 in tried, 1 to 8 in new. */
  readonly multiplicity: number;
  readonly bucket: number;
  readonly position: number;
}

/** One occupied slot. */
export interface TableEntry {
  readonly entry: EntryRecord;
  readonly position: EntryPosition;
}

/** Copies the gossiped part of an entry. */
export function peerAddress(store: EntryStore, id: number): PeerAddress {
  return { service: serviceOf(store, id), services: store.services(id), timeSeconds: store.time[id]! };
}

/** Copies an entry. */
export function entryRecord(store: EntryStore, id: number): EntryRecord {
  return {
    service: serviceOf(store, id),
    services: store.services(id),
    timeSeconds: store.time[id]!,
    source: store.source(id),
    lastSuccessSeconds: store.lastSuccess[id]!,
    lastTrySeconds: store.lastTry[id]!,
    lastCountAttemptSeconds: store.lastCountAttempt[id]!,
    attempts: store.attempts[id]!,
  };
}

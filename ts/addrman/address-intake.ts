// Adding gossiped addresses. (Bitcoin Core src/addrman.cpp, AddrManImpl::AddSingle)

import type { NetAddress } from '../netaddr/net-address.ts';
import { LANES } from '../p2p/hash-lanes.ts';
import type { PeerAddress } from '../p2p/messages/addresses.ts';
import { uniformBelow } from '../util/random.ts';
import type { AddressTables } from './tables/address-tables.ts';
import { NO_ENTRY } from './tables/bucket-table.ts';
import { MAX_REFERENCES, OFFLINE_UPDATE_SECONDS, ONLINE_UPDATE_SECONDS, ONLINE_WINDOW_SECONDS } from './limits.ts';
import { isTerrible } from './quality.ts';

/** A source and what is derived from it, once for all the addresses it sends. */
export interface Gossip {
  readonly source: NetAddress;
  readonly sourceGroup: Uint8Array;
  /** Subtracted from the time of each report, in seconds. */
  readonly penaltySeconds: number;
  /** Now, in seconds. */
  readonly now: number;
}

/**
 * Adds addresses, one after the other. Unroutable ones are skipped.
 *
 * @returns Whether a new slot holds one that it did not hold before; an update does not count.
 */
export function addAddresses(tables: AddressTables, records: readonly PeerAddress[], gossip: Gossip): boolean {
  let hasAdded = false;
  for (let start = 0; start < records.length; start += LANES) {
    const batch = records.slice(start, start + LANES).filter(({ service }) => service.address.isRoutable());
    // The place of an address does not depend on changes of the tables meanwhile.
    const unknown = batch.map(({ service }) => service).filter((service) => tables.find(service) === NO_ENTRY);
    const slots = tables.newSlots(unknown, gossip.sourceGroup);
    let next = 0;
    for (const record of batch) {
      const knownSlot = record.service === unknown[next] ? slots[next++] : undefined;
      if (addAddress(tables, record, gossip, knownSlot)) hasAdded = true;
    }
  }
  return hasAdded;
}

/** @param knownSlot - The slot for the address, if it has been hashed. */
function addAddress(
  tables: AddressTables,
  record: PeerAddress,
  gossip: Gossip,
  knownSlot: number | undefined,
): boolean {
  const { service, services, timeSeconds } = record;
  // A node that announces itself is trusted.
  const penaltySeconds = service.address.equals(gossip.source) ? 0 : gossip.penaltySeconds;
  const penalizedTime = Math.max(0, timeSeconds - penaltySeconds);

  let id = tables.find(service);
  if (id === NO_ENTRY) {
    id = tables.create(service, gossip.source, penalizedTime, services);
  } else {
    update(tables, id, record, penaltySeconds, gossip.now);
    if (!mayHaveOneMoreSlot(tables, id, timeSeconds)) return false;
  }

  const slot = knownSlot ?? tables.newSlots([service], gossip.sourceGroup)[0]!;
  const occupant = tables.newTable.entries[slot]!;
  if (occupant === id) return false;
  if (occupant !== NO_ENTRY && !givesWay(tables, occupant, id, gossip.now)) {
    if (tables.store.referenceCount[id] === 0) tables.delete(id);
    return false;
  }
  tables.clearNew(slot);
  tables.putNew(id, slot);
  return true;
}

/** Updates a known address from a report: services, and the time if it is sufficiently newer. */
function update(tables: AddressTables, id: number, record: PeerAddress, penaltySeconds: number, now: number): void {
  const { store } = tables;
  const isOnline = now - record.timeSeconds < ONLINE_WINDOW_SECONDS;
  const intervalSeconds = isOnline ? ONLINE_UPDATE_SECONDS : OFFLINE_UPDATE_SECONDS;
  if (store.time[id]! < record.timeSeconds - intervalSeconds - penaltySeconds) {
    store.time[id] = Math.max(0, record.timeSeconds - penaltySeconds);
  }
  // Gossip only ever adds bits; only the node itself can take them away.
  store.addServices(id, record.services);
}

/**
 * Whether a report may give a known entry one more new slot: it must be newer than what is stored, and each further slot is
 * half as likely as the one before, so that repeating an address soon stops helping it.
 */
function mayHaveOneMoreSlot(tables: AddressTables, id: number, reportedTime: number): boolean {
  const { store } = tables;
  if (reportedTime <= store.time[id]! || store.isInTried[id] === 1) return false;
  const referenceCount = store.referenceCount[id]!;
  return referenceCount < MAX_REFERENCES && uniformBelow(tables.random, 2 ** referenceCount) === 0;
}

/** Whether the occupant of a new slot makes room: it is terrible, or has other slots while the new entry has none. */
function givesWay(tables: AddressTables, occupant: number, newcomer: number, now: number): boolean {
  const { store } = tables;
  if (isTerrible(store, occupant, now)) return true;
  return store.referenceCount[occupant]! > 1 && store.referenceCount[newcomer] === 0;
}

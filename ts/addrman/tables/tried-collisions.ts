// Test before evict: an address that has proved good may be unable to enter the tried table because its one slot there
// is taken. The occupant is dialed first, and gives way only if it fails.
//
// An attacker who can make us connect to them would else replace one good address after the other. (Bitcoin Core
// src/addrman.cpp, AddrManImpl::Good_, ResolveCollisions_, SelectTriedCollision_)

import { uniformBelow } from '../../util/random.ts';
import type { AddressTables } from './address-tables.ts';
import { NO_ENTRY } from './bucket-table.ts';
import { MAX_PENDING_COLLISIONS, REPLACEMENT_SECONDS, TEST_GRACE_SECONDS, TEST_WINDOW_SECONDS } from '../limits.ts';

/** Marks a success at `time`. Returns whether the entry moved to the tried table just now. */
export function markGood(tables: AddressTables, id: number, time: number, testBeforeEvict: boolean): boolean {
  const { store } = tables;
  // The gossiped time stays: it would show others which peers we are connected to.
  store.lastSuccess[id] = time;
  store.lastTry[id] = time;
  store.attempts[id] = 0;
  if (store.isInTried[id] === 1) return false;

  const slot = tables.triedSlot(id);
  if (testBeforeEvict && tables.triedTable.entries[slot] !== NO_ENTRY) {
    const { pendingIds } = tables;
    if (pendingIds.length < MAX_PENDING_COLLISIONS && !pendingIds.includes(id)) pendingIds.push(id);
    return false;
  }
  moveToTried(tables, id, slot);
  return true;
}

/** Decides about every pending entry that can be decided now. */
export function resolveCollisions(tables: AddressTables, readNow: () => number): void {
  const { store } = tables;
  // In order of creation, not of waiting: of two for one slot the older entry gets it.
  const ids = [...tables.pendingIds].sort((a, b) => store.serial[a]! - store.serial[b]!);
  for (const id of ids) {
    // Moving another entry to tried may have deleted this one, and its id may be reused by now.
    if (!tables.pendingIds.includes(id)) continue;
    const now = readNow();
    const verdict = verdictOn(tables, id, now);
    if (verdict === 'wait') continue;
    if (verdict === 'replace') markGood(tables, id, now, false);
    tables.pendingIds = tables.pendingIds.filter((pendingId) => pendingId !== id);
  }
}

/** The occupant that stands in the way of a random pending entry; `NO_ENTRY` when there is nothing to test. */
export function randomTriedCollision(tables: AddressTables): number {
  const { pendingIds } = tables;
  if (pendingIds.length === 0) return NO_ENTRY;
  return tables.triedTable.entries[tables.triedSlot(pendingIds[uniformBelow(tables.random, pendingIds.length)]!)]!;
}

function verdictOn(tables: AddressTables, id: number, now: number): 'replace' | 'keep' | 'wait' {
  const { store } = tables;
  const occupant = tables.triedTable.entries[tables.triedSlot(id)]!;
  if (occupant === NO_ENTRY) return 'replace';
  if (now - store.lastSuccess[occupant]! < REPLACEMENT_SECONDS) return 'keep';
  const sinceTrySeconds = now - store.lastTry[occupant]!;
  if (sinceTrySeconds < REPLACEMENT_SECONDS) return sinceTrySeconds > TEST_GRACE_SECONDS ? 'replace' : 'wait';
  // It was not tested in time: an untested replacement is better than an entry that waits for ever.
  return now - store.lastSuccess[id]! > TEST_WINDOW_SECONDS ? 'replace' : 'wait';
}

/** Moves a new entry to its tried slot. An occupant goes back to the new slot of its first source, over the entry that is there. */
function moveToTried(tables: AddressTables, id: number, slot: number): void {
  const occupant = tables.triedTable.entries[slot]!;
  if (occupant === NO_ENTRY) {
    tables.putTried(id, slot);
    return;
  }
  tables.takeFromTried(occupant);
  tables.putTried(id, slot);
  const newSlot = tables.primaryNewSlot(occupant);
  tables.clearNew(newSlot);
  tables.putNew(occupant, newSlot);
}

// Whether everything the tables say about an entry agrees. The codes are Bitcoin Core's, since users of both meet them
// in the message about a file that is refused. (src/addrman.cpp, AddrManImpl::CheckAddrman)

import type { AddressTables } from './address-tables.ts';
import { NO_ENTRY } from './bucket-table.ts';
import { NETWORK_COUNT } from './network-numbers.ts';
import type { EntryStore } from './entry-store.ts';
import { BUCKET_SLOTS, MAX_REFERENCES } from '../limits.ts';
import { serviceOf } from './service-of.ts';

/**
 * Looks for a contradiction.
 *
 * @param isPlacementKnown - True to leave out the hashing: right after loading, when every entry has just been placed.
 * @returns 0 when there is none, else a code:
 *
 * | code | what does not hold |
 * |---|---|
 * | -1, -2 | a tried entry has succeeded once; and is in no new slot |
 * | -3, -4 | a new entry is in at most eight new slots; and in at least one |
 * | -5, -14 | an entry is found by its address; and is where it says in the random order |
 * | -6, -8 | last try, last success are not negative |
 * | -7, -9, -10 | the random order, tried, new have as many entries as counted |
 * | -11, -13, -17, -18 | tried slots hold tried entries; all of them; in their bucket; at their position |
 * | -12, -15, -19 | new slots hold new entries; as often as they count; at their position |
 * | -16 | the key is not zero |
 * | -20, -21 | tried and new entries of each network are as many as counted |
 */
export function findContradiction(tables: AddressTables, isPlacementKnown: boolean = false): number {
  const { order, store } = tables;
  if (order.length !== tables.newCount + tables.triedCount) return -7;
  const counts = { new: new Int32Array(NETWORK_COUNT), tried: new Int32Array(NETWORK_COUNT) };
  for (let position = 0; position < order.length; position++) {
    const id = order.at(position);
    const code = checkEntry(tables, id, position, isPlacementKnown);
    if (code !== 0) return code;
    (store.isInTried[id] === 1 ? counts.tried : counts.new)[store.countedNetwork[id]!]!++;
  }
  if (sum(counts.tried) !== tables.triedCount) return -9;
  if (sum(counts.new) !== tables.newCount) return -10;
  const slotCode = checkTried(tables, isPlacementKnown) || checkNew(tables, isPlacementKnown);
  if (slotCode !== 0) return slotCode;
  if (tables.key.every((byte) => byte === 0)) return -16;
  for (let network = 0; network < NETWORK_COUNT; network++) {
    if (counts.tried[network] !== tables.triedCounts[network]) return -20;
    if (counts.new[network] !== tables.newCounts[network]) return -21;
  }
  return 0;
}

function checkEntry(tables: AddressTables, id: number, position: number, isPlacementKnown: boolean): number {
  const { store } = tables;
  const referenceCount = store.referenceCount[id]!;
  if (store.isInTried[id] === 1) {
    if (store.lastSuccess[id] === 0) return -1;
    if (referenceCount > 0) return -2;
  } else {
    if (referenceCount > MAX_REFERENCES) return -3;
    if (referenceCount === 0) return -4;
  }
  const found = isPlacementKnown ? tables.foundInstead(id) : tables.find(serviceOf(store, id));
  if (found !== id) return -5;
  if (store.orderPosition[id] !== position) return -14;
  if (store.lastTry[id]! < 0) return -6;
  return store.lastSuccess[id]! < 0 ? -8 : 0;
}

function checkTried(tables: AddressTables, isPlacementKnown: boolean): number {
  const { store, triedTable } = tables;
  let found = 0;
  for (let slot = 0; slot < triedTable.entries.length; slot++) {
    const id = triedTable.entries[slot]!;
    if (id === NO_ENTRY) continue;
    if (store.isInTried[id] !== 1 || store.slots[id * MAX_REFERENCES] !== slot) return -11;
    found++;
    if (isPlacementKnown) continue;
    const expected = tables.triedSlot(id);
    if (Math.floor(expected / BUCKET_SLOTS) !== Math.floor(slot / BUCKET_SLOTS)) return -17;
    if (expected !== slot) return -18;
  }
  return found === tables.triedCount ? 0 : -13;
}

/** The bucket itself is not checked: it depends on who told us, which is not kept for each slot. */
function checkNew(tables: AddressTables, isPlacementKnown: boolean): number {
  const { store, newTable, order } = tables;
  const found = new Uint8Array(store.end);
  for (let slot = 0; slot < newTable.entries.length; slot++) {
    const id = newTable.entries[slot]!;
    if (id === NO_ENTRY) continue;
    if (store.isInTried[id] === 1 || !refersTo(store, id, slot)) return -12;
    found[id]!++;
    if (isPlacementKnown) continue;
    const bucket = Math.floor(slot / BUCKET_SLOTS);
    if (tables.newSlotsIn([bucket], [id])[0] !== slot) return -19;
  }
  for (let position = 0; position < order.length; position++) {
    const id = order.at(position);
    if (store.isInTried[id] === 0 && found[id] !== store.referenceCount[id]) return -15;
  }
  return 0;
}

function refersTo(store: EntryStore, id: number, slot: number): boolean {
  const first = id * MAX_REFERENCES;
  for (let at = first; at < first + store.referenceCount[id]!; at++) if (store.slots[at] === slot) return true;
  return false;
}

function sum(counts: Int32Array): number {
  return counts.reduce((total, count) => total + count, 0);
}

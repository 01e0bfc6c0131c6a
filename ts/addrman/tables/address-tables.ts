// The whole state of the address manager, and the few moves that keep it consistent.
//
// What an address is worth and when it moves is decided elsewhere (address-intake.ts, tried-collisions.ts, selection.ts); each
// move here leaves entries, slots, references, lookup, random order and counts in agreement (consistency.ts).

import type { NetAddress } from '../../netaddr/net-address.ts';
import type { Service } from '../../netaddr/service.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { AddressIndex } from './address-index.ts';
import { BucketTable, NO_ENTRY } from './bucket-table.ts';
import { EntryStore } from './entry-store.ts';
import { NETWORK_COUNT } from './network-numbers.ts';
import { INITIAL_LAST_GOOD, MAX_REFERENCES, NEW_BUCKET_COUNT, TRIED_BUCKET_COUNT } from '../limits.ts';
import type { NetGroups } from '../net-groups.ts';
import { Placement } from './placement.ts';
import { RandomOrder } from './random-order.ts';
import { serviceOf } from './service-of.ts';

/** Entries, both tables, and the ways to find an entry. */
export class AddressTables {
  readonly key: Uint8Array;
  readonly groups: NetGroups;
  readonly random: RandomUint32;

  readonly store = new EntryStore();
  readonly order = new RandomOrder(this.store);
  readonly newTable = new BucketTable(NEW_BUCKET_COUNT);
  readonly triedTable = new BucketTable(TRIED_BUCKET_COUNT);
  /** Unique entries of each table, by network number. */
  readonly newCounts = new Int32Array(NETWORK_COUNT);
  readonly triedCounts = new Int32Array(NETWORK_COUNT);
  newCount = 0;
  triedCount = 0;

  /**
   * Entries that wait for the occupant of their tried slot to be tested. Kept here because ids are used again: a deleted
   * entry is removed from this list, or another entry would inherit the test.
   */
  pendingIds: number[] = [];

  /** When `good` was last called. */
  lastGood = INITIAL_LAST_GOOD;

  readonly #index: AddressIndex;
  readonly #placement: Placement;

  /** @param key - 32 bytes, owned by the tables from now on. */
  constructor(key: Uint8Array, groups: NetGroups, random: RandomUint32) {
    this.key = key;
    this.groups = groups;
    this.random = random;
    this.#index = new AddressIndex(this.store, random);
    this.#placement = new Placement(key);
  }

  /** Makes room for this many more entries at once. */
  reserve(count: number): void {
    this.store.reserve(count);
    this.#index.reserve(count);
  }

  /** The entry for an endpoint; `NO_ENTRY` when there is none. */
  find(service: Service): number {
    return this.#index.find(service, this.#index.hash(service));
  }

  /** The entry that `find` gives for the address and port of `id`: itself, unless a file named them twice. */
  foundInstead(id: number): number {
    return this.#index.occupant(id);
  }

  /** Makes a new entry that no slot holds yet. The caller gives it one, or deletes it again. */
  create(service: Service, source: NetAddress, time: number, services: bigint): number {
    const id = this.store.create(service, this.#index.hash(service), source, time, services);
    this.order.append(id);
    this.#index.insert(id);
    this.#countNew(id, 1);
    return id;
  }

  /** Deletes a new entry that no slot holds. */
  delete(id: number): void {
    this.order.remove(id);
    this.#index.remove(id);
    this.#countNew(id, -1);
    if (this.pendingIds.length > 0) this.pendingIds = this.pendingIds.filter((pendingId) => pendingId !== id);
    this.store.free(id);
  }

  /** The new slot for each endpoint by what a source in this group told us. */
  newSlots(services: readonly Service[], sourceGroup: Uint8Array): number[] {
    const groups = services.map(({ address }) => this.groups.group(address));
    return this.#placement.newSlots(this.#placement.newBuckets(groups, sourceGroup), (input, index) => {
      const { address, port } = services[index]!;
      input.service(address.getAddrBytes(), port);
    });
  }

  /** The one slot that each entry can have in its bucket of the new table. */
  newSlotsIn(buckets: readonly number[], ids: readonly number[]): number[] {
    const { store } = this;
    return this.#placement.newSlots(buckets, (input, index) => {
      const id = ids[index]!;
      input.service(store.addrBytes(id), store.port[id]!);
    });
  }

  /** The new slot for an entry by what its first source told us. */
  primaryNewSlot(id: number): number {
    return this.newSlots([serviceOf(this.store, id)], this.groups.group(this.store.source(id)))[0]!;
  }

  /** The one slot of the tried table that each endpoint can have. */
  triedSlots(services: readonly Service[]): number[] {
    const groups = services.map(({ address }) => this.groups.group(address));
    const addrBytes = services.map(({ address }) => address.getAddrBytes());
    return this.#placement.triedSlots(groups, (input, index) => {
      input.service(addrBytes[index]!, services[index]!.port);
    });
  }

  triedSlot(id: number): number {
    const { store } = this;
    const group = this.groups.group(store.address(id));
    return this.#placement.triedSlots([group], (input) => input.service(store.addrBytes(id), store.port[id]!))[0]!;
  }

  /** Puts a new entry into an empty new slot, in addition to those it has. */
  putNew(id: number, slot: number): void {
    const { store } = this;
    store.slots[id * MAX_REFERENCES + store.referenceCount[id]!++] = slot;
    this.newTable.put(slot, id, store.countedNetwork[id]!);
  }

  /** Empties a new slot. An entry that loses its last slot is deleted. */
  clearNew(slot: number): void {
    const id = this.newTable.entries[slot]!;
    if (id === NO_ENTRY) return;
    this.#dropReference(id, slot);
    if (this.store.referenceCount[id] === 0) this.delete(id);
  }

  /** Makes a new entry a tried one, in an empty slot. */
  putTried(id: number, slot: number): void {
    const { store } = this;
    while (store.referenceCount[id]! > 0) {
      this.#dropReference(id, store.slots[id * MAX_REFERENCES + store.referenceCount[id]! - 1]!);
    }
    this.#countNew(id, -1);
    store.isInTried[id] = 1;
    store.slots[id * MAX_REFERENCES] = slot;
    this.triedTable.put(slot, id, store.countedNetwork[id]!);
    this.#countTried(id, 1);
  }

  /** Makes a tried entry a new one that no slot holds yet; it keeps its statistics. */
  takeFromTried(id: number): void {
    const { store } = this;
    this.triedTable.clear(store.slots[id * MAX_REFERENCES]!, store.countedNetwork[id]!);
    store.isInTried[id] = 0;
    this.#countTried(id, -1);
    this.#countNew(id, 1);
  }

  #dropReference(id: number, slot: number): void {
    const { store } = this;
    const first = id * MAX_REFERENCES;
    const last = first + --store.referenceCount[id]!;
    let at = first;
    while (store.slots[at] !== slot) at++;
    store.slots[at] = store.slots[last]!;
    this.newTable.clear(slot, store.countedNetwork[id]!);
  }

  #countNew(id: number, change: 1 | -1): void {
    this.newCount += change;
    this.newCounts[this.store.countedNetwork[id]!]! += change;
  }

  #countTried(id: number, change: 1 | -1): void {
    this.triedCount += change;
    this.triedCounts[this.store.countedNetwork[id]!]! += change;
  }
}

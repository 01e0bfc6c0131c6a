// Drawing addresses: one to dial, or a sample for gossip. (Bitcoin Core src/addrman.cpp, AddrManImpl::Select_ and GetAddr_)

import type { NetworkClass } from '../netaddr/networks/network.ts';
import { uniformBelow } from '../util/random.ts';
import type { RandomUint32 } from '../util/random.ts';
import type { AddressTables } from './tables/address-tables.ts';
import { ANY_NETWORK, NO_ENTRY } from './tables/bucket-table.ts';
import type { BucketTable } from './tables/bucket-table.ts';
import type { EntryStore } from './tables/entry-store.ts';
import { BUCKET_SLOTS, CHANCE_GROWTH } from './limits.ts';
import { NETWORK_BY_NUMBER } from './tables/network-numbers.ts';
import { isTaken, isTerrible } from './quality.ts';

/** Draws of 30 bits decide whether a chance is taken. */
const CHANCE_RANGE = 2 ** 30;

/** The bits of a slot number that are the position in the bucket. */
const POSITION_MASK = BUCKET_SLOTS - 1;

/** Draws of a bucket from the unfiltered list before the buckets that match several networks are listed. */
const MAX_UNFILTERED_DRAWS = 32;

/**
 * Draws an entry to dial, the better and the more referenced the likelier.
 *
 * @param networks - Numbers of the networks to draw from; empty for all.
 * @returns `NO_ENTRY` when no entry fits.
 */
export function selectEntry(tables: AddressTables, newOnly: boolean, networks: readonly number[], now: number): number {
  const { store, random } = tables;
  const newCount = countOf(networks, tables.newCounts, tables.newCount);
  const triedCount = newOnly ? 0 : countOf(networks, tables.triedCounts, tables.triedCount);
  if (newCount + triedCount === 0) return NO_ENTRY;
  const isFromTried = triedCount > 0 && (newCount === 0 || (random() & 1) === 1);
  const draw = new SlotDraw(isFromTried ? tables.triedTable : tables.newTable, networks, tables);

  // The factor grows with each entry that was not taken, so that even a table of hopeless entries gives one.
  for (let factor = 1; ; factor *= CHANCE_GROWTH) {
    const id = draw.entry();
    if (isTaken(store, id, now, (random() >>> 2) / (factor * CHANCE_RANGE))) return id;
  }
}

/**
 * Draws entries without repetition, terrible ones left out if `isFiltered`.
 *
 * @param maxPercent - Of all entries, before any filter; 0 for no such limit.
 * @param maxCount - 0 for no such limit.
 * @param netClass - Only entries of this class; note that an entry's class and its network may differ.
 */
export function sampleEntries(
  tables: AddressTables,
  maxCount: number,
  maxPercent: number,
  netClass: NetworkClass | undefined,
  isFiltered: boolean,
  now: number,
): number[] {
  const { order, store, random } = tables;
  const total = order.length;
  const byPercent = maxPercent === 0 ? total : Math.floor((Math.min(maxPercent, 100) * total) / 100);
  const count = maxCount === 0 ? byPercent : Math.min(byPercent, maxCount);
  const ids: number[] = [];
  for (let position = 0; position < total && ids.length < count; position++) {
    order.swap(position, position + uniformBelow(random, total - position));
    const id = order.at(position);
    if (netClass !== undefined && netClassOf(store, id) !== netClass) continue;
    if (isFiltered && isTerrible(store, id, now)) continue;
    ids.push(id);
  }
  return ids;
}

/** Only an IPv6 address can be of another class than its network: if it embeds an IPv4 address. */
function netClassOf(store: EntryStore, id: number): NetworkClass {
  const network = NETWORK_BY_NUMBER[store.countedNetwork[id]!]!;
  return network === 'ipv6' ? store.address(id).getNetClass() : network;
}

function countOf(networks: readonly number[], counts: Int32Array, total: number): number {
  if (networks.length === 0) return total;
  let sum = 0;
  for (const network of networks) sum += counts[network]!;
  return sum;
}

/** The slot of a bucket at the position that `place` has in its own. */
function slotAt(bucket: number, place: number): number {
  return bucket * BUCKET_SLOTS + (place & POSITION_MASK);
}

/** The next slot of the same bucket, cyclically. */
function nextInBucket(slot: number): number {
  return (slot & ~POSITION_MASK) | ((slot + 1) & POSITION_MASK);
}

/**
 * Draws entries of a table that match: a bucket that holds any, all such buckets with the same chance, and in it the first
 * from a random position on, cyclically. There must be one.
 */
class SlotDraw {
  readonly #table: BucketTable;
  readonly #networks: readonly number[];
  readonly #countedNetwork: Uint8Array;
  readonly #random: RandomUint32;
  /** The list to draw from if the table keeps none of its kind: made when needed. */
  #matching: number[] | undefined;

  constructor(table: BucketTable, networks: readonly number[], { store, random }: AddressTables) {
    this.#table = table;
    this.#networks = networks;
    this.#countedNetwork = store.countedNetwork;
    this.#random = random;
  }

  entry(): number {
    const { entries } = this.#table;
    for (let slot = this.#start(); ; slot = nextInBucket(slot)) {
      const id = entries[slot]!;
      if (id !== NO_ENTRY && this.#matches(id)) return id;
    }
  }

  /** Reads the entry only if there is a filter: in a full table each read is a cache miss. */
  #matches(id: number): boolean {
    return this.#networks.length === 0 || this.#networks.includes(this.#countedNetwork[id]!);
  }

  /** A random slot of a random bucket that holds a match. */
  #start(): number {
    if (this.#networks.length <= 1) return this.#slotOfKind(this.#networks[0] ?? ANY_NETWORK);
    for (let draws = 0; draws < MAX_UNFILTERED_DRAWS && this.#matching === undefined; draws++) {
      const slot = this.#slotOfKind(ANY_NETWORK);
      if (this.#hasMatch(Math.floor(slot / BUCKET_SLOTS))) return slot;
    }
    const buckets = (this.#matching ??= this.#listMatching());
    const place = this.#place(buckets.length);
    return slotAt(buckets[Math.floor(place / BUCKET_SLOTS)]!, place);
  }

  #slotOfKind(kind: number): number {
    const place = this.#place(this.#table.occupiedBucketCount(kind));
    return slotAt(this.#table.occupiedBucket(kind, Math.floor(place / BUCKET_SLOTS)), place);
  }

  /**
   * A bucket and a position in it, from one number: random numbers are a good part of the cost of a draw.
   * Numbers too large are thrown away, not divided: none is where all buckets are in use.
   */
  #place(bucketCount: number): number {
    const count = bucketCount * BUCKET_SLOTS;
    const mask = -1 >>> Math.clz32(count - 1);
    for (;;) {
      const place = this.#random() & mask;
      if (place < count) return place;
    }
  }

  #hasMatch(bucket: number): boolean {
    for (const network of this.#networks) if (this.#table.entryCount(bucket, network) > 0) return true;
    return false;
  }

  #listMatching(): number[] {
    const buckets: number[] = [];
    for (let index = 0; index < this.#table.occupiedBucketCount(ANY_NETWORK); index++) {
      const bucket = this.#table.occupiedBucket(ANY_NETWORK, index);
      if (this.#hasMatch(bucket)) buckets.push(bucket);
    }
    return buckets;
  }
}

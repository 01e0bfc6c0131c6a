// Finds an entry by address and port: an open-addressing hash table of entry ids.
//
// The hash is keyed by chance, because peers choose the addresses: under a fixed hash they could send ones that all
// collide, and every lookup would walk them.

import { NETWORK_BYTES, NETWORK_NUMBERS } from '../../netaddr/networks/network.ts';
import type { NetworkName } from '../../netaddr/networks/network.ts';
import type { Service } from '../../netaddr/service.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { halfSipHash } from '../../util/hashing/half-siphash.ts';
import { NETWORK_BY_NUMBER } from './network-numbers.ts';
import type { EntryStore } from './entry-store.ts';

const EMPTY = -1;

/** Slots at first; doubled whenever more than half are taken, so that chains stay at one or two. */
const INITIAL_SLOTS = 1024;

/** What stands behind the address bytes in the hashed message: port and network. */
const SUFFIX_BYTES = 3;

/** Maps (network, bytes, port) to the id of an entry in `store`. Holds ids only; the store has addresses and hashes. */
export class AddressIndex {
  readonly #store: EntryStore;
  readonly #k0: number;
  readonly #k1: number;
  /** The message to hash, by network number: the length differs, and a view costs as much as the hash. */
  readonly #messages: readonly Uint8Array[];
  #lastService: Service | undefined;
  #lastHash = 0;
  #slots = new Int32Array(INITIAL_SLOTS).fill(EMPTY);
  #count = 0;

  constructor(store: EntryStore, random: RandomUint32) {
    this.#store = store;
    this.#k0 = random();
    this.#k1 = random();
    this.#messages = NETWORK_BY_NUMBER.map(
      (name) => new Uint8Array((NETWORK_BYTES[name as NetworkName] ?? 0) + SUFFIX_BYTES),
    );
  }

  /** The keyed hash that an entry for this endpoint has (`EntryStore.lookupHash`). */
  hash(service: Service): number {
    // An address that is new is looked for first and entered then.
    if (service === this.#lastService) return this.#lastHash;
    const { address, port } = service;
    const network = NETWORK_NUMBERS[address.network];
    const message = this.#messages[network]!;
    const suffix = message.length - SUFFIX_BYTES;
    for (let index = 0; index < suffix; index++) message[index] = address.bytes[index]!;
    message[suffix] = port;
    message[suffix + 1] = port >>> 8;
    message[suffix + 2] = network;
    this.#lastService = service;
    this.#lastHash = halfSipHash(this.#k0, this.#k1, message);
    return this.#lastHash;
  }

  /** The id of the entry for an endpoint with this hash; -1 when there is none. */
  find(service: Service, hash: number): number {
    const store = this.#store;
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = slots[slot]!;
      if (id === EMPTY || (store.lookupHash[id] === hash && store.isAt(id, service))) return id;
    }
  }

  /** Enters an entry. One for the same address and port gives way, as it does when a file names an address twice. */
  insert(id: number): void {
    const slot = this.#slotOf(id);
    if (this.#slots[slot] === EMPTY) this.#count++;
    this.#slots[slot] = id;
    if (this.#count * 2 > this.#slots.length) this.#resize(this.#slots.length * 2);
  }

  /** Makes room for this many more entries at once. */
  reserve(count: number): void {
    let slotCount = this.#slots.length;
    while (count * 2 > slotCount) slotCount *= 2;
    if (slotCount > this.#slots.length) this.#resize(slotCount);
  }

  /** Removes the entry that stands for the address and port of `id`: that one, or a later duplicate. */
  remove(id: number): void {
    const { lookupHash } = this.#store;
    const slots = this.#slots;
    let hole = this.#slotOf(id);
    if (slots[hole] === EMPTY) return;
    this.#count--;
    // Close the gap: the entry that follows in the chain moves up, unless that would put it before its home.
    const mask = slots.length - 1;
    for (let slot = (hole + 1) & mask; slots[slot] !== EMPTY; slot = (slot + 1) & mask) {
      const distanceFromHome = (slot - lookupHash[slots[slot]!]!) & mask;
      if (distanceFromHome < ((slot - hole) & mask)) continue;
      slots[hole] = slots[slot]!;
      hole = slot;
    }
    slots[hole] = EMPTY;
  }

  /** The entry that stands for the address and port of `id`; -1 when none does. */
  occupant(id: number): number {
    return this.#slots[this.#slotOf(id)]!;
  }

  /** Where the address and port of `id` are, or else the free slot where they would go. */
  #slotOf(id: number): number {
    const store = this.#store;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = store.lookupHash[id]! & mask;
    while (slots[slot] !== EMPTY && !store.isSame(slots[slot]!, id)) slot = (slot + 1) & mask;
    return slot;
  }

  #resize(slotCount: number): void {
    const ids = this.#slots;
    this.#slots = new Int32Array(slotCount).fill(EMPTY);
    for (const id of ids) if (id !== EMPTY) this.#slots[this.#slotOf(id)] = id;
  }
}

// Every address that a round knows, in columns: millions of them, each found by its bytes in well under a microsecond.
//
// An address is a row. Its entry lies in the pool of its network, as 32-bit words: address, port, row. The place of the entry,
// with the network in the top bits, is all that a row keeps, and with the hash all that a slot of the hash table holds: a look-up
// touches one slot and one entry. The hash is keyed. Rows are never removed: the table ends with its round.

import { NetAddress } from '../../netaddr/net-address.ts';
import { NETWORK_NUMBERS } from '../../netaddr/networks/network.ts';
import type { PublicNetworkName } from '../../netaddr/networks/network.ts';
import { Service } from '../../netaddr/service.ts';
import { halfSipHashWords } from '../../util/hashing/half-siphash.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { grownTo, grownUint32 } from './column.ts';
import { FREE, emptySlots, slotsFor } from './hash-slots.ts';

/** Networks by number; 0 is none. */
export const NETWORK_NAMES: readonly (PublicNetworkName | undefined)[] = [
  undefined,
  'ipv4',
  'ipv6',
  'onion',
  'i2p',
  'cjdns',
];
/** Words of an address, by network number. */
const ADDRESS_WORDS: readonly number[] = [0, 1, 4, 8, 8, 4];
const LONGEST_ADDRESS_WORDS = 8;

/** A place: the network's number, which is not 0, and behind it the number of the entry in the pool of that network. */
const NETWORK_SHIFT = 29;
const ENTRY_MASK = 2 ** NETWORK_SHIFT - 1;
/** See the module comment. */
export class AddressTable {
  /** Rows in use. */
  length = 0;
  /** Where the entry of a row is. */
  #places = new Uint32Array(0);
  readonly #pools = ADDRESS_WORDS.map(() => new Uint32Array(0));
  readonly #poolLengths = new Uint32Array(ADDRESS_WORDS.length);
  /** Places. */
  #slots = emptySlots();
  readonly #key0: number;
  readonly #key1: number;
  /** The address of the last look-up, in the form of an entry, its hash, and the free slot where the search ended. */
  readonly #key = new Uint32Array(LONGEST_ADDRESS_WORDS + 1);
  #keyNetwork = 0;
  #keyHash = 0;
  #freeSlot = 0;

  /** @param random - Draws the key, so that nobody can choose addresses that collide. */
  constructor(random: RandomUint32) {
    this.#key0 = random();
    this.#key1 = random();
  }

  /** The row of an address; -1 if it is not known. */
  find(network: number, bytes: Uint8Array, offset: number, port: number): number {
    const key = this.#key;
    const count = this.#load(network, bytes, offset, port);
    const pool = this.#pools[network]!;
    const slots = this.#slots;
    const mask = slots.length - 2;
    const hash = halfSipHashWords(this.#key0, this.#key1, key, 0, count);
    for (let at = (hash << 1) & mask; ; at = (at + 2) & mask) {
      const place = slots[at + 1]!;
      if (place === FREE) {
        this.#keyHash = hash;
        this.#freeSlot = at;
        return -1;
      }
      if (slots[at] !== hash || place >>> NETWORK_SHIFT !== network) continue;
      const start = (place & ENTRY_MASK) * (count + 1);
      let same = 0;
      while (same < count && pool[start + same] === key[same]) same++;
      if (same === count) return pool[start + count]!;
    }
  }

  /** Adds the address that the last `find` did not find. @returns Its row. */
  addMissed(): number {
    const row = this.length;
    const network = this.#keyNetwork;
    const count = ADDRESS_WORDS[network]! + 1;
    if (row === this.#places.length) this.#places = grownUint32(this.#places, grownTo(row + 1, row));
    const entry = this.#poolLengths[network]!++;
    const start = entry * (count + 1);
    let pool = this.#pools[network]!;
    if (start === pool.length) {
      pool = grownUint32(pool, grownTo(entry + 1, entry) * (count + 1));
      this.#pools[network] = pool;
    }
    for (let index = 0; index < count; index++) pool[start + index] = this.#key[index]!;
    pool[start + count] = row;
    const place = (network << NETWORK_SHIFT) | entry;
    this.#places[row] = place;
    this.#slots[this.#freeSlot] = this.#keyHash;
    this.#slots[this.#freeSlot + 1] = place;
    this.length = row + 1;
    this.#slots = slotsFor(this.length, this.#slots);
    return row;
  }

  /** Adds an address, unless it is known. Its bytes are copied. @returns Its row. */
  add(network: number, bytes: Uint8Array, offset: number, port: number): number {
    const row = this.find(network, bytes, offset, port);
    return row === -1 ? this.addMissed() : row;
  }

  /** Addresses of a network, by its number. */
  countOf(network: number): number {
    return this.#poolLengths[network]!;
  }

  /** The network number of a row. */
  networkOf(row: number): number {
    return this.#places[row]! >>> NETWORK_SHIFT;
  }

  /** The port of a row. */
  portOf(row: number): number {
    const words = ADDRESS_WORDS[this.networkOf(row)]!;
    return this.#pools[this.networkOf(row)]![(this.#places[row]! & ENTRY_MASK) * (words + 2) + words]! & 0xffff;
  }

  /** Copies the address of a row. @returns Its length in bytes. */
  copyAddress(row: number, target: Uint8Array, offset: number): number {
    const network = this.networkOf(row);
    const words = ADDRESS_WORDS[network]!;
    const pool = this.#pools[network]!;
    const start = (this.#places[row]! & ENTRY_MASK) * (words + 2);
    for (let index = 0; index < words; index++) {
      const word = pool[start + index]!;
      const at = offset + index * 4;
      target[at] = word;
      target[at + 1] = word >>> 8;
      target[at + 2] = word >>> 16;
      target[at + 3] = word >>> 24;
    }
    return words * 4;
  }

  /** The address and port of a row, as a new object. */
  serviceOf(row: number): Service {
    const network = this.networkOf(row);
    const bytes = new Uint8Array(ADDRESS_WORDS[network]! * 4);
    this.copyAddress(row, bytes, 0);
    return new Service(new NetAddress(NETWORK_NAMES[network]!, bytes), this.portOf(row));
  }

  /** Memory of the table, in bytes. */
  get memoryBytes(): number {
    const columns = this.#places.byteLength + this.#slots.byteLength;
    return this.#pools.reduce((sum, { byteLength }) => sum + byteLength, columns);
  }

  /** Puts an address into `#key`. @returns Its length in words; the last word is port and network, for `halfSipHashWords`. */
  #load(network: number, bytes: Uint8Array, offset: number, port: number): number {
    const key = this.#key;
    const words = ADDRESS_WORDS[network]!;
    for (let index = 0, at = offset; index < words; index++, at += 4)
      key[index] = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    key[words] = port | (network << 16) | ((words * 4 + 3) << 24);
    this.#keyNetwork = network;
    return words + 1;
  }
}

/** The number of an address's network; 0 for one that cannot be dialed. */
export function networkNumberOf({ network }: NetAddress): number {
  return network === 'internal' ? 0 : NETWORK_NUMBERS[network];
}

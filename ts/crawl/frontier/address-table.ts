// Every address that a round knows, in columns: millions of them, each found by its bytes in well under a microsecond.
//
// An address is a row. Its bytes lie in a pool of its network, all alike in length; a table of row numbers, by keyed hash and
// with open addressing, leads from bytes to row. Rows are never taken out: a round ends, and its table with it.

import { NetAddress } from '../../netaddr/net-address.ts';
import { NETWORK_NUMBERS } from '../../netaddr/networks/network.ts';
import type { PublicNetworkName } from '../../netaddr/networks/network.ts';
import { Service } from '../../netaddr/service.ts';
import { halfSipHash } from '../../util/hashing/half-siphash.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { grownBytes, grownTo, grownUint16, grownUint32 } from './column.ts';

/** Networks by number; 0 is none. */
export const NETWORK_NAMES: readonly (PublicNetworkName | undefined)[] = [
  undefined,
  'ipv4',
  'ipv6',
  'onion',
  'i2p',
  'cjdns',
];
const NETWORK_BYTES: readonly number[] = [0, 4, 16, 32, 32, 16];

/** Of a hundred places of the hash table, so many may be taken. */
const MAX_LOAD = 0.7;
const FIRST_PLACES = 4_096;

/** See the module comment. */
export class AddressTable {
  /** Rows in use. */
  length = 0;
  #networks = new Uint8Array(0);
  #ports = new Uint16Array(0);
  /** Where in the pool of its network an address is. */
  #places = new Uint32Array(0);
  readonly #pools = NETWORK_BYTES.map(() => new Uint8Array(0));
  readonly #poolLengths = new Uint32Array(NETWORK_BYTES.length);
  /** Row numbers and 1, so that 0 is free. A power of two. */
  #hashTable = new Uint32Array(FIRST_PLACES);
  readonly #key0: number;
  readonly #key1: number;
  /** What is hashed: network, port, address. One for each length. */
  readonly #messages = NETWORK_BYTES.map((length) => new Uint8Array(length + 3));

  /** @param random - Draws the key, so that nobody can choose addresses that collide. */
  constructor(random: RandomUint32) {
    this.#key0 = random();
    this.#key1 = random();
  }

  /** The row of an address; -1 if it is not known. */
  find(network: number, bytes: Uint8Array, offset: number, port: number): number {
    const mask = this.#hashTable.length - 1;
    let at = this.#hash(network, bytes, offset, port) & mask;
    for (;;) {
      const row = this.#hashTable[at]! - 1;
      if (row === -1 || this.#isAt(row, network, bytes, offset, port)) return row;
      at = (at + 1) & mask;
    }
  }

  /** Adds an address that `find` does not find. Its bytes are copied. @returns Its row. */
  add(network: number, bytes: Uint8Array, offset: number, port: number): number {
    const row = this.length;
    if (row === this.#networks.length) this.#growRows(row + 1);
    if (row + 1 > this.#hashTable.length * MAX_LOAD) this.#growHashTable();
    const size = NETWORK_BYTES[network]!;
    const place = this.#poolLengths[network]!++;
    let pool = this.#pools[network]!;
    if ((place + 1) * size > pool.length) {
      pool = grownBytes(pool, grownTo(place + 1, pool.length / size) * size);
      this.#pools[network] = pool;
    }
    for (let index = 0; index < size; index++) pool[place * size + index] = bytes[offset + index]!;
    this.#networks[row] = network;
    this.#ports[row] = port;
    this.#places[row] = place;
    this.length = row + 1;
    this.#enter(row, this.#hash(network, bytes, offset, port));
    return row;
  }

  /** Addresses of a network, by its number. */
  countOf(network: number): number {
    return this.#poolLengths[network]!;
  }

  /** The number of a row's network. */
  networkOf(row: number): number {
    return this.#networks[row]!;
  }

  /** The address and port of a row, made anew. */
  serviceOf(row: number): Service {
    const network = this.#networks[row]!;
    const size = NETWORK_BYTES[network]!;
    const start = this.#places[row]! * size;
    const bytes = this.#pools[network]!.slice(start, start + size);
    return new Service(new NetAddress(NETWORK_NAMES[network]!, bytes), this.#ports[row]!);
  }

  /** Bytes that all of it takes. */
  get memoryBytes(): number {
    const columns = this.#networks.byteLength + this.#ports.byteLength + this.#places.byteLength;
    return this.#pools.reduce((sum, { byteLength }) => sum + byteLength, columns + this.#hashTable.byteLength);
  }

  #isAt(row: number, network: number, bytes: Uint8Array, offset: number, port: number): boolean {
    if (this.#networks[row] !== network || this.#ports[row] !== port) return false;
    const size = NETWORK_BYTES[network]!;
    const pool = this.#pools[network]!;
    const start = this.#places[row]! * size;
    for (let index = 0; index < size; index++) if (pool[start + index] !== bytes[offset + index]) return false;
    return true;
  }

  #hash(network: number, bytes: Uint8Array, offset: number, port: number): number {
    const message = this.#messages[network]!;
    const size = NETWORK_BYTES[network]!;
    message[0] = network;
    message[1] = port >> 8;
    message[2] = port;
    for (let index = 0; index < size; index++) message[index + 3] = bytes[offset + index]!;
    return halfSipHash(this.#key0, this.#key1, message);
  }

  #enter(row: number, hash: number): void {
    const mask = this.#hashTable.length - 1;
    let at = hash & mask;
    while (this.#hashTable[at] !== 0) at = (at + 1) & mask;
    this.#hashTable[at] = row + 1;
  }

  #growRows(rows: number): void {
    const size = grownTo(rows, this.#networks.length);
    this.#networks = grownBytes(this.#networks, size);
    this.#ports = grownUint16(this.#ports, size);
    this.#places = grownUint32(this.#places, size);
  }

  #growHashTable(): void {
    this.#hashTable = new Uint32Array(this.#hashTable.length * 2);
    for (let row = 0; row < this.length; row++) {
      const network = this.#networks[row]!;
      const start = this.#places[row]! * NETWORK_BYTES[network]!;
      this.#enter(row, this.#hash(network, this.#pools[network]!, start, this.#ports[row]!));
    }
  }
}

/** The number of an address's network; 0 for one that cannot be dialed. */
export function networkNumberOf({ network }: NetAddress): number {
  return network === 'internal' ? 0 : NETWORK_NUMBERS[network];
}

// The fields of all addresses, one column each.
//
// A full address book is 80,000 entries; as objects they would take some 40 MB and a pause at each garbage collection.
// Columns take 146 bytes an entry and hold nothing to collect. An entry is named by its id, the index into every
// column; ids of deleted entries are used again, so code that keeps one must hear of the deletion.

import { writeAddressV2At } from '../../netaddr/encoding.ts';
import { NetAddress } from '../../netaddr/net-address.ts';
import { NETWORK_BYTES, NETWORK_NUMBERS } from '../../netaddr/networks/network.ts';
import type { NetworkName } from '../../netaddr/networks/network.ts';
import type { Service } from '../../netaddr/service.ts';
import type { ByteWriter } from '../../util/bytes/bytes.ts';
import { MAX_ENTRIES, MAX_REFERENCES } from '../limits.ts';
import { BYTES_BY_NUMBER, NETWORK_BY_NUMBER } from './network-numbers.ts';

/** Room for the bytes of any address. */
const ADDRESS_STRIDE = 32;

/** Entries there is room for at first: an empty address book is small, and the room doubles. */
const INITIAL_CAPACITY = 512;

/** Ends the chain of free ids. */
const NO_ID = -1;

const LOW_32_BITS = 0xffff_ffffn;

/** The columns. Each says when it is meaningful, and what updates it. */
export class EntryStore {
  /** Network number and raw bytes of the address; identity together with the port. */
  network = new Uint8Array(INITIAL_CAPACITY);
  addressBytes = new Uint8Array(INITIAL_CAPACITY * ADDRESS_STRIDE);
  port = new Uint16Array(INITIAL_CAPACITY);
  /** Number of the network that the entry counts for, by `NetAddress.getNetwork()`. */
  countedNetwork = new Uint8Array(INITIAL_CAPACITY);
  /** The first source. Never updated. */
  sourceNetwork = new Uint8Array(INITIAL_CAPACITY);
  sourceBytes = new Uint8Array(INITIAL_CAPACITY * ADDRESS_STRIDE);
  /** The 64 service bits in two halves. */
  servicesLow = new Uint32Array(INITIAL_CAPACITY);
  servicesHigh = new Uint32Array(INITIAL_CAPACITY);
  /** Last seen, as gossiped: what we gossip on. */
  time = new Uint32Array(INITIAL_CAPACITY);
  /** Last handshake we completed; 0 for never. */
  lastSuccess = new Float64Array(INITIAL_CAPACITY);
  /** Last attempt of any kind, and the last that was counted; 0 for never. Not on disk. */
  lastTry = new Float64Array(INITIAL_CAPACITY);
  lastCountAttempt = new Float64Array(INITIAL_CAPACITY);
  /** Counted failures since the last success. */
  attempts = new Int32Array(INITIAL_CAPACITY);
  /** New slots that hold the entry; 0 when it is in tried. */
  referenceCount = new Uint8Array(INITIAL_CAPACITY);
  isInTried = new Uint8Array(INITIAL_CAPACITY);
  /** Those slots, eight places an entry, the first `referenceCount` in use; a tried entry's slot is in the first. */
  slots = new Uint16Array(INITIAL_CAPACITY * MAX_REFERENCES);
  /** Place in the random order; in a free entry, the next free id. */
  orderPosition = new Int32Array(INITIAL_CAPACITY);
  /** What the lookup made of address and port: hashing them again costs as much as the rest of it. */
  lookupHash = new Uint32Array(INITIAL_CAPACITY);
  /** Grows with each entry created: tells the older of two, which recycled ids do not. */
  serial = new Float64Array(INITIAL_CAPACITY);

  /** Ids handed out so far are below this. */
  #end = 0;
  #firstFree = NO_ID;
  #nextSerial = 0;

  /** Room for `addrBytes`, by network number, with what stands before the raw bytes in place. */
  readonly #addrForms = NETWORK_BY_NUMBER.map((name, number) =>
    number === 0 ? new Uint8Array(0) : zeroAddress(name as NetworkName).getAddrBytes(),
  );

  /** The services that were halved last, and the halves. */
  #splitServices = 0n;
  #splitLow = 0;
  #splitHigh = 0;

  /** One more than the highest id that was ever in use. */
  get end(): number {
    return this.#end;
  }

  /** Entries there is room for now. */
  get capacity(): number {
    return this.network.length;
  }

  /** Makes room for this many more entries at once. */
  reserve(count: number): void {
    if (count > this.capacity) this.#grow(Math.min(count, MAX_ENTRIES));
  }

  /**
   * Makes an entry with every statistic at its start, and returns its id.
   *
   * At most `MAX_ENTRIES` exist at a time; the tables see to that.
   *
   * @param lookupHash - From `AddressIndex.hash`.
   */
  create(service: Service, lookupHash: number, source: NetAddress, time: number, services: bigint): number {
    const { address, port } = service;
    const id = this.#allocate();
    this.network[id] = NETWORK_NUMBERS[address.network];
    copyBytes(address.bytes, this.addressBytes, id);
    this.port[id] = port;
    this.countedNetwork[id] = NETWORK_NUMBERS[address.getNetwork()];
    this.sourceNetwork[id] = NETWORK_NUMBERS[source.network];
    copyBytes(source.bytes, this.sourceBytes, id);
    this.setServices(id, services);
    this.time[id] = time;
    this.lastSuccess[id] = 0;
    this.lastTry[id] = 0;
    this.lastCountAttempt[id] = 0;
    this.attempts[id] = 0;
    this.referenceCount[id] = 0;
    this.isInTried[id] = 0;
    this.lookupHash[id] = lookupHash;
    this.serial[id] = this.#nextSerial++;
    return id;
  }

  /** Gives an id back. */
  free(id: number): void {
    this.orderPosition[id] = this.#firstFree;
    this.#firstFree = id;
  }

  /** Whether this is an entry that some slot holds, and not a free id. */
  isInUse(id: number): boolean {
    return this.referenceCount[id]! > 0 || this.isInTried[id] === 1;
  }

  setServices(id: number, services: bigint): void {
    this.#split(services);
    this.servicesLow[id] = this.#splitLow;
    this.servicesHigh[id] = this.#splitHigh;
  }

  addServices(id: number, services: bigint): void {
    this.#split(services);
    this.servicesLow[id]! |= this.#splitLow;
    this.servicesHigh[id]! |= this.#splitHigh;
  }

  services(id: number): bigint {
    const low = BigInt(this.servicesLow[id]!);
    const high = this.servicesHigh[id]!;
    return high === 0 ? low : (BigInt(high) << 32n) | low;
  }

  /** The address, as a copy. */
  address(id: number): NetAddress {
    return addressFrom(this.network[id]!, this.addressBytes, id);
  }

  /** `NetAddress.getAddrBytes()` of the address, without making one. Lent until the next call. */
  addrBytes(id: number): Uint8Array {
    const network = this.network[id]!;
    const form = this.#addrForms[network]!;
    const byteCount = BYTES_BY_NUMBER[network]!;
    const start = id * ADDRESS_STRIDE;
    // Whatever the form puts before them, the raw bytes are its end.
    const formStart = form.length - byteCount;
    for (let index = 0; index < byteCount; index++) form[formStart + index] = this.addressBytes[start + index]!;
    return form;
  }

  /** The address of the first source, as a copy. */
  source(id: number): NetAddress {
    return addressFrom(this.sourceNetwork[id]!, this.sourceBytes, id);
  }

  /** Writes the address in BIP 155 form. */
  writeAddress(writer: ByteWriter, id: number): void {
    writeColumn(writer, this.network[id]!, this.addressBytes, id);
  }

  /** Writes the address of the first source in BIP 155 form. */
  writeSource(writer: ByteWriter, id: number): void {
    writeColumn(writer, this.sourceNetwork[id]!, this.sourceBytes, id);
  }

  /** Whether the entry is for that endpoint. */
  isAt(id: number, { address, port }: Service): boolean {
    if (this.port[id] !== port || this.network[id] !== NETWORK_NUMBERS[address.network]) return false;
    const { bytes } = address;
    const start = id * ADDRESS_STRIDE;
    for (let index = 0; index < bytes.length; index++) {
      if (this.addressBytes[start + index] !== bytes[index]) return false;
    }
    return true;
  }

  /** Whether two entries are for the same endpoint. */
  isSame(id: number, otherId: number): boolean {
    if (id === otherId) return true;
    if (this.lookupHash[id] !== this.lookupHash[otherId]) return false;
    if (this.port[id] !== this.port[otherId] || this.network[id] !== this.network[otherId]) return false;
    const start = id * ADDRESS_STRIDE;
    const otherStart = otherId * ADDRESS_STRIDE;
    const byteCount = BYTES_BY_NUMBER[this.network[id]!]!;
    for (let index = 0; index < byteCount; index++) {
      if (this.addressBytes[start + index] !== this.addressBytes[otherStart + index]) return false;
    }
    return true;
  }

  /** Halves a number of 64 bits. Arithmetic on bigints allocates, and nearly all nodes offer one of a few sets. */
  #split(services: bigint): void {
    if (services === this.#splitServices) return;
    this.#splitServices = services;
    this.#splitLow = Number(services & LOW_32_BITS);
    this.#splitHigh = Number(services >> 32n);
  }

  #allocate(): number {
    const id = this.#firstFree;
    if (id !== NO_ID) {
      this.#firstFree = this.orderPosition[id]!;
      return id;
    }
    if (this.#end === this.capacity) this.#grow(Math.min(this.capacity * 2, MAX_ENTRIES));
    return this.#end++;
  }

  #grow(capacity: number): void {
    this.network = grown(this.network, new Uint8Array(capacity));
    this.addressBytes = grown(this.addressBytes, new Uint8Array(capacity * ADDRESS_STRIDE));
    this.port = grown(this.port, new Uint16Array(capacity));
    this.countedNetwork = grown(this.countedNetwork, new Uint8Array(capacity));
    this.sourceNetwork = grown(this.sourceNetwork, new Uint8Array(capacity));
    this.sourceBytes = grown(this.sourceBytes, new Uint8Array(capacity * ADDRESS_STRIDE));
    this.servicesLow = grown(this.servicesLow, new Uint32Array(capacity));
    this.servicesHigh = grown(this.servicesHigh, new Uint32Array(capacity));
    this.time = grown(this.time, new Uint32Array(capacity));
    this.lastSuccess = grown(this.lastSuccess, new Float64Array(capacity));
    this.lastTry = grown(this.lastTry, new Float64Array(capacity));
    this.lastCountAttempt = grown(this.lastCountAttempt, new Float64Array(capacity));
    this.attempts = grown(this.attempts, new Int32Array(capacity));
    this.referenceCount = grown(this.referenceCount, new Uint8Array(capacity));
    this.isInTried = grown(this.isInTried, new Uint8Array(capacity));
    this.slots = grown(this.slots, new Uint16Array(capacity * MAX_REFERENCES));
    this.orderPosition = grown(this.orderPosition, new Int32Array(capacity));
    this.lookupHash = grown(this.lookupHash, new Uint32Array(capacity));
    this.serial = grown(this.serial, new Float64Array(capacity));
  }
}

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** By hand, as below: for so few bytes, calling `set` or `slice` takes longer than the copy. */
function copyBytes(bytes: Uint8Array, column: Uint8Array, id: number): void {
  const start = id * ADDRESS_STRIDE;
  for (let index = 0; index < bytes.length; index++) column[start + index] = bytes[index]!;
}

function zeroAddress(network: NetworkName): NetAddress {
  return new NetAddress(network, new Uint8Array(NETWORK_BYTES[network]));
}

function writeColumn(writer: ByteWriter, network: number, bytes: Uint8Array, id: number): void {
  writeAddressV2At(writer, NETWORK_BY_NUMBER[network] as NetworkName, bytes, id * ADDRESS_STRIDE);
}

function addressFrom(network: number, bytes: Uint8Array, id: number): NetAddress {
  const name = NETWORK_BY_NUMBER[network] as NetworkName;
  const copy = new Uint8Array(NETWORK_BYTES[name]);
  const start = id * ADDRESS_STRIDE;
  for (let index = 0; index < copy.length; index++) copy[index] = bytes[start + index]!;
  return new NetAddress(name, copy);
}

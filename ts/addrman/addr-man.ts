// The address manager: the known nodes, and which to dial next. (Bitcoin Core src/addrman.h)
//
// Two tables. *New* holds addresses we were told of, in buckets that depend on who told us; *tried* those we have
// completed a handshake with. A slot holds one entry and is computed, under a secret key, from the address: a peer
// that sends us any number of addresses, from a limited number of networks, fills a small part that it cannot choose.
//
// This file is the contract; it checks arguments and hands on. It does no input or output: peers-file.ts loads and
// saves. Who calls what and when is the connection manager's business.

import { strict as assert } from 'node:assert';
import { randomFillSync } from 'node:crypto';
import { NetAddress } from '../netaddr/net-address.ts';
import { NETWORK_NUMBERS } from '../netaddr/networks/network.ts';
import type { NetworkClass } from '../netaddr/networks/network.ts';
import type { Service } from '../netaddr/service.ts';
import type { PeerAddress } from '../p2p/messages/addresses.ts';
import { checkInteger } from '../util/options/arguments.ts';
import { systemClock } from '../util/time/clock.ts';
import type { Clock } from '../util/time/clock.ts';
import { invalidArg, outOfRange } from '../util/errors/errors.ts';
import { createSecureRandom, uniformBelow } from '../util/random.ts';
import type { RandomUint32 } from '../util/random.ts';
import { AddressTables } from './tables/address-tables.ts';
import { MAX_TIME, checkService, checkServices } from './arguments.ts';
import { NO_ENTRY } from './tables/bucket-table.ts';
import { findContradiction } from './tables/consistency.ts';
import { addAddresses } from './address-intake.ts';
import { BUCKET_SLOTS, CONNECTED_UPDATE_SECONDS, KEY_BYTES, MAX_ATTEMPTS, MAX_CHECK_RATIO } from './limits.ts';
import { NetGroups } from './net-groups.ts';
import { peerAddress, entryRecord } from './records.ts';
import type { EntryPosition, EntryRecord, SelectedAddress, TableEntry } from './records.ts';
import { networkNumbers } from './tables/network-numbers.ts';
import { sampleEntries, selectEntry } from './selection.ts';
import { markGood, randomTriedCollision, resolveCollisions } from './tables/tried-collisions.ts';

/** Options of an address manager. */
export interface AddrManOptions {
  /** The secret that places addresses, 32 bytes. Random when left out. Copied; stored in `peers.dat`, never shown. */
  readonly key?: Uint8Array;
  /** Groups of addresses, with or without an AS map. */
  readonly groups?: NetGroups;
  /** Wall-clock time; the host's when left out. */
  readonly clock?: Pick<Clock, 'wallTimeMs'>;
  /** Source of random numbers; unpredictable by default. */
  readonly random?: RandomUint32;
  /**
   * Operations between two checks of all invariants: 0 (never, the default) to 1,000,000. A check of a
   * full book takes a fifth of a second: for tests.
   */
  readonly checkRatio?: number;
}

/**
 * The address manager.
 *
 * Every method is synchronous and may be called from any handler. Most take a few microseconds, a sample of a thousand
 * addresses about a millisecond; what copies the whole book, `getEntries` and `getAddr` without a limit, takes a tenth
 * to a fifth of a second when it is full (`addresses` copies one at a time). Endpoints are found by network, bytes and
 * port. Times are whole seconds since 1970 and default to the clock's now. Memory is bounded: at most 81,920 entries,
 * about 14 MB.
 *
 * @example
 * const addrMan = new AddrMan();
 * addrMan.add([{ service: Service.parse('203.0.112.5:8333'), services: 9n, timeSeconds: 1_700_000_000 }], peer.address, 7_200);
 * const target = addrMan.select(false, ['ipv4', 'ipv6']);
 */
export class AddrMan {
  /**
   * The state itself, for the codec of `peers.dat` (peers-writer.ts).
   * @internal
   */
  readonly tables: AddressTables;
  readonly #clock: Pick<Clock, 'wallTimeMs'>;
  readonly #checkRatio: number;

  /**
   * Makes an empty address book. One that was saved comes from `PeersFile.load`.
   *
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: the key has not 32 bytes, or is zero.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: `checkRatio`.
   */
  constructor(options?: AddrManOptions);
  /**
   * @param tables - State that was read from a file, in place of an empty one; key, groups and random source are then
   *   its own.
   * @internal
   */
  constructor(options: AddrManOptions, tables: AddressTables);
  constructor(options: AddrManOptions = {}, tables: AddressTables = emptyTables(options)) {
    const { clock = systemClock, checkRatio = 0 } = options;
    if (!Number.isInteger(checkRatio) || checkRatio < 0 || checkRatio > MAX_CHECK_RATIO) {
      throw outOfRange('checkRatio', `an integer 0..${MAX_CHECK_RATIO}`, checkRatio);
    }
    this.tables = tables;
    this.#clock = clock;
    this.#checkRatio = checkRatio;
  }

  /** The grouping in use. */
  get groups(): NetGroups {
    return this.tables.groups;
  }

  /**
   * How many different entries there are.
   *
   * @param network - Only those reached through this network. A 6to4 address counts as IPv6.
   * @param isNew - True for the new table only, false for the tried table only.
   */
  size(network?: NetworkClass, isNew?: boolean): number {
    const { newCount, newCounts, triedCount, triedCounts } = this.tables;
    const number = network === undefined ? undefined : NETWORK_NUMBERS[network];
    const countNew = number === undefined ? newCount : (newCounts[number] ?? 0);
    const countTried = number === undefined ? triedCount : (triedCounts[number] ?? 0);
    return (isNew === false ? 0 : countNew) + (isNew === true ? 0 : countTried);
  }

  /**
   * Adds addresses from a source. Unroutable ones are skipped; the source may be any address.
   *
   * @param penaltySeconds - Subtracted from each time, unless the source announces itself. Gossip uses 7,200.
   * @returns True if at least one new slot was filled; an update of a known address does not count.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not a `Service`, a `NetAddress`, a bigint. Nothing is added then.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: a time, service set or penalty. Nothing is added then.
   */
  add(addresses: Iterable<PeerAddress>, source: NetAddress, penaltySeconds: number = 0): boolean {
    if (!(Number.isSafeInteger(penaltySeconds) && penaltySeconds >= 0)) {
      throw outOfRange('penaltySeconds', 'an integer >= 0', penaltySeconds);
    }
    if (!(source instanceof NetAddress)) throw invalidArg('source', 'a NetAddress', source);
    const records = [...addresses];
    for (const { service, services, timeSeconds } of records) {
      checkService(service);
      checkInteger('timeSeconds', timeSeconds, 0, MAX_TIME);
      checkServices(services);
    }
    this.#check();
    const gossip = { source, sourceGroup: this.groups.group(source), penaltySeconds, now: this.#now() };
    const hasAdded = addAddresses(this.tables, records, gossip);
    this.#check();
    return hasAdded;
  }

  /**
   * Notes that a handshake with a node was completed, and moves it to the tried table.
   *
   * If its slot there is taken, the entry waits: see `selectTriedCollision` and `resolveCollisions`.
   *
   * @param timeSeconds - At least 1.
   * @returns True if the entry moved.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: `timeSeconds`.
   */
  good(service: Service, timeSeconds: number = this.#now()): boolean {
    checkInteger('timeSeconds', timeSeconds, 1);
    this.#check();
    const id = this.#find(service);
    // Also for an unknown address: it proves that the network works, so failures count again.
    this.tables.lastGood = timeSeconds;
    const hasMoved = id !== NO_ENTRY && markGood(this.tables, id, timeSeconds, true);
    this.#check();
    return hasMoved;
  }

  /**
   * Notes an attempt to connect, successful or not.
   *
   * Failures count against an address only while the network works: one for each `good` of any address. So a machine that is
   * offline does not ruin its table.
   *
   * @param isFailureCounted - Whether a failure may count at all.
   */
  attempt(service: Service, isFailureCounted: boolean, timeSeconds: number = this.#now()): void {
    checkInteger('timeSeconds', timeSeconds, 0);
    this.#check();
    const { store, lastGood } = this.tables;
    const id = this.#find(service);
    if (id === NO_ENTRY) return;
    store.lastTry[id] = timeSeconds;
    if (isFailureCounted && store.lastCountAttempt[id]! < lastGood) {
      store.lastCountAttempt[id] = timeSeconds;
      store.attempts[id] = Math.min(store.attempts[id]! + 1, MAX_ATTEMPTS);
    }
    this.#check();
  }

  /** Notes, at the end of a connection, that the node was there: updates the gossiped time if it is 20 minutes old. */
  connected(service: Service, timeSeconds: number = this.#now()): void {
    checkInteger('timeSeconds', timeSeconds, 0, MAX_TIME);
    this.#check();
    const { store } = this.tables;
    const id = this.#find(service);
    if (id !== NO_ENTRY && timeSeconds - store.time[id]! > CONNECTED_UPDATE_SECONDS) store.time[id] = timeSeconds;
    this.#check();
  }

  /** Replaces the service bits of an entry with those that the node itself announces. Gossip only adds bits. */
  setServices(service: Service, services: bigint): void {
    checkServices(services);
    this.#check();
    const id = this.#find(service);
    if (id !== NO_ENTRY) this.tables.store.setServices(id, services);
    this.#check();
  }

  /**
   * Draws an address to dial: each table with the same chance, then the better the likelier.
   *
   * @param isNewOnly - From the new table only, for feelers.
   * @param networks - Only from these networks; empty for all.
   * @returns Undefined if no entry fits.
   */
  select(isNewOnly: boolean = false, networks: Iterable<NetworkClass> = []): SelectedAddress | undefined {
    this.#check();
    const id = selectEntry(this.tables, isNewOnly, networkNumbers(networks), this.#now());
    this.#check();
    return this.#selected(id);
  }

  /**
   * Decides about entries whose tried slot is taken, where that is possible: the occupant gives way if it was tested and
   * failed, or was not tested within 40 minutes. Call it before each automatic selection.
   */
  resolveCollisions(): void {
    this.#check();
    resolveCollisions(this.tables, () => this.#now());
    this.#check();
  }

  /** An occupant of the tried table to test, because another entry waits for its slot; undefined if there is none. */
  selectTriedCollision(): SelectedAddress | undefined {
    this.#check();
    return this.#selected(randomTriedCollision(this.tables));
  }

  /**
   * Draws a sample for gossip.
   *
   * @param maxCount - 0 for no limit.
   * @param maxPercent - Of all entries, rounded down, before any filter; 0 for no limit.
   * @param netClass - Only this class: a 6to4 address is IPv4 here.
   * @param isFiltered - Leaves out terrible entries.
   */
  getAddr(maxCount: number, maxPercent: number, netClass?: NetworkClass, isFiltered: boolean = true): PeerAddress[] {
    checkInteger('maxCount', maxCount, 0);
    checkInteger('maxPercent', maxPercent, 0);
    this.#check();
    const ids = sampleEntries(this.tables, maxCount, maxPercent, netClass, isFiltered, this.#now());
    this.#check();
    return ids.map((id) => peerAddress(this.tables.store, id));
  }

  /**
   * Walks over all addresses, in no particular order, an entry at a time. The walk may be interrupted and go on later:
   * entries that stay come once; entries added or deleted meanwhile may be missing, or come again.
   */
  *addresses(): Iterable<NetAddress> {
    const { store } = this.tables;
    for (let id = 0; id < store.end; id++) if (store.isInUse(id)) yield store.address(id);
  }

  /** Every occupied slot of a table, ascending by bucket and position. An entry in three slots comes three times. */
  getEntries(isTried: boolean): TableEntry[] {
    this.#check();
    const { newTable, store, triedTable } = this.tables;
    const entries: TableEntry[] = [];
    (isTried ? triedTable : newTable).entries.forEach((id, slot) => {
      if (id !== NO_ENTRY) entries.push({ entry: entryRecord(store, id), position: this.#positionOf(id, slot) });
    });
    return entries;
  }

  /** The record of an address; undefined if it is unknown. */
  getEntry(service: Service): EntryRecord | undefined {
    const id = this.#find(service);
    return id === NO_ENTRY ? undefined : entryRecord(this.tables.store, id);
  }

  /**
   * The position of an address; undefined if it is unknown. Of a new entry it is the slot that its first source gives it,
   * from which it may have been displaced to another; the multiplicity is always right.
   */
  findAddressEntry(service: Service): EntryPosition | undefined {
    this.#check();
    const id = this.#find(service);
    if (id === NO_ENTRY) return undefined;
    const isTried = this.tables.store.isInTried[id] === 1;
    return this.#positionOf(id, isTried ? this.tables.triedSlot(id) : this.tables.primaryNewSlot(id));
  }

  #find(service: Service): number {
    checkService(service);
    return this.tables.find(service);
  }

  #positionOf(id: number, slot: number): EntryPosition {
    const { store } = this.tables;
    const isTried = store.isInTried[id] === 1;
    const multiplicity = isTried ? 1 : store.referenceCount[id]!;
    return { isTried, multiplicity, bucket: Math.floor(slot / BUCKET_SLOTS), position: slot % BUCKET_SLOTS };
  }

  #selected(id: number): SelectedAddress | undefined {
    if (id === NO_ENTRY) return undefined;
    const { store } = this.tables;
    return { address: peerAddress(store, id), lastTrySeconds: store.lastTry[id]! };
  }

  #now(): number {
    return Math.floor(this.#clock.wallTimeMs() / 1000);
  }

  /** At the edges of operations, with the probability asked for: a contradiction is our bug, and nothing goes on. */
  #check(): void {
    if (this.#checkRatio === 0 || uniformBelow(this.tables.random, this.#checkRatio) !== 0) return;
    const code = findContradiction(this.tables);
    assert.equal(code, 0, `address manager is inconsistent: code ${code}`);
  }
}

function emptyTables({ key, groups, random }: AddrManOptions): AddressTables {
  if (key !== undefined && (key.length !== KEY_BYTES || key.every((byte) => byte === 0))) {
    throw invalidArg('key', `${KEY_BYTES} bytes, not all zero`, `${key.length} bytes`);
  }
  const ownKey = key === undefined ? randomFillSync(new Uint8Array(KEY_BYTES)) : Uint8Array.from(key);
  return new AddressTables(ownKey, groups ?? new NetGroups(), random ?? createSecureRandom());
}

// What a round knows and has not done yet: which addresses there are, which of them are worth a visit, whose turn it is.
//
// Anybody may tell anything. An address is followed when somebody could have it, its port is no other service's unless two
// sources told it, and it was seen not too long ago; and no source introduces more than so many. What is not followed is
// counted, so that inflation shows.

import type { AsMap } from '../../addrman/asmap/as-map.ts';
import { isBadPort } from '../../netaddr/bad-ports.ts';
import { isLocal, isRoutable } from '../../netaddr/networks/classify.ts';
import { NetAddress } from '../../netaddr/net-address.ts';
import { NETWORK_BYTES, NETWORK_NUMBERS } from '../../netaddr/networks/network.ts';
import type { Service } from '../../netaddr/service.ts';
import { Services } from '../../p2p/protocol.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { AddressTable, NETWORK_NAMES, networkNumberOf } from './address-table.ts';
import { TimedQueue, grownBytes, grownTo, grownUint32 } from './column.ts';
import type { Exclusions } from './exclusions.ts';
import { groupKeyOf, systemOf } from './group-key.ts';
import { Groups, NONE } from './groups.ts';
import type { GroupLimits } from './groups.ts';

/** Oldest and newest time of an address that is followed, in seconds from now. */
const OLDEST_SECONDS = 10 * 86_400;
const NEWEST_SECONDS = 600;

/** Where an address comes from that no node told: the last numbers that there are. */
export const SEED_SOURCES = ['dns-seed', 'fixed-seed', 'peers-dat', 'file', 'stdin', 'earlier-round', 'given'] as const;

/** Which of `SEED_SOURCES`. */
export type SeedSource = (typeof SEED_SOURCES)[number];

const FIRST_SEED_SOURCE = NONE - SEED_SOURCES.length;

/** The number of a kind of seed among the sources, above the rows of nodes. */
export function seedSourceNumber(source: SeedSource): number {
  return FIRST_SEED_SOURCE + SEED_SOURCES.indexOf(source);
}

const STATE = { waiting: 0, inFlight: 1, resting: 2, done: 3, badPort: 4, badTime: 5, held: 6 } as const;
const STATE_BITS = 7;
/** What was told of V2: nothing, or whether it is offered. */
const KNOWS_SERVICES = 8;
const OFFERS_V2 = 16;

/** What a frontier allows. */
export interface FrontierOptions {
  readonly groups: GroupLimits;
  /** Dials of one address, at most. */
  readonly attempts: number;
  /** Between two of them, in milliseconds. */
  readonly retryDelayMs: number;
  /** New addresses of one source, at most. */
  readonly perSource: number;
  /** Whether addresses of loopback are followed, as those of a village. */
  readonly followsLocal: boolean;
  /** Networks that there is a way to. */
  readonly hasRoute: (network: number) => boolean;
  readonly exclusions: Exclusions;
  /** Addresses that are not visited for now; undefined for none. */
  readonly leftAlone: AddressTable | undefined;
  readonly asMap: AsMap | undefined;
  readonly random: RandomUint32;
  /** What is learned is not visited before `admit`: in a fleet, the owner of its shard asks. Default false. */
  readonly holdsLearned?: boolean;
  /** An address that was not followed is followed now: a journal notes it. */
  readonly onPromoted: (row: number) => void;
}

/** What was told and not followed: addresses, each as often as it was told. */
export interface FrontierCounts {
  /** Nobody can have the address, or it is excluded, or there is no way to its network. */
  unroutable: number;
  excluded: number;
  noRoute: number;
  /** Ports of other services, and times out of range: those that were never told better. */
  badPort: number;
  badTime: number;
  /** Beyond what one source may introduce. */
  beyondSource: number;
  /** Keep closing on us. */
  leftAlone: number;
}

/** See the module comment. Rows are the numbers of addresses, in the order in which they were learned. */
export class Frontier {
  readonly table: AddressTable;
  readonly counts: FrontierCounts = {
    unroutable: 0,
    excluded: 0,
    noRoute: 0,
    badPort: 0,
    badTime: 0,
    beyondSource: 0,
    leftAlone: 0,
  };
  readonly #options: FrontierOptions;
  #exclusions: Exclusions;
  readonly #groups: Groups;
  #states = new Uint8Array(0);
  #attempts = new Uint8Array(0);
  #groupNumbers = new Uint32Array(0);
  #sources = new Uint32Array(0);
  /** New addresses that each node told, by its row. */
  #introduced = new Uint32Array(0);
  /** New addresses of sources that have no row. */
  readonly #introducedBySeeds = new Uint32Array(SEED_SOURCES.length);
  /** An address of each network, to be looked at. */
  readonly #looked = NETWORK_NAMES.map((name) =>
    name === undefined ? undefined : { network: name, bytes: new Uint8Array(NETWORK_BYTES[name]) },
  );
  readonly #resting = new TimedQueue();
  #inFlightCount = 0;
  #doneCount = 0;

  constructor(options: FrontierOptions) {
    this.#options = options;
    this.#exclusions = options.exclusions;
    this.table = new AddressTable(options.random);
    this.#groups = new Groups(options.groups, (row) => this.#stateOf(row) === STATE.waiting);
  }

  /** Addresses that are known. */
  get knownCount(): number {
    return this.table.length;
  }

  /** Addresses that wait for a visit, those that rest between two included. */
  get waitingCount(): number {
    return this.#groups.waitingCount + this.#resting.length;
  }

  /** Addresses that are done. */
  get doneCount(): number {
    return this.#doneCount;
  }

  /** Groups that there are. */
  get groupCount(): number {
    return this.#groups.count;
  }

  /** Whether nothing waits and nothing is in flight. */
  get isEmpty(): boolean {
    return this.waitingCount === 0 && this.#inFlightCount === 0;
  }

  /** Bytes that all of it takes. */
  get memoryBytes(): number {
    const columns = this.#states.byteLength + this.#attempts.byteLength;
    const wide = this.#groupNumbers.byteLength + this.#sources.byteLength + this.#introduced.byteLength;
    return this.table.memoryBytes + this.#groups.memoryBytes + columns + wide;
  }

  /**
   * Learns of an address from a node.
   *
   * @param bytes - Lent; the address begins at `offset`.
   * @param timeSeconds - When it was last seen, as the node says.
   * @param services - The low 32 bits.
   * @param source - The row of the node; or `seedSourceNumber`, for one that a seed's name led to.
   * @returns The row of an address that is new to this round; -1 for one that is not, or is not kept.
   */
  learn(
    network: number,
    bytes: Uint8Array,
    offset: number,
    port: number,
    timeSeconds: number,
    services: number,
    source: number,
    nowSeconds: number,
  ): number {
    if (network === 0) return this.#refuse('unroutable');
    const isInTime = timeSeconds >= nowSeconds - OLDEST_SECONDS && timeSeconds <= nowSeconds + NEWEST_SECONDS;
    const known = this.table.find(network, bytes, offset, port);
    if (known !== -1) {
      this.#hearAgain(known, isInTime, source);
      return -1;
    }
    const why = this.#whyNot(network, bytes, offset, port);
    if (why !== undefined) return this.#refuse(why);
    const counts = source < FIRST_SEED_SOURCE ? this.#introduced : this.#introducedBySeeds;
    const place = source < FIRST_SEED_SOURCE ? source : source - FIRST_SEED_SOURCE;
    if (counts[place]! >= this.#options.perSource) return this.#refuse('beyondSource');
    counts[place]!++;
    const row = this.#addMissed(network, bytes, offset, source);
    this.#states[row] = KNOWS_SERVICES | ((services & Number(Services.P2P_V2)) !== 0 ? OFFERS_V2 : 0);
    const isClear = network === NETWORK_NUMBERS.ipv4 || network === NETWORK_NUMBERS.ipv6;
    if (!isInTime) this.#setState(row, STATE.badTime);
    else if (isClear && isBadPort(port)) this.#setState(row, STATE.badPort);
    else if (this.#options.holdsLearned === true) this.#setState(row, STATE.held);
    else this.#groups.add(row, this.#groupNumbers[row]!);
    this.#count(row, 1);
    return row;
  }

  /**
   * Adds an address that a user or a seed gave: its port and its time are theirs to know.
   *
   * @param services - Undefined when nothing is known.
   * @returns Its row; -1 if it was known, or nobody can be there.
   */
  addSeed(service: Service, services: bigint | undefined, source: SeedSource): number {
    const network = networkNumberOf(service.address);
    const { bytes } = service.address;
    if (network === 0) return this.#refuse('unroutable');
    if (this.table.find(network, bytes, 0, service.port) !== -1) return -1;
    const why = this.#whyNot(network, bytes, 0, service.port);
    if (why !== undefined) return this.#refuse(why);
    const row = this.#addMissed(network, bytes, 0, seedSourceNumber(source));
    if (services !== undefined) {
      this.#states[row] = KNOWS_SERVICES | ((services & Services.P2P_V2) !== 0n ? OFFERS_V2 : 0);
    }
    this.#groups.add(row, this.#groupNumbers[row]!);
    return row;
  }

  /** Takes the address whose turn it is; -1 when none may be dialed now. */
  take(nowMs: number): number {
    while (this.#resting.firstTime <= nowMs) {
      const row = this.#resting.shift();
      // Held meanwhile, or done.
      if (this.#stateOf(row) !== STATE.resting) continue;
      this.#setState(row, STATE.waiting);
      this.#groups.add(row, this.#groupNumbers[row]!);
    }
    const row = this.#groups.take(nowMs);
    if (row === NONE) return -1;
    this.#setState(row, STATE.inFlight);
    this.#attempts[row]!++;
    this.#inFlightCount++;
    return row;
  }

  /** When `take` may have something again, in monotonic milliseconds; Infinity for not before a visit ends. */
  get nextTimeMs(): number {
    return Math.min(this.#groups.nextTimeMs, this.#resting.firstTime);
  }

  /**
   * A visit is over.
   *
   * @param mayPass - Whether the outcome may be another one later.
   * @returns Whether the address is done; else it is visited again.
   */
  finish(row: number, mayPass: boolean, nowMs: number): boolean {
    this.#inFlightCount--;
    this.#groups.release(this.#groupNumbers[row]!);
    if (mayPass && this.#attempts[row]! < this.#options.attempts) {
      this.#setState(row, STATE.resting);
      this.#resting.push(row, nowMs + this.#options.retryDelayMs);
      return false;
    }
    this.#setState(row, STATE.done);
    this.#doneCount++;
    return true;
  }

  /** A visit did not begin, by no fault of the address: it waits as before. */
  putBack(row: number): void {
    this.#inFlightCount--;
    this.#attempts[row]!--;
    this.#setState(row, STATE.waiting);
    this.#groups.release(this.#groupNumbers[row]!);
    this.#groups.add(row, this.#groupNumbers[row]!);
  }

  /**
   * Adds an address as a journal has it, or what was heard of it later.
   *
   * @param source - As `sourceNumberOf` gave it.
   * @param flags - As `flagsOf` gave them.
   */
  restore(network: number, bytes: Uint8Array, offset: number, port: number, source: number, flags: number): void {
    const known = this.table.find(network, bytes, offset, port);
    const isWaiting = (flags & STATE_BITS) === STATE.waiting;
    if (known !== -1) {
      if (isWaiting) this.#promote(known);
      return;
    }
    // A damaged file may name a row that there is not.
    const isKnown = source < this.table.length || source >= FIRST_SEED_SOURCE;
    const row = this.#addMissed(network, bytes, offset, isKnown ? source : seedSourceNumber('given'));
    this.#states[row] = flags;
    if (source < this.table.length) this.#introduced[source]!++;
    if (isWaiting) this.#groups.add(row, this.#groupNumbers[row]!);
    else this.#count(row, 1);
  }

  /** What a journal keeps of an address besides itself: one byte. */
  flagsOf(row: number): number {
    return this.#states[row]!;
  }

  /** An address was done before this process began: it is not visited. @returns Its row; undefined when nobody can be there. */
  markDone(service: Service): number | undefined {
    const network = networkNumberOf(service.address);
    const { bytes } = service.address;
    if (network === 0) return undefined;
    const known = this.table.find(network, bytes, 0, service.port);
    // Its journal was lost; its record was not.
    const source = seedSourceNumber('given');
    const row = known === -1 ? this.#addMissed(network, bytes, 0, source) : known;
    if (this.#stateOf(row) === STATE.done) return row;
    this.#count(row, -1);
    this.#setState(row, STATE.done);
    this.#doneCount++;
    return row;
  }

  /** The row of an address; undefined when it is not known. */
  find({ address, port }: Service): number | undefined {
    const network = networkNumberOf(address);
    const row = network === 0 ? -1 : this.table.find(network, address.bytes, 0, port);
    return row === -1 ? undefined : row;
  }

  /** Whether an address was learned, is worth a visit, and was not asked for. */
  isHeld(row: number): boolean {
    return this.#stateOf(row) === STATE.held;
  }

  /** Lets an address be visited that is not done, however it was learned. @returns False for one that is done. */
  admit(row: number): boolean {
    const state = this.#stateOf(row);
    if (state === STATE.done) return false;
    if (state === STATE.held || state === STATE.badPort || state === STATE.badTime) {
      this.#count(row, -1);
      this.#setState(row, STATE.waiting);
      this.#groups.add(row, this.#groupNumbers[row]!);
    }
    return true;
  }

  /** Keeps an address that waits from being visited before `admit`. @returns False for one in flight, or done. */
  hold(row: number): boolean {
    const state = this.#stateOf(row);
    if (state === STATE.inFlight || state === STATE.done) return false;
    this.#setState(row, STATE.held);
    return true;
  }

  /** Lets an address be visited again that is done: its attempts begin anew. */
  again(row: number): void {
    if (this.#stateOf(row) !== STATE.done) return;
    this.#doneCount--;
    this.#attempts[row] = 0;
    this.#setState(row, STATE.waiting);
    this.#groups.add(row, this.#groupNumbers[row]!);
  }

  /** Exclusions from now on. Addresses that wait already are left to the caller, who asks `isExcluded`. */
  exclude(exclusions: Exclusions): void {
    this.#exclusions = exclusions;
  }

  /** Whether an address is on the list. */
  isExcluded(row: number): boolean {
    const { address } = this.table.serviceOf(row);
    return this.#exclusions.has(address, systemOf(this.#options.asMap, address));
  }

  /** Dials of an address so far. */
  attemptsOf(row: number): number {
    return this.#attempts[row]!;
  }

  /** The services that decide about the transport; undefined when nothing was told. */
  servicesOf(row: number): bigint | undefined {
    const state = this.#states[row]!;
    if ((state & KNOWS_SERVICES) === 0) return undefined;
    return (state & OFFERS_V2) === 0 ? 0n : Services.P2P_V2;
  }

  /** How an address was learned: the text of a node, or a kind of seed. */
  sourceOf(row: number): string {
    const source = this.#sources[row]!;
    const seed = SEED_SOURCES[source - FIRST_SEED_SOURCE];
    return seed ?? String(this.table.serviceOf(source));
  }

  /** The number of who told an address first, as the journal keeps it. */
  sourceNumberOf(row: number): number {
    return this.#sources[row]!;
  }

  #hearAgain(row: number, isInTime: boolean, source: number): void {
    const state = this.#stateOf(row);
    if (state !== STATE.badPort && state !== STATE.badTime) return;
    const isOther = this.#sources[row] !== source;
    if (!isInTime || (state === STATE.badPort && !isOther)) return;
    this.#promote(row);
    this.#options.onPromoted(row);
  }

  /** An address is worth a visit after all. */
  #promote(row: number): void {
    const state = this.#stateOf(row);
    if (state !== STATE.badPort && state !== STATE.badTime) return;
    this.#count(row, -1);
    if (this.#options.holdsLearned === true) return this.#setState(row, STATE.held);
    this.#setState(row, STATE.waiting);
    this.#groups.add(row, this.#groupNumbers[row]!);
  }

  #count(row: number, by: number): void {
    const state = this.#stateOf(row);
    if (state === STATE.badPort) this.counts.badPort += by;
    else if (state === STATE.badTime) this.counts.badTime += by;
  }

  /** Why nobody is visited there; undefined when somebody may be. */
  #whyNot(network: number, bytes: Uint8Array, offset: number, port: number): keyof FrontierCounts | undefined {
    const { hasRoute, followsLocal, leftAlone, asMap } = this.#options;
    const exclusions = this.#exclusions;
    const looked = this.#looked[network]!;
    for (let index = 0; index < looked.bytes.length; index++) looked.bytes[index] = bytes[offset + index]!;
    const hasPort = port !== 0 || looked.network === 'i2p';
    if (!hasPort || !(isRoutable(looked) || (followsLocal && isLocal(looked)))) return 'unroutable';
    if (!hasRoute(network)) return 'noRoute';
    if (leftAlone !== undefined && leftAlone.find(network, bytes, offset, port) !== -1) return 'leftAlone';
    if (exclusions.isEmpty) return undefined;
    const address = new NetAddress(looked.network, looked.bytes.slice());
    return exclusions.has(address, systemOf(asMap, address)) ? 'excluded' : undefined;
  }

  /** Counts what is not kept. @returns -1. */
  #refuse(why: keyof FrontierCounts): -1 {
    this.counts[why]++;
    return -1;
  }

  /** Adds the address that the table's last `find` did not find. */
  #addMissed(network: number, bytes: Uint8Array, offset: number, source: number): number {
    const row = this.table.addMissed();
    if (row >= this.#states.length) this.#grow(row + 1);
    const isOverlay = network === NETWORK_NUMBERS.onion || network === NETWORK_NUMBERS.i2p;
    this.#groupNumbers[row] = this.#groups.numberOf(groupKeyOf(this.#options.asMap, network, bytes, offset), isOverlay);
    this.#sources[row] = source;
    return row;
  }

  #stateOf(row: number): number {
    return this.#states[row]! & STATE_BITS;
  }

  #setState(row: number, state: number): void {
    this.#states[row] = (this.#states[row]! & ~STATE_BITS) | state;
  }

  #grow(rows: number): void {
    const size = grownTo(rows, this.#states.length);
    this.#states = grownBytes(this.#states, size);
    this.#attempts = grownBytes(this.#attempts, size);
    this.#groupNumbers = grownUint32(this.#groupNumbers, size);
    this.#sources = grownUint32(this.#sources, size);
    this.#introduced = grownUint32(this.#introduced, size);
  }
}

// The addresses that a round knows: which of them are worth a visit, and which is next.
//
// A peer may tell any address. An address is followed when it is routable, was seen recently, and has a port that no other
// service uses (or two sources told it).

import { isBadPort } from '../../netaddr/bad-ports.ts';
import { NETWORK_NUMBERS } from '../../netaddr/networks/network.ts';
import type { Service } from '../../netaddr/service.ts';
import { Services } from '../../p2p/protocol.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { AddressTable, networkNumberOf } from './address-table.ts';
import { Admission } from './admission.ts';
import type { AdmissionOptions, FrontierCounts } from './admission.ts';
import { TimedQueue, grownBytes, grownTo, grownUint32 } from './column.ts';
import type { Exclusions } from './exclusions.ts';
import { groupKeyOf } from './group-key.ts';
import { Groups, NONE } from './groups.ts';
import type { GroupLimits } from './groups.ts';
import { FIRST_SEED_SOURCE, SEED_SOURCES, seedSourceNumber } from './sources.ts';
import type { SeedSource } from './sources.ts';

/** Limits of the time of a followed address, in seconds before and after now. */
const OLDEST_SECONDS = 10 * 86_400;
const NEWEST_SECONDS = 600;

/** A row that is held while it rests goes on resting when it is admitted. */
const STATE = {
  waiting: 0,
  inFlight: 1,
  resting: 2,
  done: 3,
  badPort: 4,
  badTime: 5,
  held: 6,
  heldResting: 7,
} as const;
const STATE_BITS = 7;
/** Flags of a row: whether its services are known, and whether they offer V2. */
const KNOWS_SERVICES = 8;
const OFFERS_V2 = 16;

/** Options of a `Frontier`. */
export interface FrontierOptions extends AdmissionOptions {
  readonly groups: GroupLimits;
  /** Most dials of one address. */
  readonly attempts: number;
  /** Pause between two dials of one address, in milliseconds. */
  readonly retryDelayMs: number;
  readonly random: RandomUint32;
  /** Learned addresses are not visited before `admit`: in a fleet, the owner of their shard asks. Default false. */
  readonly holdsLearned?: boolean;
  /** An address that was not followed is followed now: a journal notes it. */
  readonly onPromoted: (row: number) => void;
}

/** See the module comment. Rows are the numbers of addresses, in the order in which they were learned. */
export class Frontier {
  readonly table: AddressTable;
  /** What was told and not followed. */
  readonly counts: FrontierCounts;
  readonly #options: FrontierOptions;
  readonly #admission: Admission;
  readonly #groups: Groups;
  #states = new Uint8Array(0);
  #attempts = new Uint8Array(0);
  #groupNumbers = new Uint32Array(0);
  #sources = new Uint32Array(0);
  readonly #resting = new TimedQueue();
  #inFlightCount = 0;
  #doneCount = 0;

  constructor(options: FrontierOptions) {
    this.#options = options;
    this.#admission = new Admission(options);
    this.counts = this.#admission.counts;
    this.table = new AddressTable(options.random);
    this.#groups = new Groups(options.groups, options.random, (row) => this.#stateOf(row) === STATE.waiting);
  }

  /** Known addresses. */
  get knownCount(): number {
    return this.table.length;
  }

  /** Addresses that wait for a visit, including those that rest between two dials. */
  get waitingCount(): number {
    return this.#groups.waitingCount + this.#resting.length;
  }

  /** Those of them that rest. */
  get restingCount(): number {
    return this.#resting.length;
  }

  /** Addresses that are done. */
  get doneCount(): number {
    return this.#doneCount;
  }

  /** Number of groups. */
  get groupCount(): number {
    return this.#groups.count;
  }

  /** Whether nothing waits and nothing is in flight. */
  get isEmpty(): boolean {
    return this.waitingCount === 0 && this.#inFlightCount === 0;
  }

  /** Memory of the frontier, in bytes. */
  get memoryBytes(): number {
    const columns = this.#states.byteLength + this.#attempts.byteLength;
    const wide = this.#groupNumbers.byteLength + this.#sources.byteLength + this.#admission.memoryBytes;
    return this.table.memoryBytes + this.#groups.memoryBytes + columns + wide;
  }

  /**
   * Learns of an address from a node.
   *
   * @param bytes - Lent; the address begins at `offset`.
   * @param timeSeconds - When it was last seen, as the node says.
   * @param services - The low 32 bits.
   * @param source - The row of the node, or a `seedSourceNumber` for a node behind the name of a seed.
   * @returns The row of an address that is new to this round; -1 if it is known already or is not kept.
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
    if (network === 0) return this.#admission.refuse('unroutable');
    const isInTime = timeSeconds >= nowSeconds - OLDEST_SECONDS && timeSeconds <= nowSeconds + NEWEST_SECONDS;
    const known = this.table.find(network, bytes, offset, port);
    if (known !== -1) {
      this.#hearAgain(known, isInTime, source);
      return -1;
    }
    const why = this.#admission.whyNot(network, bytes, offset, port);
    if (why !== undefined) return this.#admission.refuse(why);
    if (!this.#admission.mayIntroduce(source)) return this.#admission.refuse('beyondSource');
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
   * Adds an address that a user or a seed gave. Its port and its time are not checked.
   *
   * @param services - Undefined when nothing is known.
   * @returns Its row; -1 if it was known already or may not be visited.
   */
  addSeed(service: Service, services: bigint | undefined, source: SeedSource): number {
    const network = networkNumberOf(service.address);
    const { bytes } = service.address;
    if (network === 0) return this.#admission.refuse('unroutable');
    if (this.table.find(network, bytes, 0, service.port) !== -1) return -1;
    const why = this.#admission.whyNot(network, bytes, 0, service.port);
    if (why !== undefined) return this.#admission.refuse(why);
    const row = this.#addMissed(network, bytes, 0, seedSourceNumber(source));
    if (services !== undefined) {
      this.#states[row] = KNOWS_SERVICES | ((services & Services.P2P_V2) !== 0n ? OFFERS_V2 : 0);
    }
    this.#groups.add(row, this.#groupNumbers[row]!);
    return row;
  }

  /** Takes the next address to dial; -1 when none may be dialed now. */
  take(nowMs: number): number {
    while (this.#resting.firstTime <= nowMs) {
      const row = this.#resting.shift();
      if (this.#stateOf(row) === STATE.heldResting) this.#setState(row, STATE.held);
      // It was held or finished meanwhile.
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

  /** Time at which `take` may have an address again, in monotonic milliseconds; Infinity if that needs a visit to end first. */
  get nextTimeMs(): number {
    return Math.min(this.#groups.nextTimeMs, this.#resting.firstTime);
  }

  /**
   * A visit is over.
   *
   * @param mayPass - Whether a later visit may have another outcome.
   * @returns Whether the address is done; if not, it is visited again.
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

  /** A visit could not begin, and the address is not the cause: it waits as before. */
  putBack(row: number): void {
    this.#inFlightCount--;
    this.#attempts[row]!--;
    this.#setState(row, STATE.waiting);
    this.#groups.release(this.#groupNumbers[row]!);
    this.#groups.add(row, this.#groupNumbers[row]!);
  }

  /**
   * Adds an address from an entry of a journal, or updates it from a later entry.
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
    // A damaged file may name a row that does not exist.
    const isKnown = source < this.table.length || source >= FIRST_SEED_SOURCE;
    const row = this.#addMissed(network, bytes, offset, isKnown ? source : seedSourceNumber('given'));
    this.#states[row] = flags;
    if (source < this.table.length) this.#admission.noteIntroduced(source);
    if (isWaiting) this.#groups.add(row, this.#groupNumbers[row]!);
    else this.#count(row, 1);
  }

  /** The byte that a journal keeps of an address besides its source, address and port. */
  flagsOf(row: number): number {
    return this.#states[row]!;
  }

  /** Marks an address as done before this process began. @returns Its row; undefined if it may not be visited at all. */
  markDone(service: Service): number | undefined {
    const network = networkNumberOf(service.address);
    const { bytes } = service.address;
    if (network === 0) return undefined;
    const known = this.table.find(network, bytes, 0, service.port);
    // The journal lost the entry that the record's address had.
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

  /** Whether an address was learned, is worth a visit, and waits for `admit`. */
  isHeld(row: number): boolean {
    return this.#stateOf(row) === STATE.held;
  }

  /** Lets an address be visited, however it was learned. @returns False if it is done. */
  admit(row: number): boolean {
    const state = this.#stateOf(row);
    if (state === STATE.done) return false;
    if (state === STATE.heldResting) this.#setState(row, STATE.resting);
    if (state === STATE.held || state === STATE.badPort || state === STATE.badTime) {
      this.#count(row, -1);
      this.#setState(row, STATE.waiting);
      this.#groups.add(row, this.#groupNumbers[row]!);
    }
    return true;
  }

  /** Keeps a waiting address from being visited before `admit`. @returns False if it is in flight or done. */
  hold(row: number): boolean {
    const state = this.#stateOf(row);
    if (state === STATE.inFlight || state === STATE.done) return false;
    const isResting = state === STATE.resting || state === STATE.heldResting;
    this.#setState(row, isResting ? STATE.heldResting : STATE.held);
    return true;
  }

  /** Lets a finished address be visited again, with a new count of attempts. */
  again(row: number): void {
    if (this.#stateOf(row) !== STATE.done) return;
    this.#doneCount--;
    this.#attempts[row] = 0;
    this.#setState(row, STATE.waiting);
    this.#groups.add(row, this.#groupNumbers[row]!);
  }

  /** Replaces the exclusions. The caller checks addresses that wait already with `isExcluded`. */
  exclude(exclusions: Exclusions): void {
    this.#admission.exclude(exclusions);
  }

  /** Whether an address is on the list. */
  isExcluded(row: number): boolean {
    return this.#admission.isExcluded(this.table.serviceOf(row).address);
  }

  /** Dials of an address so far. */
  attemptsOf(row: number): number {
    return this.#attempts[row]!;
  }

  /** The services that decide about the transport; undefined when unknown. */
  servicesOf(row: number): bigint | undefined {
    const state = this.#states[row]!;
    if ((state & KNOWS_SERVICES) === 0) return undefined;
    return (state & OFFERS_V2) === 0 ? 0n : Services.P2P_V2;
  }

  /** How an address was learned: the address of a node as text, or a kind of seed. */
  sourceOf(row: number): string {
    const source = this.#sources[row]!;
    const seed = SEED_SOURCES[source - FIRST_SEED_SOURCE];
    return seed ?? String(this.table.serviceOf(source));
  }

  /** The number of the source that told an address first, as the journal keeps it. */
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

  /** Makes an address that was not followed one that is. */
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

  /** Adds the address of the table's last `find`, which did not find it. */
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
    this.#admission.grow(size);
  }
}

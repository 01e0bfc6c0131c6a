// The order of dials: groups of addresses take turns, and each keeps its limits of dials a second and visits at once.
//
// A group with waiting addresses and room for a dial is in one of two queues: ready, or cooling after a dial, in the order of the
// time when it may be dialed again. Any other group is in neither.

import type { RandomUint32 } from '../../util/random.ts';
import { TimedQueue, grownBytes, grownTo, grownUint32 } from './column.ts';
import { GroupNumbers } from './group-numbers.ts';

/** Stands for "no row" and "no group". */
export const NONE = 0xffff_ffff;

/** `#nextRows` of a row with none behind it: it is in no group, or is the last of its group. */
const IN_NO_GROUP = 0;
const LAST = NONE;

/** Where a group is: in neither queue, or in one of them. */
const IDLE = 0;
const QUEUED = 1;

/** Limits of each group. */
export interface GroupLimits {
  /** Most dials a second. */
  readonly rate: number;
  /** Most visits at once, for clear networks and for onion and I2P. */
  readonly concurrency: number;
  readonly overlayConcurrency: number;
}

/** The groups and their turns. Within a group, the row that came first is first. */
export class Groups {
  readonly #limits: GroupLimits;
  readonly #isWaiting: (row: number) => boolean;
  readonly #intervalMs: number;
  readonly #numbers: GroupNumbers;
  #firsts = new Uint32Array(0);
  #lasts = new Uint32Array(0);
  #inFlight = new Uint32Array(0);
  #places = new Uint8Array(0);
  #overlays = new Uint8Array(0);
  #nextAtMs = new Float64Array(0);
  /** By row: the row behind it in its group, plus one. */
  #nextRows = new Uint32Array(0);
  readonly #ready = new TimedQueue();
  readonly #cooling = new TimedQueue();
  #waitingCount = 0;

  /** @param isWaiting - Whether a row that was added is still waiting; others are skipped, at no cost. */
  constructor(limits: GroupLimits, random: RandomUint32, isWaiting: (row: number) => boolean) {
    this.#limits = limits;
    this.#numbers = new GroupNumbers(random);
    this.#isWaiting = isWaiting;
    this.#intervalMs = 1_000 / limits.rate;
  }

  /** Number of groups. */
  get count(): number {
    return this.#numbers.count;
  }

  /** Rows that are waiting. */
  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** Memory of the columns, in bytes. */
  get memoryBytes(): number {
    const columns = this.#firsts.byteLength * 3 + this.#places.byteLength * 10;
    return this.#nextRows.byteLength + columns + this.#numbers.memoryBytes;
  }

  /** The number of the group with a key. A new group gets the next number. */
  numberOf(key: number, isOverlay: boolean): number {
    const { count } = this.#numbers;
    const group = this.#numbers.numberOf(key);
    if (group < count) return group;
    if (group === this.#firsts.length) this.#grow(group + 1);
    this.#firsts[group] = NONE;
    this.#lasts[group] = NONE;
    this.#overlays[group] = isOverlay ? 1 : 0;
    return group;
  }

  /** Lets a row wait in its group. One that is in it already, because it stopped waiting and was not skipped yet, keeps its place. */
  add(row: number, group: number): void {
    if (row >= this.#nextRows.length) {
      this.#nextRows = grownUint32(this.#nextRows, grownTo(row + 1, this.#nextRows.length));
    }
    if (this.#nextRows[row] !== IN_NO_GROUP) return;
    this.#nextRows[row] = LAST;
    const last = this.#lasts[group]!;
    if (last === NONE) this.#firsts[group] = row;
    else this.#nextRows[last] = row + 1;
    this.#lasts[group] = row;
    this.#waitingCount++;
    this.#queue(group);
  }

  /** Takes the next row and counts it as dialed now. @returns `NONE` when no group may be dialed now. */
  take(nowMs: number): number {
    while (this.#cooling.firstTime <= nowMs) this.#ready.push(this.#cooling.shift(), 0);
    while (this.#ready.length > 0) {
      const group = this.#ready.shift();
      this.#places[group] = IDLE;
      if (this.#nextAtMs[group]! > nowMs) {
        this.#coolUntil(group);
        continue;
      }
      const row = this.#shift(group);
      if (row === NONE) continue;
      this.#inFlight[group]!++;
      this.#nextAtMs[group] = nowMs + this.#intervalMs;
      if (this.#isDialable(group)) this.#coolUntil(group);
      return row;
    }
    return NONE;
  }

  /** The first row of a group that is still waiting; `NONE` if there is none. */
  #shift(group: number): number {
    for (;;) {
      const row = this.#firsts[group]!;
      if (row === NONE) return NONE;
      const next = this.#nextRows[row]!;
      this.#nextRows[row] = IN_NO_GROUP;
      this.#firsts[group] = next === LAST ? NONE : next - 1;
      if (next === LAST) this.#lasts[group] = NONE;
      this.#waitingCount--;
      if (this.#isWaiting(row)) return row;
    }
  }

  /** A visit to an address of the group is over. */
  release(group: number): void {
    this.#inFlight[group]!--;
    this.#queue(group);
  }

  /** Time at which the next group may be dialed, in monotonic milliseconds: 0 for now, Infinity when none is queued. */
  get nextTimeMs(): number {
    return this.#ready.length > 0 ? 0 : this.#cooling.firstTime;
  }

  #isDialable(group: number): boolean {
    const { concurrency, overlayConcurrency } = this.#limits;
    const limit = this.#overlays[group] === 1 ? overlayConcurrency : concurrency;
    return this.#firsts[group] !== NONE && this.#inFlight[group]! < limit;
  }

  #queue(group: number): void {
    if (this.#places[group] !== IDLE || !this.#isDialable(group)) return;
    this.#places[group] = QUEUED;
    this.#ready.push(group, 0);
  }

  /**
   * All groups cool for the same interval, so they come here nearly in the order of their times. A group that comes late waits
   * at most one interval too long.
   */
  #coolUntil(group: number): void {
    this.#places[group] = QUEUED;
    this.#cooling.push(group, this.#nextAtMs[group]!);
  }

  #grow(groups: number): void {
    const size = grownTo(groups, this.#firsts.length);
    this.#firsts = grownUint32(this.#firsts, size);
    this.#lasts = grownUint32(this.#lasts, size);
    this.#inFlight = grownUint32(this.#inFlight, size);
    this.#places = grownBytes(this.#places, size);
    this.#overlays = grownBytes(this.#overlays, size);
    const nextAtMs = new Float64Array(size);
    nextAtMs.set(this.#nextAtMs);
    this.#nextAtMs = nextAtMs;
  }
}

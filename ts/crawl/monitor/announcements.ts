// The followed announcements of one kind: each for a while from its first announcement, and at most a limited number at once.
//
// A peer can announce things that do not exist, so each peer can begin only a few at a time. An item that was not followed from
// its first announcement is not followed from a later one: its times would be wrong.

import { RollingBloomFilter } from '../../util/hashing/rolling-bloom-filter.ts';
import type { RandomUint32 } from '../../util/random.ts';
import type { Clock } from '../../util/time/clock.ts';
import { Announcement } from './announcement.ts';
import type { Announcer, HeldCounts } from './announcement.ts';

/** Number of hashes that are remembered as seen: hours of transactions. */
const REMEMBERED = 100_000;
const FALSE_POSITIVES = 0.000_001;

/** How many announcements are followed, and for how long. */
export interface FollowLimits {
  /** Most at once. */
  readonly maxOpen: number;
  /** Most at once of those that one peer was the first to announce. */
  readonly maxOpenPerPeer: number;
  /** How long each is followed, in milliseconds. */
  readonly followMs: number;
}

/** Blocks come every ten minutes; more at once are forks, or lies. */
export const BLOCK_LIMITS: FollowLimits = { maxOpen: 16, maxOpenPerPeer: 2, followMs: 120_000 };

/** A sample of the transactions: about two a second. */
export const TRANSACTION_LIMITS: FollowLimits = { maxOpen: 256, maxOpenPerPeer: 4, followMs: 120_000 };

/** See the module comment. */
export class Announcements {
  readonly #limits: FollowLimits;
  readonly #clock: Clock;
  readonly #onEnd: (announcement: Announcement) => void;
  readonly #seen: RollingBloomFilter;
  /** In the order in which they began. */
  readonly #open = new Map<string, Announcement>();
  readonly #openBySlot = new Map<number, number>();
  #seenCount = 0;

  /** @param onEnd - Called with each announcement that was followed to its end. */
  constructor(limits: FollowLimits, clock: Clock, random: RandomUint32, onEnd: (announcement: Announcement) => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#seen = new RollingBloomFilter({ elementCount: REMEMBERED, falsePositiveRate: FALSE_POSITIVES, random });
  }

  /** Different hashes that were announced. */
  get seenCount(): number {
    return this.#seenCount;
  }

  /** Announcements that are followed now. */
  get openCount(): number {
    return this.#open.size;
  }

  /**
   * A peer announces a hash.
   *
   * @param hash - Lent.
   * @param held - The peers held now.
   * @param slots - One more than the highest slot in use.
   */
  announced(hash: Uint8Array, peer: Announcer, nowMs: number, held: HeldCounts, slots: number): void {
    const key = Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString('latin1');
    const open = this.#open.get(key);
    if (open !== undefined) return open.add(peer, nowMs);
    if (this.#seen.has(hash)) return;
    this.#seen.insert(hash);
    this.#seenCount += 1;
    const begun = this.#openBySlot.get(peer.slot) ?? 0;
    if (this.#open.size >= this.#limits.maxOpen || begun >= this.#limits.maxOpenPerPeer) return;
    this.#openBySlot.set(peer.slot, begun + 1);
    const announcement = new Announcement(key, nowMs, this.#clock.wallTimeMs(), peer.slot, held, slots);
    this.#open.set(key, announcement);
    announcement.add(peer, nowMs);
  }

  /** Ends the announcements that were followed for long enough. */
  sweep(nowMs: number): void {
    for (const announcement of this.#open.values()) {
      if (nowMs < announcement.firstAtMs + this.#limits.followMs) return;
      this.#end(announcement);
    }
  }

  /** Ends all announcements. */
  endAll(): void {
    for (const announcement of this.#open.values()) this.#end(announcement);
  }

  #end(announcement: Announcement): void {
    const { key, firstSlot } = announcement;
    this.#open.delete(key);
    const begun = this.#openBySlot.get(firstSlot)! - 1;
    if (begun === 0) this.#openBySlot.delete(firstSlot);
    else this.#openBySlot.set(firstSlot, begun);
    this.#onEnd(announcement);
  }
}

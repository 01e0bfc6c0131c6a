// Tracks which peers announced a transaction, and which of them to ask next. (Bitcoin Core src/txrequest.h)
//
// Each transaction is asked of one peer at a time. Announcements may have to wait, when others are likely to be better. Of
// several peers the preferred ones come first, and among equals a secret hash decides, so that nobody gets to the front by
// announcing often or early. A peer that does not answer in time is not asked again. An announcement is
//
//   delayed    until its time;
//   waiting    behind a better one, or behind one that is asked for;
//   best       the next to be asked for, when its peer is visited;
//   requested  until an answer, or the end of the time for it;
//   completed  then, and kept as long as others may still answer: repeating it changes nothing.
//
// There is no clock here: times are arguments that never go back. Every call costs time for what it changes only, and for
// the peers that announced the same transaction. Strangers announce what they like, so a transaction of one peer is two
// objects, an array and a text: some 400 bytes.

import type { InventoryItem } from '../../p2p/messages/inventory.ts';
import { random64 } from '../../util/random.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { SipHash } from '../../util/hashing/siphash.ts';

/** How long a peer has to answer before another is asked, in milliseconds. (Core GETDATA_TX_INTERVAL) */
export const REQUEST_TIMEOUT_MS = 60_000;

type State = 'delayed' | 'waiting' | 'best' | 'requested' | 'completed';

interface Announcement {
  readonly peerId: number;
  readonly transaction: Transaction;
  /** The form in which this peer announced it. */
  readonly type: number;
  readonly isPreferred: boolean;
  /** A secret number of 64 bits in halves with signs: among equally preferred announcements the highest goes first. */
  readonly priorityHigh: number;
  readonly priorityLow: number;
  readonly delayMs: number;
  /** The end of the delay; then, the deadline of the answer. */
  dueMs: number;
  state: State;
}

/** An announced transaction. */
interface Transaction {
  readonly key: string;
  /** One for each peer that announced it. */
  readonly announcements: Announcement[];
  best: Announcement | undefined;
  requested: Announcement | undefined;
}

interface Peer {
  /** By the key of the transaction. */
  readonly announcements: Map<string, Announcement>;
  /** Announcements to request from it, in the order in which they became best. */
  readonly best: Set<Announcement>;
  inFlightCount: number;
}

/** The announcements of all peers of a node. */
export class TxRequests {
  readonly #transactions = new Map<string, Transaction>();
  readonly #peers = new Map<number, Peer>();
  /** By length of delay: each set is thus ordered by the end of the delay. */
  readonly #delayed = new Map<number, Set<Announcement>>();
  /** In the order of their deadlines. */
  readonly #requested = new Set<Announcement>();
  readonly #secret: SipHash;
  readonly #hasher = new SipHash(0n, 0n);

  constructor(random: RandomUint32) {
    this.#secret = new SipHash(random64(random), random64(random));
  }

  /** Transactions that are tracked. */
  get size(): number {
    return this.#transactions.size;
  }

  /** Announcements of a peer that are tracked, completed ones included. */
  countOf(peerId: number): number {
    return this.#peers.get(peerId)?.announcements.size ?? 0;
  }

  /** Requests to a peer that it may still answer. */
  inFlightCountOf(peerId: number): number {
    return this.#peers.get(peerId)?.inFlightCount ?? 0;
  }

  /**
   * Notes that a peer has a transaction. Repeating it changes nothing.
   *
   * @param item - Not kept: its hash may be a view of a long message.
   * @param delayMs - Delay before it may be requested. One of a few values, since each has a queue.
   */
  announce(peerId: number, item: InventoryItem, isPreferred: boolean, nowMs: number, delayMs: number): void {
    const key = keyOf(item.hash);
    const { announcements } = this.#peer(peerId);
    if (announcements.has(key)) return;
    let transaction = this.#transactions.get(key);
    if (transaction === undefined) {
      transaction = { key, announcements: [], best: undefined, requested: undefined };
      this.#transactions.set(key, transaction);
    }
    const [priorityLow, priorityHigh] = this.#drawPriority(peerId, item.hash);
    const announcement: Announcement = {
      peerId,
      transaction,
      type: item.type,
      isPreferred,
      priorityHigh: priorityHigh! | 0,
      priorityLow: priorityLow! | 0,
      delayMs,
      dueMs: nowMs + delayMs,
      state: 'delayed',
    };
    transaction.announcements.push(announcement);
    announcements.set(transaction.key, announcement);
    if (delayMs > 0) this.#delay(announcement);
    else this.#makeReady(announcement);
  }

  /** Transactions to request from a peer now. Each is returned again until it is passed to `noteRequested` or `forget`. */
  requestable(peerId: number, nowMs: number): InventoryItem[] {
    this.#advance(nowMs);
    return Array.from(this.#peers.get(peerId)?.best ?? [], ({ type, transaction }) => ({
      type,
      hash: hashOf(transaction.key),
    }));
  }

  /** A transaction was requested from a peer. */
  noteRequested(peerId: number, hash: Uint8Array, nowMs: number): void {
    const announcement = this.#find(peerId, hash);
    if (announcement?.state !== 'best') return;
    const { transaction } = announcement;
    this.#leaveState(announcement);
    announcement.state = 'requested';
    announcement.dueMs = nowMs + REQUEST_TIMEOUT_MS;
    transaction.requested = announcement;
    this.#requested.add(announcement);
    this.#peer(peerId).inFlightCount++;
  }

  /** A peer answered, with the transaction or without: it is not asked again, but others may be. */
  noteAnswered(peerId: number, hash: Uint8Array): void {
    const announcement = this.#find(peerId, hash);
    if (announcement !== undefined) this.#complete(announcement);
  }

  /** Drops a transaction that is known, or unwanted. */
  forget(hash: Uint8Array): void {
    const transaction = this.#transactions.get(keyOf(hash));
    if (transaction !== undefined) this.#drop(transaction);
  }

  /** Drops the announcements of a peer that is gone. */
  removePeer(peerId: number): void {
    const peer = this.#peers.get(peerId);
    if (peer === undefined) return;
    for (const announcement of peer.announcements.values()) {
      this.#complete(announcement);
      const { announcements } = announcement.transaction;
      // Empty if nobody else had it: then it was dropped.
      const index = announcements.indexOf(announcement);
      if (index !== -1) announcements.splice(index, 1);
    }
    this.#peers.delete(peerId);
  }

  // ---- From state to state ------------------------------------------------------------------------------------------

  /** Ends delays and requests that are due. */
  #advance(nowMs: number): void {
    for (const announcement of this.#requested) {
      if (announcement.dueMs > nowMs) break;
      this.#complete(announcement);
    }
    for (const queue of this.#delayed.values()) {
      for (const announcement of queue) {
        if (announcement.dueMs > nowMs) break;
        this.#leaveState(announcement);
        this.#makeReady(announcement);
      }
    }
  }

  #delay(announcement: Announcement): void {
    const queue = this.#delayed.get(announcement.delayMs);
    if (queue === undefined) this.#delayed.set(announcement.delayMs, new Set([announcement]));
    else queue.add(announcement);
  }

  /** It waits, or takes the place of the best one. */
  #makeReady(announcement: Announcement): void {
    const { best, requested } = announcement.transaction;
    announcement.state = 'waiting';
    if (requested !== undefined || (best !== undefined && isBetter(best, announcement))) return;
    if (best !== undefined) {
      this.#leaveState(best);
      best.state = 'waiting';
    }
    this.#makeBest(announcement);
  }

  #makeBest(announcement: Announcement): void {
    announcement.state = 'best';
    announcement.transaction.best = announcement;
    this.#peer(announcement.peerId).best.add(announcement);
  }

  /** Has the best of the waiting ones asked for next, unless one is asked for or about to be. */
  #chooseBest({ announcements, best, requested }: Transaction): void {
    if (best !== undefined || requested !== undefined) return;
    let chosen: Announcement | undefined;
    for (const announcement of announcements) {
      if (announcement.state !== 'waiting') continue;
      if (chosen === undefined || isBetter(announcement, chosen)) chosen = announcement;
    }
    if (chosen !== undefined) this.#makeBest(chosen);
  }

  /** Completes an announcement, and drops its transaction if no other peer can answer. */
  #complete(announcement: Announcement): void {
    if (announcement.state === 'completed') return;
    const { transaction } = announcement;
    this.#leaveState(announcement);
    announcement.state = 'completed';
    this.#chooseBest(transaction);
    if (transaction.announcements.every(({ state }) => state === 'completed')) this.#drop(transaction);
  }

  /** Removes an announcement from its state's collections. The caller gives it another state. */
  #leaveState(announcement: Announcement): void {
    const { transaction, peerId, state } = announcement;
    switch (state) {
      case 'delayed':
        this.#delayed.get(announcement.delayMs)?.delete(announcement);
        return;
      case 'requested':
        transaction.requested = undefined;
        this.#requested.delete(announcement);
        this.#peer(peerId).inFlightCount--;
        return;
      case 'best':
        transaction.best = undefined;
        this.#peer(peerId).best.delete(announcement);
        return;
      case 'waiting':
      case 'completed':
    }
  }

  #drop({ announcements, key }: Transaction): void {
    for (const announcement of announcements) {
      this.#leaveState(announcement);
      announcement.state = 'completed';
      this.#peers.get(announcement.peerId)?.announcements.delete(key);
    }
    announcements.length = 0;
    this.#transactions.delete(key);
  }

  // ---- Finding ------------------------------------------------------------------------------------------------------

  #find(peerId: number, hash: Uint8Array): Announcement | undefined {
    return this.#peers.get(peerId)?.announcements.get(keyOf(hash));
  }

  #peer(peerId: number): Peer {
    let peer = this.#peers.get(peerId);
    if (peer === undefined) {
      peer = { announcements: new Map(), best: new Set(), inFlightCount: 0 };
      this.#peers.set(peerId, peer);
    }
    return peer;
  }

  #drawPriority(peerId: number, hash: Uint8Array): Uint32Array {
    return this.#hasher.copyFrom(this.#secret).write(hash).writeUint64(BigInt(peerId)).finalizeHalves();
  }
}

/** A compact key: one byte for each byte. */
function keyOf(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('latin1');
}

/** The hash of a key. */
function hashOf(key: string): Uint8Array {
  return Uint8Array.from(Buffer.from(key, 'latin1'));
}

function isBetter(a: Announcement, b: Announcement): boolean {
  if (a.isPreferred !== b.isPreferred) return a.isPreferred;
  if (a.priorityHigh !== b.priorityHigh) return a.priorityHigh > b.priorityHigh;
  return a.priorityLow > b.priorityLow;
}

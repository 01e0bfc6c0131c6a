import { describe, expect, it } from 'vitest';

import { InventoryType } from '../../../ts/p2p/messages/inventory.ts';
import type { InventoryItem } from '../../../ts/p2p/messages/inventory.ts';
import { REQUEST_TIMEOUT_MS, TxRequests } from '../../../ts/peerman/transactions/tx-requests.ts';
import { uniformBelow } from '../../../ts/util/random.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';
import { heapBytes } from '../../harness/heap.ts';

function tx(index: number): InventoryItem {
  const hash = new Uint8Array(32);
  new DataView(hash.buffer).setUint32(0, index);
  return { type: InventoryType.WTX, hash };
}

const indexOf = ({ hash }: InventoryItem): number => new DataView(hash.buffer, hash.byteOffset).getUint32(0);

/** Tracks numbered transactions, at a time that the test moves. */
class Lab {
  readonly requests: TxRequests;
  nowMs = 0;

  constructor(seed = 1) {
    this.requests = new TxRequests(seededUint32(seed));
  }

  announce(peerId: number, index: number, { isPreferred = true, delayMs = 0 } = {}): void {
    this.requests.announce(peerId, tx(index), isPreferred, this.nowMs, delayMs);
  }

  requestable(peerId: number): number[] {
    return this.requests.requestable(peerId, this.nowMs).map(indexOf);
  }

  /** Asks a peer for everything that is due. */
  request(peerId: number): number[] {
    const due = this.requests.requestable(peerId, this.nowMs);
    for (const { hash } of due) this.requests.noteRequested(peerId, hash, this.nowMs);
    return due.map(indexOf);
  }

  /** Which of the peers is to be asked for something. */
  whoIsAsked(peerIds: readonly number[]): number[] {
    return peerIds.filter((peerId) => this.requestable(peerId).length > 0);
  }
}

describe('a transaction', () => {
  it('is asked of one peer at a time, of another when the time is up, and of nobody twice', () => {
    const lab = new Lab();
    const peers = [1, 2, 3];
    for (const peerId of peers) lab.announce(peerId, 7);
    const asked: number[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const [peerId, ...others] = lab.whoIsAsked(peers);
      expect(others).toEqual([]);
      asked.push(peerId!);
      expect(lab.request(peerId!)).toEqual([7]);
      expect(lab.whoIsAsked(peers)).toEqual([]);
      lab.nowMs += REQUEST_TIMEOUT_MS - 1;
      expect(lab.whoIsAsked(peers)).toEqual([]);
      // Repeating the announcement does not help.
      lab.announce(peerId!, 7);
      lab.nowMs += 1;
    }
    expect(asked.toSorted()).toEqual(peers);
    expect(lab.whoIsAsked(peers)).toEqual([]);
    // Nobody can answer any more: there is nothing left to remember.
    expect([lab.requests.size, ...peers.map((peerId) => lab.requests.countOf(peerId))]).toEqual([0, 0, 0, 0]);
  });

  it('is asked of the next at once when a peer answers that it does not have it', () => {
    const lab = new Lab();
    lab.announce(1, 7);
    lab.request(1);
    lab.announce(2, 7);
    expect(lab.requestable(2)).toEqual([]);
    lab.requests.noteAnswered(1, tx(7).hash);
    expect(lab.requestable(2)).toEqual([7]);
    expect([lab.requests.inFlightCountOf(1), lab.requests.countOf(1)]).toEqual([0, 1]);
  });

  it('is asked of the next when a peer leaves', () => {
    const lab = new Lab();
    lab.announce(1, 7);
    lab.announce(2, 7);
    const [first] = lab.whoIsAsked([1, 2]);
    lab.request(first!);
    lab.requests.removePeer(first!);
    expect(lab.requestable(3 - first!)).toEqual([7]);
    lab.requests.removePeer(3 - first!);
    expect(lab.requests.size).toBe(0);
  });

  it('is asked of preferred peers first, whenever they announced it', () => {
    const lab = new Lab();
    for (let peerId = 0; peerId < 10; peerId++) lab.announce(peerId, 7, { isPreferred: false });
    lab.announce(10, 7);
    lab.announce(11, 7);
    const all = Array.from({ length: 12 }, (_, peerId) => peerId);
    const order: number[] = [];
    for (let turn = 0; turn < 12; turn++) {
      const [peerId] = lab.whoIsAsked(all);
      order.push(peerId!);
      lab.request(peerId!);
      lab.requests.noteAnswered(peerId!, tx(7).hash);
    }
    expect(order.slice(0, 2).toSorted()).toEqual([10, 11]);
    expect(order.toSorted((a, b) => a - b)).toEqual(all);
  });

  it('is asked of anybody among equals, by a secret that differs for each transaction and each node', () => {
    const firsts = (seed: number): number[] =>
      Array.from({ length: 200 }, (_, index) => {
        const lab = new Lab(seed);
        for (let peerId = 0; peerId < 4; peerId++) lab.announce(peerId, index);
        return lab.whoIsAsked([0, 1, 2, 3])[0]!;
      });
    const chosen = firsts(1);
    for (let peerId = 0; peerId < 4; peerId++) {
      // Fifty are expected; the deviation is six.
      expect(chosen.filter((first) => first === peerId).length).toBeGreaterThan(20);
    }
    expect(firsts(2)).not.toEqual(chosen);
    expect(firsts(1)).toEqual(chosen);
  });

  it('waits for its delay, and is asked of the better one that came meanwhile', () => {
    const lab = new Lab();
    lab.announce(1, 7, { isPreferred: false, delayMs: 2_000 });
    lab.nowMs = 1_999;
    expect(lab.requestable(1)).toEqual([]);
    lab.announce(2, 7);
    lab.nowMs = 2_000;
    expect(lab.whoIsAsked([1, 2])).toEqual([2]);
    lab.requests.noteAnswered(2, tx(7).hash);
    expect(lab.whoIsAsked([1, 2])).toEqual([1]);
  });

  it('is forgotten in every state', () => {
    const lab = new Lab();
    lab.announce(1, 7, { delayMs: 2_000 });
    for (const peerId of [2, 3, 4]) lab.announce(peerId, 7);
    const [first] = lab.whoIsAsked([2, 3, 4]);
    lab.request(first!);
    lab.requests.forget(tx(7).hash);
    expect(lab.requests.size).toBe(0);
    lab.nowMs += 2 * REQUEST_TIMEOUT_MS;
    expect(lab.whoIsAsked([1, 2, 3, 4])).toEqual([]);
    expect([1, 2, 3, 4].map((peerId) => lab.requests.countOf(peerId) + lab.requests.inFlightCountOf(peerId))).toEqual([
      0, 0, 0, 0,
    ]);
  });

  it('takes at most 500 bytes of the heap, of one peer and not asked for yet', () => {
    const lab = new Lab();
    const announceAll = (from: number, count: number): void => {
      for (let index = from; index < from + count; index++) lab.announce(index >> 12, index, { delayMs: 2_000 });
    };
    announceAll(0, 1_000);
    const before = heapBytes();
    announceAll(1_000, 100_000);
    expect((heapBytes() - before) / 100_000).toBeLessThan(500);
    expect(lab.requests.size).toBe(101_000);
  });

  it('does not hold on to the message it came in', () => {
    const requests = new TxRequests(seededUint32(1));
    const message = new Uint8Array(100);
    requests.announce(1, { type: InventoryType.WTX, hash: message.subarray(10, 42) }, true, 0, 0);
    const [{ hash }] = requests.requestable(1, 0) as [InventoryItem];
    expect(hash.buffer.byteLength).toBe(32);
    message.fill(0xff);
    expect(hash).toEqual(new Uint8Array(32));
  });
});

/** The same in the plainest form: a list that is looked through for every question. */
class PlainRequests {
  list: { peerId: number; index: number; isPreferred: boolean; dueMs: number; state: string }[] = [];
  readonly #better: (a: number, b: number, index: number) => boolean;

  /** @param better - Which of two equally preferred peers comes first. */
  constructor(better: (a: number, b: number, index: number) => boolean) {
    this.#better = better;
  }

  announce(peerId: number, index: number, isPreferred: boolean, dueMs: number): void {
    if (this.list.some((entry) => entry.peerId === peerId && entry.index === index)) return;
    this.list.push({ peerId, index, isPreferred, dueMs, state: 'candidate' });
  }

  advance(nowMs: number): void {
    for (const entry of this.list) if (entry.state === 'requested' && entry.dueMs <= nowMs) entry.state = 'completed';
    this.#dropOver();
  }

  requestable(peerId: number, nowMs: number): number[] {
    return this.list.flatMap((entry) => {
      const { index } = entry;
      const rivals = this.list.filter((other) => other.index === index);
      const ready = rivals.filter(({ state, dueMs }) => state === 'candidate' && dueMs <= nowMs);
      if (entry.peerId !== peerId || !ready.includes(entry)) return [];
      if (rivals.some(({ state }) => state === 'requested')) return [];
      const isBeaten = ready.some((other) => {
        if (other.isPreferred !== entry.isPreferred) return other.isPreferred;
        return other !== entry && this.#better(other.peerId, peerId, index);
      });
      return isBeaten ? [] : [index];
    });
  }

  set(peerId: number, index: number, state: string, dueMs = 0): void {
    const entry = this.list.find((other) => other.peerId === peerId && other.index === index);
    if (entry !== undefined) Object.assign(entry, { state, dueMs });
    this.#dropOver();
  }

  drop(isDropped: (entry: { peerId: number; index: number }) => boolean): void {
    this.list = this.list.filter((entry) => !isDropped(entry));
    this.#dropOver();
  }

  #dropOver(): void {
    const alive = new Set(this.list.flatMap(({ index, state }) => (state === 'completed' ? [] : [index])));
    this.list = this.list.filter(({ index }) => alive.has(index));
  }
}

describe('any history', () => {
  it.each([1, 2, 3])('has the same questions asked as in the plainest form (seed %i)', (seed) => {
    const random = seededUint32(seed);
    const below = (bound: number): number => uniformBelow(random, bound);
    const lab = new Lab(99);
    // Who comes first among equals is asked of a tracker that knows of nothing else.
    const better = (a: number, b: number, index: number): boolean => {
      const pair = new Lab(99);
      pair.announce(a, index);
      pair.announce(b, index);
      return pair.whoIsAsked([a, b])[0] === a;
    };
    const cache = new Map<string, boolean>();
    const plain = new PlainRequests((a, b, index) => {
      const key = `${a} ${b} ${index}`;
      if (!cache.has(key)) cache.set(key, better(a, b, index));
      return cache.get(key)!;
    });
    const [peerCount, txCount] = [5, 8];
    for (let step = 0; step < 1_500; step++) {
      const [peerId, index] = [below(peerCount), below(txCount)];
      const { hash } = tx(index);
      switch (below(10)) {
        case 0:
        case 1:
        case 2:
        case 3: {
          const [isPreferred, delayMs] = [below(2) === 0, below(4) * 2_000];
          lab.announce(peerId, index, { isPreferred, delayMs });
          plain.announce(peerId, index, isPreferred, lab.nowMs + delayMs);
          break;
        }
        case 4:
        case 5:
          for (const asked of lab.request(peerId)) {
            plain.set(peerId, asked, 'requested', lab.nowMs + REQUEST_TIMEOUT_MS);
          }
          break;
        case 6:
          lab.requests.noteAnswered(peerId, hash);
          plain.set(peerId, index, 'completed');
          break;
        case 7:
          lab.requests.forget(hash);
          plain.drop((entry) => entry.index === index);
          break;
        case 8:
          if (below(4) > 0) break;
          lab.requests.removePeer(peerId);
          plain.drop((entry) => entry.peerId === peerId);
          break;
        default:
          lab.nowMs += below(20_000);
      }
      plain.advance(lab.nowMs);
      for (let peer = 0; peer < peerCount; peer++) {
        expect(lab.requestable(peer).toSorted()).toEqual(plain.requestable(peer, lab.nowMs).toSorted());
        expect(lab.requests.countOf(peer)).toBe(plain.list.filter((entry) => entry.peerId === peer).length);
        const inFlight = plain.list.filter((entry) => entry.peerId === peer && entry.state === 'requested');
        expect(lab.requests.inFlightCountOf(peer)).toBe(inFlight.length);
      }
      expect(lab.requests.size).toBe(new Set(plain.list.map((entry) => entry.index)).size);
    }
  });
});

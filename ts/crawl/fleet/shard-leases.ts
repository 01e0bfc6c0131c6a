// The shards that this worker owns: leases that it takes, renews, hands on, and stops using in time.
//
// A lease is used for less time than it lasts, counted from before it was asked for. When the server is away or this worker is
// cut off, it stops before another worker can begin, and no group is dialed by two.

import type { Clock, Timer } from '../../util/time/clock.ts';
import { SHARD_COUNT } from './bus/fleet-bus.ts';
import type { FleetBus } from './bus/fleet-bus.ts';

/** Interval between renewals, as a share of the time that a lease lasts. */
const RENEWAL = 0.3;

/** Share of a lease's time in which it is used. The server's clock and timers are off by less than the rest. */
const USABLE = 4 / 5;

/** Callbacks about shards. */
export interface ShardListener {
  gained(shard: number): void;
  /** The shard is lost: from now on nothing in it may be dialed, even while it was being handed on. */
  lost(shard: number): void;
  /** The shard goes to another worker: no new visit in it may begin. Resolves once none of its work is in hand. */
  handedOn(shard: number): Promise<void>;
  /** Another worker that is alive has the name of this one. */
  nameTaken(): void;
}

interface Lease {
  revision: number;
  /** Monotonic milliseconds. */
  usableUntilMs: number;
}

/** The shards of one worker. */
export class ShardLeases {
  readonly #bus: FleetBus;
  readonly #clock: Clock;
  /** The worker's name, and what distinguishes it from an earlier worker of the same name. */
  readonly #owner: string;
  readonly #name: string;
  readonly #listener: ShardListener;
  readonly #leases = new Map<number, Lease>();
  /** Shards that are being handed on: renewed until none of their work is in hand, but not used for new visits. */
  readonly #leaving = new Set<number>();
  #presence: number | undefined;
  /** Revision of the presence of another worker of this name, as last seen. */
  #othersPresence: number | undefined;
  #timer: Timer | undefined;
  /** When the first lease runs out. */
  #expiry: Timer | undefined;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  /** @param instance - Different at each start of the worker. */
  constructor(bus: FleetBus, clock: Clock, name: string, instance: string, listener: ShardListener) {
    this.#bus = bus;
    this.#clock = clock;
    this.#name = name;
    this.#owner = `${name} ${instance}`;
    this.#listener = listener;
  }

  /** Shards that are owned now. */
  get shards(): ReadonlySet<number> {
    return new Set([...this.#leases.keys()].filter((shard) => !this.#leaving.has(shard)));
  }

  /** Begins to take shards. */
  start(): void {
    this.#running = this.#turn();
  }

  /** Gives all shards back, as far as the server can be reached. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#expiry?.cancel();
    await this.#running;
    const shards = [...this.#leases.keys()];
    for (const shard of shards) this.#lose(shard);
    const { leases } = this.#bus;
    const keys = [...shards.map(keyOf), ...(this.#presence === undefined ? [] : [`worker.${this.#name}`])];
    await Promise.allSettled(keys.map((key) => leases.delete(key)));
  }

  get #usableMs(): number {
    return this.#bus.times.leaseTtlMs * USABLE;
  }

  async #turn(): Promise<void> {
    this.#awaitExpiry();
    try {
      await this.#renewPresence();
      await this.#renewAll();
      await this.#balance();
    } catch {
      // The server is away. Leases expire by our own clock.
    }
    this.#awaitExpiry();
    if (this.#isStopped) return;
    this.#timer = this.#clock.after(this.#bus.times.leaseTtlMs * RENEWAL, () => {
      this.#running = this.#turn();
    });
  }

  async #renewPresence(): Promise<void> {
    const { leases } = this.#bus;
    const key = `worker.${this.#name}`;
    if (this.#presence !== undefined) this.#presence = await leases.update(key, this.#owner, this.#presence);
    this.#presence ??= await leases.create(key, this.#owner);
    if (this.#presence === undefined) await this.#lookAtOther(key);
  }

  /** An earlier worker of this name may have died: its presence is not renewed any more, and expires. */
  async #lookAtOther(key: string): Promise<void> {
    const other = await this.#bus.leases.get(key);
    if (other === undefined) return;
    const { text, revision } = other;
    // The answer to the request that made it was lost.
    if (text === this.#owner) return void (this.#presence = revision);
    if (this.#othersPresence !== undefined && this.#othersPresence !== revision) this.#listener.nameTaken();
    this.#othersPresence = revision;
  }

  async #renewAll(): Promise<void> {
    const { leases } = this.#bus;
    await Promise.all(
      [...this.#leases].map(async ([shard, lease]) => {
        const askedAtMs = this.#clock.now();
        const revision = await leases.update(keyOf(shard), this.#owner, lease.revision);
        if (revision === undefined) return this.#lose(shard);
        lease.revision = revision;
        lease.usableUntilMs = askedAtMs + this.#usableMs;
      }),
    );
  }

  /** Takes and hands on shards until every worker has about as many. */
  async #balance(): Promise<void> {
    const { leases } = this.#bus;
    const workers = Math.max(1, (await leases.keys('worker')).length);
    const share = Math.ceil(SHARD_COUNT / workers);
    const { shards } = this;
    for (const shard of [...shards].slice(share)) void this.#handOn(shard);
    const missing = share - shards.size;
    if (missing <= 0 || this.#isStopped) return;
    const taken = new Set(await leases.keys('shard'));
    const free = Array.from({ length: SHARD_COUNT }, (_, shard) => shard).filter((shard) => !taken.has(keyOf(shard)));
    // Each worker starts at another place, so that they do not all reach for the same shards.
    const first = Math.floor(this.#clock.wallTimeMs()) % Math.max(1, free.length);
    const wanted = [...free.slice(first), ...free.slice(0, first)].slice(0, missing);
    await Promise.all(wanted.map((shard) => this.#take(shard)));
  }

  async #take(shard: number): Promise<void> {
    const askedAtMs = this.#clock.now();
    const revision = await this.#bus.leases.create(keyOf(shard), this.#owner);
    if (revision === undefined || this.#isStopped) return;
    this.#leases.set(shard, { revision, usableUntilMs: askedAtMs + this.#usableMs });
    this.#listener.gained(shard);
  }

  async #handOn(shard: number): Promise<void> {
    this.#leaving.add(shard);
    await this.#listener.handedOn(shard);
    // It was lost meanwhile, or `stop` gives it back.
    if (!this.#leases.has(shard) || this.#isStopped) return;
    this.#leases.delete(shard);
    this.#leaving.delete(shard);
    await this.#bus.leases.delete(keyOf(shard)).catch(() => {});
  }

  /** Gives leases up in time: a turn may wait for a server that does not answer, longer than a lease is usable. */
  #awaitExpiry(): void {
    this.#expiry?.cancel();
    this.#loseUnusable();
    if (this.#leases.size === 0 || this.#isStopped) return;
    const firstMs = Math.min(...[...this.#leases.values()].map(({ usableUntilMs }) => usableUntilMs));
    this.#expiry = this.#clock.after(Math.max(0, firstMs - this.#clock.now()), () => this.#awaitExpiry());
  }

  #loseUnusable(): void {
    const nowMs = this.#clock.now();
    for (const [shard, { usableUntilMs }] of this.#leases) if (nowMs >= usableUntilMs) this.#lose(shard);
  }

  #lose(shard: number): void {
    if (!this.#leases.delete(shard)) return;
    this.#leaving.delete(shard);
    this.#listener.lost(shard);
  }
}

const keyOf = (shard: number): string => `shard.${shard}`;

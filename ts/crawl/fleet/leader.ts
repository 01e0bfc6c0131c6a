// The worker with the lease opens and closes rounds. When it is gone, another takes the lease and continues the round.

import type { ChainName } from '../../p2p/chain-params.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import type { FleetBus } from './bus/fleet-bus.ts';
import { ROUND_KEY, formatRoundState, parseRoundState } from './round-state.ts';
import type { RoundState } from './round-state.ts';

/** Interval between checks of the round and the lease, in milliseconds. */
const LOOK_MS = 1_000;

/** Key of the lease. */
const LEADER = 'leader';

/** Other duties of a leader. */
export interface RoundDuties {
  /** Publishes the addresses to begin with. Harmless if repeated. */
  seed(round: number): Promise<void>;
  /** Writes the reports of a round that is over. */
  report(state: RoundState): Promise<void>;
}

/** Leads a fleet while it has the lease. */
export class Leader {
  readonly #bus: FleetBus;
  readonly #clock: Clock;
  readonly #owner: string;
  readonly #chain: ChainName;
  readonly #everyMs: number | undefined;
  readonly #duties: RoundDuties;
  #lease: number | undefined;
  #timer: Timer | undefined;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();
  /** Without `everyMs`, a worker opens a round only if it saw none. */
  #mayOpen = true;
  /** The last check found no work. A second one in a row ends the round. */
  #wasDone = false;

  /** @param options - The chain; interval between the starts of rounds in milliseconds, undefined for a single round. */
  constructor(
    bus: FleetBus,
    clock: Clock,
    owner: string,
    { chain, everyMs }: { readonly chain: ChainName; readonly everyMs: number | undefined },
    duties: RoundDuties,
  ) {
    this.#bus = bus;
    this.#clock = clock;
    this.#owner = owner;
    this.#chain = chain;
    this.#everyMs = everyMs;
    this.#duties = duties;
  }

  get isLeading(): boolean {
    return this.#lease !== undefined;
  }

  start(): void {
    this.#running = this.#turn();
  }

  /** This worker takes part in a round. Without `everyMs` it opens no other. */
  noteRound(): void {
    this.#mayOpen = this.#everyMs !== undefined;
  }

  /** Stops leading and releases the lease. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#running;
    if (this.#lease !== undefined) await this.#bus.leases.delete(LEADER).catch(() => {});
  }

  async #turn(): Promise<void> {
    try {
      await this.#renew();
      if (this.isLeading) await this.#keepLeaseDuring(this.#lead());
    } catch {
      // The server is away, or the reports cannot be written, which `report` tells: check again later. A lease that expired
      // meanwhile is not renewed then.
    }
    if (this.#isStopped) return;
    this.#timer = this.#clock.after(LOOK_MS, () => this.start());
  }

  /** Seeding, and the reports of many records, take longer than a lease lasts: another worker would lead as well. */
  async #keepLeaseDuring(leading: Promise<void>): Promise<void> {
    let isOver = false;
    let renewing = Promise.resolve();
    const renewLater = (): Timer =>
      this.#clock.after(LOOK_MS, () => {
        // The server is away: the next turn sees whether the lease is still there.
        renewing = this.#renew().catch(() => {});
        void renewing.then(() => {
          if (!isOver) timer = renewLater();
        });
      });
    let timer = renewLater();
    try {
      await leading;
    } finally {
      isOver = true;
      timer.cancel();
      await renewing;
    }
  }

  async #renew(): Promise<void> {
    const { leases } = this.#bus;
    if (this.#lease !== undefined) this.#lease = await leases.update(LEADER, this.#owner, this.#lease);
    this.#lease ??= await leases.create(LEADER, this.#owner);
  }

  async #lead(): Promise<void> {
    const stored = await this.#bus.settings.get(ROUND_KEY);
    const state = stored === undefined ? undefined : parseRoundState(stored.text);
    // What cannot be read may be of a newer release: it is not overwritten, and the fleet waits until it is mended or deleted.
    if (stored !== undefined && state === undefined) return;
    if (state === undefined || state.phase === 'closed') return this.#openNext(state, stored?.revision);
    this.noteRound();
    if (state.phase === 'seeding') return this.#seed(state, stored!.revision);
    const isDone = (await this.#bus.countWork()) === 0;
    if (isDone && this.#wasDone) await this.#close(state, stored!.revision);
    this.#wasDone = isDone;
  }

  async #openNext(last: RoundState | undefined, revision: number | undefined): Promise<void> {
    const nowMs = Math.floor(this.#clock.wallTimeMs());
    const isTime = last === undefined || this.#everyMs === undefined || nowMs >= last.startedAt + this.#everyMs;
    if (!this.#mayOpen || !isTime) return;
    this.noteRound();
    this.#wasDone = false;
    const number = (last?.number ?? 0) + 1;
    const state: RoundState = { number, chain: this.#chain, phase: 'seeding', startedAt: nowMs };
    const opened = await this.#put(state, revision);
    if (opened !== undefined) await this.#seed(state, opened);
  }

  async #seed(state: RoundState, revision: number): Promise<void> {
    await this.#duties.seed(state.number);
    await this.#put({ ...state, phase: 'open' }, revision);
  }

  async #close(state: RoundState, revision: number): Promise<void> {
    const closed: RoundState = { ...state, phase: 'closed', endedAt: Math.floor(this.#clock.wallTimeMs()) };
    await this.#duties.report(closed);
    await this.#put(closed, revision);
  }

  /** @returns The revision; undefined when another leader was first. */
  #put(state: RoundState, revision: number | undefined): Promise<number | undefined> {
    const { settings } = this.#bus;
    const text = formatRoundState(state);
    return revision === undefined ? settings.create(ROUND_KEY, text) : settings.update(ROUND_KEY, text, revision);
  }
}

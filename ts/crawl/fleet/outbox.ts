// Addresses on their way to the owners of their shards: gathered into messages, sent again until they are stored.

import { sleep } from '../../util/time/sleep.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import type { FleetBus } from './bus.ts';
import { MAX_BATCH_ADDRESSES, encodeBatch } from './work-batch.ts';
import type { WorkAddress } from './work-batch.ts';

/** How long addresses wait for company, in milliseconds. */
const GATHER_MS = 100;

/** Between two tries to reach a server that is away, in milliseconds. */
const RETRY_MS = 500;

/** The outgoing work of one round. */
export class Outbox {
  readonly #bus: FleetBus;
  readonly #clock: Clock;
  readonly #round: number;
  readonly #signal: AbortSignal;
  readonly #gathered = new Map<number, WorkAddress[]>();
  readonly #sending = new Set<Promise<void>>();
  #timer: Timer | undefined;

  /** @param signal - Aborted when the round is over for this worker. */
  constructor(bus: FleetBus, clock: Clock, round: number, signal: AbortSignal) {
    this.#bus = bus;
    this.#clock = clock;
    this.#round = round;
    this.#signal = signal;
  }

  add(shard: number, address: WorkAddress): void {
    let gathered = this.#gathered.get(shard);
    if (gathered === undefined) this.#gathered.set(shard, (gathered = []));
    gathered.push(address);
    if (gathered.length === MAX_BATCH_ADDRESSES) this.#send(shard);
    else if (this.#timer === undefined) this.#timer = this.#clock.after(GATHER_MS, () => this.#sendAll());
  }

  /** Resolves once everything that was added by now is stored, or the round is over. */
  async stored(): Promise<void> {
    this.#sendAll();
    await Promise.all(this.#sending);
  }

  #sendAll(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const shard of [...this.#gathered.keys()]) this.#send(shard);
  }

  #send(shard: number): void {
    const addresses = this.#gathered.get(shard)!;
    this.#gathered.delete(shard);
    const sending = this.#publish(shard, encodeBatch({ round: this.#round, addresses }));
    this.#sending.add(sending);
    void sending.then(() => this.#sending.delete(sending));
  }

  async #publish(shard: number, bytes: Uint8Array): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        return await this.#bus.publishWork(shard, bytes);
      } catch {
        await sleep(this.#clock, RETRY_MS, this.#signal);
      }
    }
  }
}

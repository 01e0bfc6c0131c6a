// Addresses on their way to the owners of their shards: gathered into messages, which are sent until they are stored.

import { sleep } from '../../util/time/sleep.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import type { FleetBus } from './bus/fleet-bus.ts';
import { WorkBatchWriter } from './work-batch.ts';

/** Interval between attempts to publish, in milliseconds. */
const RETRY_MS = 500;

/** The outgoing work of one round. */
export class Outbox {
  readonly #bus: FleetBus;
  readonly #clock: Clock;
  readonly #round: number;
  readonly #signal: AbortSignal;
  readonly #gathered = new Map<number, WorkBatchWriter>();
  readonly #sending = new Set<Promise<void>>();
  #timer: Timer | undefined;
  /** Called when what is gathered now is stored. */
  #waiting: (() => void)[] = [];

  /** @param signal - Aborted when the round is over for this worker. */
  constructor(bus: FleetBus, clock: Clock, round: number, signal: AbortSignal) {
    this.#bus = bus;
    this.#clock = clock;
    this.#round = round;
    this.#signal = signal;
  }

  /** Sends an address to the owner of its shard, soon. As `WorkBatchWriter.add`. */
  add(shard: number, network: number, address: Uint8Array, port: number, v2: number, source: string): void {
    let gathered = this.#gathered.get(shard);
    if (gathered === undefined) this.#gathered.set(shard, (gathered = new WorkBatchWriter(this.#round)));
    gathered.add(network, address, port, v2, source);
    if (gathered.isFull) this.#send(shard);
    else this.#timer ??= this.#clock.after(this.#bus.times.gatherMs, () => this.#sendAll());
  }

  /** Calls back once everything that was added by now is stored, or the round is over. */
  whenStored(onStored: () => void): void {
    if (this.#timer === undefined && this.#sending.size === 0) onStored();
    else if (this.#timer === undefined) void Promise.all(this.#sending).then(onStored);
    else this.#waiting.push(onStored);
  }

  #sendAll(): void {
    this.#timer = undefined;
    for (const shard of [...this.#gathered.keys()]) this.#send(shard);
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    void Promise.all(this.#sending).then(() => waiting.forEach((onStored) => onStored()));
  }

  #send(shard: number): void {
    const bytes = this.#gathered.get(shard)!.finish();
    this.#gathered.delete(shard);
    const sending = this.#publish(shard, bytes);
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

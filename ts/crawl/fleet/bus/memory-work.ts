// Work in memory: each message goes to one taker of its shard, and is delivered again when it is given up or not kept.

import type { Clock, Timer } from '../../../util/time/clock.ts';
import type { WorkMessage } from './fleet-bus.ts';

/** Most messages that a taker has in hand. */
const MAX_IN_HAND = 8;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly isAgain: boolean;
}

interface Taker {
  readonly onWork: (message: WorkMessage) => void;
  inHand: number;
}

/** The work of all shards. */
export class MemoryWork {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #waiting = new Map<number, Waiting[]>();
  readonly #takers = new Map<number, Taker[]>();
  #count = 0;

  /** @param ttlMs - Time after which work that no taker keeps is delivered again, in milliseconds. */
  constructor(clock: Clock, ttlMs: number) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
  }

  /** Messages that are not acknowledged. */
  get count(): number {
    return this.#count;
  }

  publish(shard: number, bytes: Uint8Array): void {
    this.#count += 1;
    this.#queueOf(shard).push({ bytes, isAgain: false });
    this.#deal(shard);
  }

  /** @returns A function that stops the deliveries. */
  take(shard: number, onWork: (message: WorkMessage) => void): () => void {
    const taker: Taker = { onWork, inHand: 0 };
    const takers = this.#takers.get(shard) ?? [];
    this.#takers.set(shard, [...takers, taker]);
    this.#deal(shard);
    return () => {
      this.#takers.set(
        shard,
        this.#takers.get(shard)!.filter((one) => one !== taker),
      );
    };
  }

  #queueOf(shard: number): Waiting[] {
    let queue = this.#waiting.get(shard);
    if (queue === undefined) this.#waiting.set(shard, (queue = []));
    return queue;
  }

  /** Deals out messages later, as a server would: never inside a call of the taker. */
  #deal(shard: number): void {
    this.#clock.soon(() => {
      const queue = this.#queueOf(shard);
      for (const taker of this.#takers.get(shard) ?? [])
        while (queue.length > 0 && taker.inHand < MAX_IN_HAND) this.#hand(shard, taker, queue.shift()!);
    });
  }

  #hand(shard: number, taker: Taker, { bytes, isAgain }: Waiting): void {
    taker.inHand += 1;
    let timer: Timer | undefined;
    let isOver = false;
    const end = (comesAgain: boolean): void => {
      if (isOver) return;
      isOver = true;
      timer?.cancel();
      taker.inHand -= 1;
      if (comesAgain) this.#queueOf(shard).unshift({ bytes, isAgain: true });
      else this.#count -= 1;
      this.#deal(shard);
    };
    const keep = (): void => {
      if (isOver) return;
      timer?.cancel();
      timer = this.#clock.after(this.#ttlMs, () => end(true));
      timer.unref?.();
    };
    keep();
    taker.onWork({ bytes, isAgain, acknowledge: () => end(false), keep, giveUp: () => end(true) });
  }
}

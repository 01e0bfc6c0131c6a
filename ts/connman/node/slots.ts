// Slots for connections: a counting semaphore whose units are objects that can be handed on.
//
// A dial needs a slot before it begins. When it succeeds the slot moves to the node and stays with it until the node is
// removed; a removed node may hand it to its own reconnection, so that no other dial takes the slot in between.

import { whenAborted } from '../../util/time/when-aborted.ts';

/** One slot, held by the holder of the object. */
export class SlotGrant {
  #pool: SlotPool | undefined;

  /** For `SlotPool`. */
  constructor(pool: SlotPool) {
    this.#pool = pool;
  }

  /** Gives the slot back. Further calls do nothing. */
  release(): void {
    const pool = this.#pool;
    this.#pool = undefined;
    pool?.giveBack();
  }
}

/** A fixed number of slots. The longest waiting request is served first. */
export class SlotPool {
  readonly size: number;
  #freeCount: number;
  readonly #waiting = new Set<(grant: SlotGrant) => void>();

  constructor(size: number) {
    this.size = size;
    this.#freeCount = size;
  }

  get freeCount(): number {
    return this.#freeCount;
  }

  /** Takes a slot without waiting; undefined when none is free. */
  tryAcquire(): SlotGrant | undefined {
    if (this.#freeCount === 0) return undefined;
    this.#freeCount--;
    return new SlotGrant(this);
  }

  /**
   * Waits for a slot.
   *
   * @returns Undefined once the signal is aborted; no slot is taken then.
   */
  acquire(signal: AbortSignal): Promise<SlotGrant | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    const grant = this.tryAcquire();
    if (grant !== undefined) return Promise.resolve(grant);
    return new Promise((resolve) => {
      const serve = (served: SlotGrant): void => {
        forget();
        resolve(served);
      };
      const giveUp = (): void => {
        this.#waiting.delete(serve);
        resolve(undefined);
      };
      const forget = whenAborted(signal, giveUp);
      this.#waiting.add(serve);
    });
  }

  /** For `SlotGrant`. */
  giveBack(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#freeCount++;
      return;
    }
    this.#waiting.delete(next);
    next(new SlotGrant(this));
  }
}

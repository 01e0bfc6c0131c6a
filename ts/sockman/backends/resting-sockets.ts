// Sockets for which the system had no memory: ENOBUFS or ENOMEM of a send or a receive.
//
// Nothing is wrong with such a socket, and the shortage passes. But the kernel may call it ready all the same, so that a loop
// that took the answer for "no room" would try again at once, and again. It rests instead: for a while the poller does not
// know it, and then it counts as ready as it did before.

import { ENOBUFS, ENOMEM } from '../../util/errors/errno.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import type { Engine } from './addon.ts';

/** How long a socket rests, in milliseconds: ten tries a second for as long as the shortage lasts. */
export const SHORTAGE_REST_MS = 100;

/** Whether the result of a send or a receive says so. */
export function isOutOfMemory(result: number): boolean {
  return result < 0 && (result === -ENOBUFS || result === -ENOMEM);
}

/** The sockets of one engine that rest. */
export class RestingSockets {
  readonly #engine: Pick<Engine, 'setResting'>;
  readonly #clock: Clock;
  #handles = new Set<number>();
  #timer: Timer | undefined;

  constructor(engine: Pick<Engine, 'setResting'>, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** Has a socket rest. Those that come while others rest are let go with them. */
  add(handle: number): void {
    this.#engine.setResting(handle, true);
    this.#handles.add(handle);
    this.#timer ??= this.#clock.after(SHORTAGE_REST_MS, () => this.#letGo());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #letGo(): void {
    this.#timer = undefined;
    const handles = this.#handles;
    this.#handles = new Set();
    // One that was closed meanwhile is an unknown handle.
    for (const handle of handles) this.#engine.setResting(handle, false);
  }
}

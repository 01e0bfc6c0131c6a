// Sockets for which the system had no memory: ENOBUFS or ENOMEM of a send or a receive.
//
// Such a socket is intact, and the shortage passes. But the kernel may still report it as ready, and a loop that took the
// error for "no room" would try again and again. The socket rests instead: for a while the poller does not watch it, and
// then it counts as ready as before.

import { ENOBUFS, ENOMEM } from '../../util/errors/errno.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import type { Engine } from './addon.ts';

/** How long a socket rests, in milliseconds: ten tries a second for as long as the shortage lasts. */
export const SHORTAGE_REST_MS = 100;

/** Whether the result of a send or a receive is such an error. */
export function isOutOfMemory(result: number): boolean {
  return result < 0 && (result === -ENOBUFS || result === -ENOMEM);
}

/** The resting sockets of one engine. */
export class RestingSockets {
  readonly #engine: Pick<Engine, 'setResting'>;
  readonly #clock: Clock;
  #handles = new Set<number>();
  #timer: Timer | undefined;

  constructor(engine: Pick<Engine, 'setResting'>, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** Lets a socket rest. Sockets added while others rest are released together with them. */
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
    // A socket that was closed meanwhile is an unknown handle.
    for (const handle of handles) this.#engine.setResting(handle, false);
  }
}

// How much happens while nothing should. These are measurements over a stretch of time, not waits for an event.

import type { SockMan } from '../../ts/sockman/sock-man.ts';

/** Lets time pass. For measurements only: who waits for something uses `until`. */
export function timePassing(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Turns of a `SockMan`'s loop during a stretch of time. */
export async function turnsWhilePassing(sockMan: SockMan, ms: number): Promise<number> {
  const before = sockMan.stats().turns;
  await timePassing(ms);
  return sockMan.stats().turns - before;
}

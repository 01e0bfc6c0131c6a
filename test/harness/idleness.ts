// Measures what happens while nothing should, over a stretch of time. These are not waits for an event.

import type { SockMan } from '../../ts/sockman/sock-man.ts';

/** Lets time pass. For measurements only: use `until` to wait for something. */
function timePassing(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Turns of a `SockMan`'s loop during a stretch of time. */
export async function turnsWhilePassing(sockMan: SockMan, ms: number): Promise<number> {
  const before = sockMan.stats().turns;
  await timePassing(ms);
  return sockMan.stats().turns - before;
}

// Absence as a state: an event did not come, and nothing is left that could cause it.

import type { SockMan } from '../../ts/sockman/sock-man.ts';

/**
 * Resolves when each of these has checked its sockets and delivered everything ready. It checks twice: what `node:net` peers
 * were asked to do, such as FIN and RST, reaches the kernel in between.
 */
export async function settled(...sockMans: readonly SockMan[]): Promise<void> {
  for (let look = 0; look < 2; look++) await Promise.all(sockMans.map(lookOf));
}

/**
 * `SockMan.deadline` judges after a look at the sockets, when nothing that is known to be ready is left. One that was interrupted
 * calls no deadlines any more, and tells ends only, from the host's queue.
 */
async function lookOf(sockMan: SockMan): Promise<void> {
  await Promise.race([
    new Promise<void>((resolve) => void sockMan.deadline(0, resolve)),
    sockMan.joinSocketsThreads().then(() => new Promise((resolve) => setImmediate(resolve))),
  ]);
}

/** Measures again and again until the number stays the same while everything that was ready is delivered. */
export async function still(measure: () => number, ...sockMans: readonly SockMan[]): Promise<number> {
  for (let last = measure(); ;) {
    await settled(...sockMans);
    const next = measure();
    if (next === last) return next;
    last = next;
  }
}

// Dialing the peers that were named with `connect`, and nobody else. (Bitcoin Core src/net.cpp, ThreadOpenConnections)

import type { Clock } from '../../util/time/clock.ts';
import { sleep } from '../../util/time/sleep.ts';

/** How long the task rests after each dial, times the rounds so far, in milliseconds; and after a round. */
const REST_MS = 500;
/** Most rests after one dial: five seconds. */
const MAX_RESTS = 10;

/** Dials each of the names, again and again until the signal is aborted. Peers that are connected are left out. */
export async function keepConnecting(
  names: readonly string[],
  open: (name: string) => Promise<unknown>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  for (let round = 0; !signal.aborted; round++) {
    for (const name of names) {
      await open(name);
      const restMs = Math.min(round, MAX_RESTS) * REST_MS;
      if (restMs > 0) await sleep(clock, restMs, signal);
      if (signal.aborted) return;
    }
    await sleep(clock, REST_MS, signal);
  }
}

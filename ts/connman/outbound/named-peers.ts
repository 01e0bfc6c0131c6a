// Dials the peers named with `connect`, and no others. (Bitcoin Core src/net.cpp, ThreadOpenConnections)

import type { Clock } from '../../util/time/clock.ts';
import { sleep } from '../../util/time/sleep.ts';

/** Pause after each dial, times the rounds so far, in milliseconds; and after a round. */
const REST_MS = 500;
/** Most rests after one dial: five seconds. */
const MAX_RESTS = 10;

/** Dials each name repeatedly until the signal is aborted. Connected peers are skipped. */
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

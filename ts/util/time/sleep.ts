// Waiting on a given clock, until a signal is aborted.

import type { Clock } from './clock.ts';
import { whenAborted } from './when-aborted.ts';

/** Resolves after `delayMs`, or as soon as the signal is aborted. Never rejects: look at the signal afterwards. */
export function sleep(clock: Pick<Clock, 'after'>, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const wakeUp = (): void => {
      timer.cancel();
      forget();
      resolve();
    };
    const timer = clock.after(delayMs, wakeUp);
    const forget = whenAborted(signal, wakeUp);
  });
}

// Waiting, on a clock that is handed in and until somebody says stop.

import type { Clock } from './clock.ts';

/** Resolves after `delayMs`, or as soon as the signal is aborted. Never rejects: look at the signal afterwards. */
export function sleep(clock: Pick<Clock, 'after'>, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const wakeUp = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', wakeUp);
      resolve();
    };
    const timer = clock.after(delayMs, wakeUp);
    signal.addEventListener('abort', wakeUp, { once: true });
  });
}

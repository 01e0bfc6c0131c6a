// Awaiting another's promise until a signal is aborted.

import { whenAborted } from './when-aborted.ts';

/** The value of a promise, or undefined as soon as the signal is aborted. The promise goes on, but its result is ignored. */
export async function beforeAbort<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value | undefined> {
  if (signal.aborted) return undefined;
  let forget: (() => void) | undefined;
  const aborted = new Promise<undefined>((resolve) => {
    forget = whenAborted(signal, () => resolve(undefined));
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    forget?.();
  }
}

// Waiting for somebody else's promise, but not beyond the end.

import { whenAborted } from './when-aborted.ts';

/** What a promise gives, or undefined as soon as the signal is aborted. The promise goes on, unheard. */
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

// Callbacks at an abort, with one listener for each signal, however many wait.
//
// An `AbortSignal` warns of a leak from the eleventh listener on, and one signal may end thousands of dials.

const waitingOn = new WeakMap<AbortSignal, Set<{ readonly callback: () => void }>>();

/**
 * Calls `callback` once when the signal is aborted. For a signal that is aborted already it is not called.
 *
 * @returns A function that removes the callback.
 */
export function whenAborted(signal: AbortSignal, callback: () => void): () => void {
  const waiting = waitingOn.get(signal) ?? listen(signal);
  const entry = { callback };
  waiting.add(entry);
  return () => {
    if (!waiting.delete(entry) || waiting.size > 0) return;
    signal.removeEventListener('abort', onAbort);
    waitingOn.delete(signal);
  };
}

/** Whether a value is an `AbortSignal`, of this realm or another. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  if (value instanceof AbortSignal) return true;
  const signal = value as Partial<AbortSignal> | null | undefined;
  return typeof signal?.aborted === 'boolean' && typeof signal.addEventListener === 'function';
}

function listen(signal: AbortSignal): Set<{ readonly callback: () => void }> {
  const waiting = new Set<{ readonly callback: () => void }>();
  waitingOn.set(signal, waiting);
  signal.addEventListener('abort', onAbort, { once: true });
  return waiting;
}

function onAbort(this: unknown, event: Event): void {
  const signal = event.target as AbortSignal;
  const waiting = waitingOn.get(signal);
  waitingOn.delete(signal);
  for (const { callback } of waiting ?? []) callback();
}

// The fate of an error in a user's callback when there is no handler for it.

/** Makes an uncaught exception of it, after the caller of the callback is done. */
export function throwLater(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

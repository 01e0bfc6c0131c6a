// What becomes of an error in a callback of the user when nobody asked to get it.

/** Makes an uncaught exception of it, once the caller of the callback is through: nothing of theirs is cut off. */
export function throwLater(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

// What becomes of an error in a callback of the user when nobody asked to get it.

/** Makes an uncaught exception of it, once whoever called the callback is through: nothing of theirs is cut off. */
export function throwLater(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

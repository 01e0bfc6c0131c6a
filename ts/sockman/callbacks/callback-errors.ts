// What becomes of an error that a caller's code throws: a callback, a listener of a stream, a logger.

/**
 * Gets what a callback threw; `where` is the name of the method that threw, such as `eventGotData` or `logger.warn`, or
 * `socket owner` for a listener of a stream of `duplex`.
 */
export type CallbackErrorHandler = (error: unknown, where: string, nodeId: number | undefined) => void;

/** To `onCallbackError`; without one, or if that throws as well, it becomes an uncaught exception after the batch. */
export function reportThrown(
  onError: CallbackErrorHandler | undefined,
  error: unknown,
  where: string,
  nodeId: number | undefined,
): void {
  let uncaught = error;
  if (onError !== undefined) {
    try {
      onError(error, where, nodeId);
      return;
    } catch (second) {
      uncaught = second;
    }
  }
  queueMicrotask(() => {
    throw uncaught;
  });
}

// Errors thrown by a caller's code: a callback, a listener of a stream, a logger.

/**
 * Receives what a callback threw; `where` is the name of the method that threw, such as `eventGotData` or `logger.warn`, or
 * `socket owner` for a listener of a stream of `duplex`.
 */
export type CallbackErrorHandler = (error: unknown, where: string, nodeId: number | undefined) => void;

/**
 * Reports to `onCallbackError`; without one, or if that throws as well, the error becomes an uncaught exception after the
 * batch.
 */
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

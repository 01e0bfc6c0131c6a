// The callbacks of a `SockMan`: notifications, and questions to the subclass.

import type { Service } from '../../netaddr/service.ts';

/**
 * How a connection ended: the peer had ended its side (`eof`), receiving had failed (`error`), we closed it before either
 * (`closed`), or `closeSockets` did after `interruptNet` (`interrupted`).
 */
export type CloseReason = 'eof' | 'error' | 'closed' | 'interrupted';

/**
 * The methods that `SockMan` calls. Handlers are transactions: they run one at a time, never nested, always from the host's
 * event loop and never inside a call that their owner made. A handler may call any public method, even close any connection
 * or interrupt everything; nothing is delivered afterwards for a connection it closed. What a handler throws is reported to
 * `onCallbackError` (or becomes an uncaught exception) and disturbs no other connection.
 */
export interface SockManCallbacks {
  /**
   * A peer connected to one of our listeners. `nodeId` is usable already: sending, closing and `duplex` work here.
   *
   * @param me - Our end, as the peer dialed it.
   * @param them - The peer's end.
   * @returns False to refuse: the socket is closed at once and nothing else is called for this id. A throw refuses too.
   */
  eventNewConnectionAccepted(nodeId: number, me: Service, them: Service): boolean;

  /**
   * There is room to send. Called when the connection is new, after a short `sendBytes` once the kernel has room again (and
   * once everything that `queueBytes` kept is sent), at `wake`, and when `shouldTryToSend` says yes after a no; called again
   * in the next turn if that predicate is overridden and still says yes, and this call sent something.
   *
   * @returns True to skip this turn's receive for the connection. A throw counts as false.
   */
  eventReadyToSend(nodeId: number): boolean;

  /**
   * Bytes arrived.
   *
   * @param data - 1 to `receiveChunkBytes` bytes, lent for the call: memory and view are reused afterwards. Copy bytes that
   * you keep (`data.slice()`); the option `poisonReceivedBytes` reveals a kept view.
   */
  eventGotData(nodeId: number, data: Uint8Array): void;

  /**
   * The peer closed its writing side; everything it sent was delivered before. Called once. We can still send; the socket
   * stays until `closeConnection`.
   */
  eventGotEOF(nodeId: number): void;

  /**
   * Receiving failed for good. Called at most once per connection; the socket stays until `closeConnection`.
   *
   * @param errmsg - Name and description of the errno, such as `ECONNRESET (connection reset by peer)`.
   * @param code - The name alone: `ECONNRESET`.
   */
  eventGotPermanentReadError(nodeId: number, errmsg: string, code: string): void;

  /**
   * A connection is over, whichever side ended it: the place to free what belongs to an id. Called exactly once for each id
   * that was accepted (`eventNewConnectionAccepted` said yes) or dialed, including those of streams, as the last callback of
   * the id: at the end of the turn that closed it, or soon after a close outside a turn. Nothing can be sent any more. Costs
   * nothing unless overridden.
   *
   * It concerns our socket: a peer's EOF alone does not end a connection. After `interruptNet` it is the only callback that
   * still comes, when `closeSockets` closes the remaining connections.
   *
   * @param code - With reason `error` the name of the errno, such as `ECONNRESET`.
   */
  eventConnectionClosed(nodeId: number, reason: CloseReason, code: string | undefined): void;

  /**
   * Asked before `eventReadyToSend`. Default: yes; unless overridden it is never called. Asked again after a callback for
   * the connection, after `sendBytes` on it, at `wake`, and at the tick (50 ms). A throw counts as no.
   */
  shouldTryToSend(nodeId: number): boolean;

  /** Asked before each receive, otherwise as `shouldTryToSend`. While the answer is no, the kernel holds the peer's bytes. */
  shouldTryToRecv(nodeId: number): boolean;

  /**
   * The turn is over for a connection. Called after the connection's other callbacks of the turn, and at every tick (50 ms)
   * for all connections. Costs nothing unless overridden.
   */
  eventIOLoopCompletedForNode(nodeId: number): void;

  /**
   * A new turn begins: the previous one is over for all connections. Called at least once a tick. Costs nothing unless
   * overridden.
   */
  eventIOLoopCompletedForAllPeers(): void;

  /**
   * With `success`, we can be reached over I2P: called when listening begins, and again after each peer. Without, listening
   * failed or ended.
   *
   * @param addr - Our I2P address; the default invalid address if none is known yet.
   */
  eventI2PListen(addr: Service, success: boolean): void;
}

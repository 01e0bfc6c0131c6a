// The callbacks of a `SockMan`: what a subclass is told, and what it is asked.

import type { Service } from '../../netaddr/service.ts';

/**
 * How a connection came to its end: the peer had ended its side (`eof`), receiving had failed (`error`), neither had and we
 * closed it (`closed`), or `closeSockets` did after `interruptNet` (`interrupted`).
 */
export type CloseReason = 'eof' | 'error' | 'closed' | 'interrupted';

/**
 * What `SockMan` calls. Handlers are transactions: one at a time, never nested, always from the host's event loop, never
 * from inside a call the handler's owner made. A handler may call any public method, closing any connection or
 * interrupting everything included; nothing is delivered afterwards for what it closed. What a handler throws is
 * reported to `onCallbackError` (or becomes an uncaught exception) and disturbs no other connection.
 */
export interface SockManCallbacks {
  /**
   * A peer connected to one of our listeners. `nodeId` is usable already: sending, closing and `duplex` work here.
   *
   * @param me - Our end, as the peer dialed it.
   * @param them - The peer's end.
   * @returns False refuses: the socket is closed at once and nothing else is called for this id. A throw refuses too.
   */
  eventNewConnectionAccepted(nodeId: number, me: Service, them: Service): boolean;

  /**
   * There is room to send. Called when the connection is new, after a short `sendBytes` once the kernel has room again (and
   * once everything that `queueBytes` kept is sent), at `wake`, and when `shouldTryToSend` says yes after it had said no;
   * again in the next turn when it is overridden, still says yes, and this call sent something.
   *
   * @returns True skips this turn's receive for the connection. A throw counts as false.
   */
  eventReadyToSend(nodeId: number): boolean;

  /**
   * Bytes arrived.
   *
   * @param data - 1 to `receiveChunkBytes` bytes, lent for the call: the memory is reused afterwards. Copy to keep
   * (`data.slice()`); the option `poisonReceivedBytes` makes a kept view show.
   */
  eventGotData(nodeId: number, data: Uint8Array): void;

  /**
   * The peer closed its writing side; everything it sent came before. Called once. We can still send; the socket stays
   * until `closeConnection`.
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
   * A connection is over, whichever side ended it: the one place to free what belongs to an id. Called exactly once for each id that
   * was accepted (`eventNewConnectionAccepted` said yes) or dialed, a stream's included, and last of all: at the end of the
   * turn that closed it, or soon after a close outside a turn. Nothing can be sent any more. Costs nothing unless overridden.
   *
   * It is about our socket: a peer's EOF alone ends no connection. After `interruptNet` it comes when `closeSockets` closes
   * what is left, the one callback that still does.
   *
   * @param code - With reason `error` the name of the errno, such as `ECONNRESET`.
   */
  eventConnectionClosed(nodeId: number, reason: CloseReason, code: string | undefined): void;

  /**
   * Asked before `eventReadyToSend`. Default: yes, and then it is never called at all. Asked again after a callback for
   * or `sendBytes` on the connection, at `wake`, and at the tick (50 ms). A throw counts as no.
   */
  shouldTryToSend(nodeId: number): boolean;

  /** Asked before each receive, else like `shouldTryToSend`. While it says no, the kernel holds the peer's bytes. */
  shouldTryToRecv(nodeId: number): boolean;

  /**
   * The turn is over for a connection: after its other callbacks of the turn if it had any, and at every tick (50 ms) for all
   * of them. Costs nothing unless overridden.
   */
  eventIOLoopCompletedForNode(nodeId: number): void;

  /** A new turn begins: the one before is over for all connections. At least once a tick. Costs nothing unless overridden. */
  eventIOLoopCompletedForAllPeers(): void;

  /**
   * We can be reached over I2P (`success`): told when listening began, and again after each peer. Or listening failed or ended.
   *
   * @param addr - Our I2P address; the default invalid address when none is known yet.
   */
  eventI2PListen(addr: Service, success: boolean): void;
}

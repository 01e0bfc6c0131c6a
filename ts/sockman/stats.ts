// Statistics of a `SockMan`.

import type { Histogram } from '../util/histogram.ts';

/** A snapshot of the work done so far. Counts only grow; times are milliseconds. */
export interface SockManStats {
  /** Turns of the loop: entries from the backend, ticks and wake-ups. */
  turns: number;
  /** Readiness records delivered. */
  events: number;
  /**
   * Records among them with bytes or the end of a connection, with room to send, and with an error. The others were accepts
   * and ends of connects.
   */
  receiveEvents: number;
  sendEvents: number;
  errorEvents: number;
  receivedBytes: number;
  sentBytes: number;
  /** Sends that the kernel took only in part. */
  shortWrites: number;
  /** Connections accepted, and those among them that `eventNewConnectionAccepted` refused. */
  accepted: number;
  refused: number;
  /** Successful dials, and failed ones. */
  dialed: number;
  dialFailures: number;
  /** Connections that were closed, by any call; together with the open ones, as many as were accepted and dialed. */
  closed: number;
  /** Those among them whose peer had ended, that had failed, and that the system gave up on (`ETIMEDOUT`). */
  closedAfterEOF: number;
  closedAfterError: number;
  closedAfterTimeout: number;
  /** Episodes in which descriptors or memory ran out while accepting. */
  acceptExhaustedEpisodes: number;
  callbackErrors: number;
  /** Time spent in turns, including the callbacks. */
  turnMs: number;
  /** The same by length of a turn, in seconds, for the metrics. Goes on counting after the snapshot. */
  turnSeconds: Histogram;
  /** Time since start; 0 before. */
  runningMs: number;
  /** Accepted connections per second of running time. */
  acceptedPerSecond: number;
  /** Open now. */
  connectionCount: number;
  listenerCount: number;
}

/** The part that the turn loop counts. */
export type LoopCounters = Pick<
  SockManStats,
  | 'turns'
  | 'events'
  | 'receiveEvents'
  | 'sendEvents'
  | 'errorEvents'
  | 'receivedBytes'
  | 'sentBytes'
  | 'shortWrites'
  | 'accepted'
  | 'refused'
  | 'closed'
  | 'closedAfterEOF'
  | 'closedAfterError'
  | 'closedAfterTimeout'
  | 'turnMs'
>;

/** Upper ends of the bins of `turnSeconds`. */
export const TURN_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

export const NO_COUNTERS: Readonly<LoopCounters> = {
  turns: 0,
  events: 0,
  receiveEvents: 0,
  sendEvents: 0,
  errorEvents: 0,
  receivedBytes: 0,
  sentBytes: 0,
  shortWrites: 0,
  accepted: 0,
  refused: 0,
  closed: 0,
  closedAfterEOF: 0,
  closedAfterError: 0,
  closedAfterTimeout: 0,
  turnMs: 0,
};

// What a `SockMan` counts about itself.

/** A snapshot of the work done so far. Counts only grow; times are milliseconds. */
export interface SockManStats {
  /** Turns of the loop: entries from the backend, ticks and wake-ups. */
  turns: number;
  /** Readiness records delivered. */
  events: number;
  receivedBytes: number;
  sentBytes: number;
  /** Connections accepted, and of them refused by `eventNewConnectionAccepted`. */
  accepted: number;
  refused: number;
  /** Connections dialed with success, and attempts that failed. */
  dialed: number;
  dialFailures: number;
  /** Connections that were closed, by whichever call; with those that are open, as many as were accepted and dialed. */
  closed: number;
  /** Episodes in which descriptors or memory ran out while accepting. */
  acceptExhaustedEpisodes: number;
  callbackErrors: number;
  /** Time spent in turns, the callbacks included. */
  turnMs: number;
  /** Time since start; 0 before. */
  runningMs: number;
  /** Accepted connections per second of running time. */
  acceptedPerSecond: number;
  /** Open now. */
  connectionCount: number;
  listenerCount: number;
}

/** What the turn loop counts of it. */
export type LoopCounters = Pick<
  SockManStats,
  'turns' | 'events' | 'receivedBytes' | 'sentBytes' | 'accepted' | 'refused' | 'closed' | 'turnMs'
>;

export const NO_COUNTERS: Readonly<LoopCounters> = {
  turns: 0,
  events: 0,
  receivedBytes: 0,
  sentBytes: 0,
  accepted: 0,
  refused: 0,
  closed: 0,
  turnMs: 0,
};

// What an `HttpServer` counts about itself.

import type { Refusal } from './parser/framing.ts';

/** Counts since the server was made. */
export interface HttpCounters {
  /** Requests that were answered. */
  answered: number;
  /** Connections closed because they were idle for too long. */
  timeouts: number;
  /** Malformed or oversized requests, by what was wrong with them. */
  readonly badRequests: Record<Refusal['kind'], number>;
}

/** A snapshot of an `HttpServer`. */
export interface HttpStats extends HttpCounters {
  /** Connections that are open. */
  connections: number;
  /** Handlers that have started and not ended. */
  inFlight: number;
  /** Requests that wait for a slot of the work queue. */
  queueDepth: number;
  /** Requests refused because too many waited. */
  queueRejected: number;
}

export function noHttpCounters(): HttpCounters {
  const badRequests = { line: 0, headers: 0, length: 0, chunk: 0, too_large: 0, expectation: 0 };
  return { answered: 0, timeouts: 0, badRequests };
}

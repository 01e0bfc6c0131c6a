// Fault scripts: what goes wrong in a `MemoryNetwork`, and when.
//
// A fault script answers questions: the network asks it at each system call where a kernel has a choice. Undefined means
// "nothing special". Scripts that decide by chance draw from `random`, which the network seeds: the same seed and the
// same program give the same faults.

import type { Service } from '../../../netaddr/service.ts';

/** The system call that a fault script is asked about. */
export interface FaultSite {
  /** The socket's own end; undefined for a Unix-domain socket without a name. */
  readonly local: Service | undefined;
  /** The other end: where the connect goes, or where the connection comes from. */
  readonly remote: Service | undefined;
  /**
   * How many times the script was asked this question before: about this socket for `send`, `receive` and `latencyMs`, about
   * this listener for `accept`, about the whole network for `connect`.
   */
  readonly count: number;
  /** The network's clock, milliseconds. */
  readonly nowMs: number;
  /** The network's seeded random numbers, in [0, 1). */
  readonly random: () => number;
}

/**
 * How a connect fails: at once with RST, after the connection timeout of the system (127 s), with an ICMP answer, or
 * never, until the caller gives up.
 */
export type ConnectFault = 'refused' | 'timed-out' | 'unreachable' | 'silent';

/** Why an accept fails: the process or the system is out of descriptors, or the system out of memory. */
export type AcceptFault = 'EMFILE' | 'ENFILE' | 'ENOBUFS' | 'ENOMEM';

/** The questions. A missing method means success. Answers must be a function of the site and of earlier questions. */
export interface FaultScript {
  /** The failure of this connect. */
  connect?(site: FaultSite): ConnectFault | undefined;
  /** The failure of this accept. Asked only while a connection waits; it stays in the queue. */
  accept?(site: FaultSite): AcceptFault | undefined;
  /**
   * Most bytes that this `send` takes; 0 for would-block. Write readiness follows, as if room had been made.
   * 'reset': the connection breaks, and both ends see ECONNRESET.
   */
  send?(site: FaultSite): number | 'reset' | undefined;
  /** Most bytes that this receive gives, from 1; 'reset' as in `send`. Asked only when there are bytes. */
  receive?(site: FaultSite): number | 'reset' | undefined;
  /** Latency in milliseconds of what this end sends now, in place of the network's `latencyMs`. The order is kept. */
  latencyMs?(site: FaultSite): number | undefined;
}

/**
 * Cuts received bytes into pieces of these sizes, cyclically, each socket from the start of the list.
 *
 * @param sizes - Bytes, each from 1; at least one.
 * @example const net = new MemoryNetwork({ faults: splitReceives(1) }); // One byte at a time.
 */
export function splitReceives(...sizes: readonly [number, ...number[]]): FaultScript {
  return { receive: ({ count }) => sizes[count % sizes.length] };
}

/**
 * Limits each `send` to these sizes, cyclically, each socket from the start of the list.
 *
 * @param sizes - Bytes; 0 is would-block. At least one must be more than 0, or nothing is ever sent.
 * @example limitSends(0, 3) // Every other call is refused, the rest take three bytes.
 */
export function limitSends(...sizes: readonly [number, ...number[]]): FaultScript {
  return { send: ({ count }) => sizes[count % sizes.length] };
}

/**
 * Decides the outcome of the first connects, in order; later ones succeed.
 *
 * @example failConnects('refused', undefined, 'timed-out') // The second one succeeds.
 */
export function failConnects(...faults: readonly (ConnectFault | undefined)[]): FaultScript {
  return { connect: ({ count }) => faults[count] };
}

/** Probability of each fault, 0 to 1. Default 0. */
export interface FaultOdds {
  /** A connect is refused, times out or is unreachable. */
  connectFailure?: number;
  /** An accept fails with EMFILE. */
  acceptFailure?: number;
  /** A send would block. Below 1, since at 1 nothing is ever sent. */
  wouldBlock?: number;
  /** A send takes only some bytes, 1 to 1,024. */
  shortSend?: number;
  /** A receive gives only some bytes, 1 to 1,024. */
  shortReceive?: number;
  /** A send or receive breaks the connection. */
  reset?: number;
  /** What is sent is delayed by up to `maxLatencyMs`. */
  delay?: number;
  /** Longest delay in milliseconds. Default 200. */
  maxLatencyMs?: number;
}

/** Most bytes of a short send or receive of `randomFaults`. */
const MAX_SHORT_BYTES = 1024;

/**
 * Faults by seeded chance: the seed of the network decides all of them.
 *
 * @example new MemoryNetwork({ seed: 7, faults: randomFaults({ shortReceive: 0.5, wouldBlock: 0.2, reset: 0.001 }) })
 */
export function randomFaults(odds: FaultOdds): FaultScript {
  const { connectFailure = 0, acceptFailure = 0, wouldBlock = 0, shortSend = 0, shortReceive = 0 } = odds;
  const { reset = 0, delay = 0, maxLatencyMs = 200 } = odds;
  const failures: readonly ConnectFault[] = ['refused', 'timed-out', 'unreachable'];
  const shortBytes = (random: () => number): number => 1 + Math.floor(random() * MAX_SHORT_BYTES);
  return {
    connect: ({ random }) => (random() < connectFailure ? failures[Math.floor(random() * failures.length)] : undefined),
    accept: ({ random }) => (random() < acceptFailure ? 'EMFILE' : undefined),
    send({ random }) {
      if (random() < reset) return 'reset';
      if (random() < wouldBlock) return 0;
      return random() < shortSend ? shortBytes(random) : undefined;
    },
    receive({ random }) {
      if (random() < reset) return 'reset';
      return random() < shortReceive ? shortBytes(random) : undefined;
    },
    latencyMs: ({ random }) => (random() < delay ? random() * maxLatencyMs : undefined),
  };
}

/** Asks several scripts in order; the first answer other than undefined counts. */
export function combineFaults(...scripts: readonly FaultScript[]): FaultScript {
  function ask<Answer>(question: (script: FaultScript) => Answer | undefined): Answer | undefined {
    for (const script of scripts) {
      const answer = question(script);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }
  return {
    connect: (site) => ask((script) => script.connect?.(site)),
    accept: (site) => ask((script) => script.accept?.(site)),
    send: (site) => ask((script) => script.send?.(site)),
    receive: (site) => ask((script) => script.receive?.(site)),
    latencyMs: (site) => ask((script) => script.latencyMs?.(site)),
  };
}

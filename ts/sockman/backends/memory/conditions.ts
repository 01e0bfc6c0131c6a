// State that the sockets of a `MemoryNetwork` share: time, randomness, latency and faults; and the descriptors of a process.

import type { FaultScript } from './fault-script.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** The conditions of a socket. The mutable ones are read at each use. */
export class Conditions {
  readonly clock: VirtualClock;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  latencyMs: number;
  faults: FaultScript;
  descriptorLimit: number;
  /** Number of connects that the fault script was asked about. */
  connectCount = 0;

  constructor(
    clock: VirtualClock,
    random: () => number,
    latencyMs: number,
    faults: FaultScript,
    descriptorLimit: number,
  ) {
    this.clock = clock;
    this.random = random;
    this.latencyMs = latencyMs;
    this.faults = faults;
    this.descriptorLimit = descriptorLimit;
  }
}

/** The descriptors of one process, which is one backend. */
export class Descriptors {
  readonly #conditions: Conditions;
  #openCount = 0;

  constructor(conditions: Conditions) {
    this.#conditions = conditions;
  }

  get isExhausted(): boolean {
    return this.#openCount >= this.#conditions.descriptorLimit;
  }

  opened(): void {
    this.#openCount++;
  }

  closed(): void {
    this.#openCount--;
  }
}

/** Parts that a socket is made with. */
export interface SocketSetup {
  readonly conditions: Conditions;
  readonly descriptors: Descriptors;
  readonly sendBufferBytes: number;
  readonly receiveBufferBytes: number;
}

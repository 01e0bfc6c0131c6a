// What the sockets of a `MemoryNetwork` share: time, chance, latency and faults; and descriptors, which run out.

import type { FaultScript } from './fault-script.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** The conditions that a socket lives under. The mutable ones are read at each use. */
export class Conditions {
  readonly clock: VirtualClock;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  latencyMs: number;
  faults: FaultScript;
  descriptorLimit: number;
  /** How often the fault script was asked about a connect. */
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

/** The descriptors of one process: of one backend, that is. */
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

/** What a socket is made with. */
export interface SocketSetup {
  readonly conditions: Conditions;
  readonly descriptors: Descriptors;
  readonly sendBufferBytes: number;
  readonly receiveBufferBytes: number;
}

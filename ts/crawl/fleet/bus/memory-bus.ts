// A fleet inside one process: maps in place of NATS. For tests and single processes; nothing outlives the process.

import type { Clock } from '../../../util/time/clock.ts';
import { FLEET_TIMES } from './fleet-bus.ts';
import type { FleetBus, FleetTimes, ResultKey, SharedValues } from './fleet-bus.ts';
import { MemoryValues } from './memory-values.ts';
import { MemoryWork } from './memory-work.ts';

/** The state that the buses of one fleet in memory share. */
export class MemoryFleet {
  readonly #times: FleetTimes;
  readonly #leases: MemoryValues;
  readonly #settings: MemoryValues;
  readonly #work: MemoryWork;
  readonly #results = new Map<string, { readonly key: ResultKey; readonly bytes: Uint8Array }>();

  /** @param clock - Decides when leases and kept work expire. */
  constructor(clock: Clock, times: FleetTimes = FLEET_TIMES) {
    this.#times = times;
    this.#leases = new MemoryValues(clock, times.leaseTtlMs);
    this.#settings = new MemoryValues(clock, Infinity);
    this.#work = new MemoryWork(clock, times.workTtlMs);
  }

  /** Joins as a worker. */
  connect(): FleetBus {
    const leases: SharedValues = this.#leases;
    const settings: SharedValues = this.#settings;
    const work = this.#work;
    const results = this.#results;
    return {
      times: this.#times,
      leases,
      settings,
      publishWork: (shard, bytes) => Promise.resolve(work.publish(shard, bytes)),
      takeWork: (shard, onWork) => Promise.resolve(work.take(shard, onWork)),
      countWork: () => Promise.resolve(work.count),
      publishResults(key, bytes) {
        if (!results.has(key.id)) results.set(key.id, { key, bytes });
        return Promise.resolve();
      },
      readResults(round, shard, onResults) {
        for (const { key, bytes } of results.values())
          if (key.round === round && (shard === undefined || key.shard === shard)) onResults(bytes);
        return Promise.resolve();
      },
      dropResultsBefore(round) {
        for (const [id, { key }] of results) if (key.round < round) results.delete(id);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
  }
}

// What the records of one network add up to.

import { OUTCOMES } from '../../record/outcome.ts';
import type { Outcome } from '../../record/outcome.ts';
import type { CrawlRecord } from '../../record/record.ts';
import { LogHistogram } from './log-histogram.ts';
import { AGE_EDGES_SECONDS } from './summary.ts';
import type { LatencyName, NetworkSummary } from './summary.ts';

/** The durations of a visit, in the order in which they are measured. */
export const LATENCY_NAMES: readonly LatencyName[] = ['connectMs', 'handshakeMs', 'pingMs'];

/** Counts the records of a network, or of all. */
export class NetworkTally {
  readonly outcomes = Object.fromEntries(Object.keys(OUTCOMES).map((outcome) => [outcome, 0])) as Record<
    Outcome,
    number
  >;
  readonly latency: Readonly<Record<LatencyName, LogHistogram>> = {
    connectMs: new LogHistogram(),
    handshakeMs: new LogHistogram(),
    pingMs: new LogHistogram(),
  };
  /** Nodes by the median age of the addresses they told. */
  readonly ages = new Array<number>(AGE_EDGES_SECONDS.length + 1).fill(0);
  visited = 0;
  #v2 = 0;

  add(record: CrawlRecord): void {
    this.visited += 1;
    this.outcomes[record.outcome] += 1;
    if (record.outcome !== 'reachable') return;
    if (record.transport === 2) this.#v2 += 1;
    for (const name of LATENCY_NAMES) {
      const ms = record[name];
      if (ms !== undefined) this.latency[name].add(ms);
    }
    if (record.addressAges !== undefined) this.ages[ageBin(record.addressAges)]! += 1;
  }

  /** @param known - Number of known addresses: at least those with a record. */
  summary(known: number = this.visited): NetworkSummary {
    return {
      known: Math.max(known, this.visited),
      reachable: this.outcomes.reachable,
      v2: this.#v2,
      outcomes: { ...this.outcomes },
      connectMs: this.latency.connectMs.distribution(),
      handshakeMs: this.latency.handshakeMs.distribution(),
      pingMs: this.latency.pingMs.distribution(),
    };
  }
}

function ageBin(seconds: number): number {
  const bin = AGE_EDGES_SECONDS.findIndex((edge) => seconds < edge);
  return bin === -1 ? AGE_EDGES_SECONDS.length : bin;
}

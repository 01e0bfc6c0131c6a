// How fast blocks and transactions spread: medians over all announcements that were followed to their end.

import { NETWORK_NAMES } from '../frontier/address-table.ts';
import { LogHistogram } from '../report/tally/log-histogram.ts';
import { REPORT_NETWORKS } from '../report/tally/summary.ts';
import type { ReportNetwork, SpreadSummary, SpreadTimes, SystemSpread } from '../report/tally/summary.ts';
import type { Announcement } from './announcement.ts';

/** Place 0 stands for all networks; the others are network numbers. */
const PLACES = NETWORK_NAMES.length;

/** Most autonomous systems that are counted: 24 KiB each. The largest come first with the first announcement. */
const MAX_SYSTEMS = 256;

/** Most autonomous systems that are told, besides in the line of a block. */
export const TOLD_SYSTEMS = 12;

interface System {
  held: number;
  readonly p50: LogHistogram;
  readonly p90: LogHistogram;
}

/** Adds up announcements of one kind. */
export class SpreadTally {
  readonly #p50 = Array.from({ length: PLACES }, () => new LogHistogram());
  readonly #p90 = Array.from({ length: PLACES }, () => new LogHistogram());

  readonly #systems = new Map<number, System>();

  /** @param systems - How the announcement spread in each autonomous system. */
  add(announcement: Announcement, systems: readonly SystemSpread[] = []): void {
    for (let place = 0; place < PLACES; place++) {
      const { p50, p90 } = announcement.spread(place);
      if (!Number.isNaN(p50)) this.#p50[place]!.add(p50);
      if (!Number.isNaN(p90)) this.#p90[place]!.add(p90);
    }
    for (const spread of systems) this.#addSystem(spread);
  }

  #addSystem({ asn, held, p50, p90 }: SystemSpread): void {
    let system = this.#systems.get(asn);
    if (system === undefined) {
      if (this.#systems.size >= MAX_SYSTEMS) return;
      this.#systems.set(asn, (system = { held, p50: new LogHistogram(), p90: new LogHistogram() }));
    }
    system.held = held;
    if (p50 !== undefined) system.p50.add(p50);
    if (p90 !== undefined) system.p90.add(p90);
  }

  /** @param seen - How many were announced, followed or not. */
  summary(seen: number): SpreadSummary {
    const networks: Partial<Record<ReportNetwork, SpreadTimes>> = {};
    for (const name of REPORT_NETWORKS) {
      const times = this.#times(NETWORK_NAMES.indexOf(name));
      if (times.p50 !== undefined) networks[name] = times;
    }
    const systems = [...this.#systems]
      .sort(([asnA, a], [asnB, b]) => b.held - a.held || asnA - asnB)
      .slice(0, TOLD_SYSTEMS)
      .map(([asn, { held, p50, p90 }]) => ({ asn, held, ...medians(p50, p90) }));
    return { seen, all: this.#times(0), networks, ...(systems.length === 0 ? {} : { systems }) };
  }

  #times(place: number): SpreadTimes {
    return medians(this.#p50[place]!, this.#p90[place]!);
  }
}

function medians(ofHalf: LogHistogram, ofMost: LogHistogram): SpreadTimes {
  const p50 = ofHalf.quantile(0.5);
  const p90 = ofMost.quantile(0.5);
  return { ...(p50 === undefined ? {} : { p50: rounded(p50) }), ...(p90 === undefined ? {} : { p90: rounded(p90) }) };
}

const rounded = (ms: number): number => Number(ms.toPrecision(4));

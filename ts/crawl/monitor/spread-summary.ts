// How fast blocks and transactions spread: medians over all announcements that were followed to their end.

import { NETWORK_NAMES } from '../frontier/address-table.ts';
import { LogHistogram } from '../report/tally/log-histogram.ts';
import { REPORT_NETWORKS } from '../report/tally/summary.ts';
import type { ReportNetwork, SpreadSummary, SpreadTimes } from '../report/tally/summary.ts';
import type { Announcement } from './announcement.ts';

/** Place 0 stands for all networks; the others are network numbers. */
const PLACES = NETWORK_NAMES.length;

/** Adds up announcements of one kind. */
export class SpreadTally {
  readonly #p50 = Array.from({ length: PLACES }, () => new LogHistogram());
  readonly #p90 = Array.from({ length: PLACES }, () => new LogHistogram());

  add(announcement: Announcement): void {
    for (let place = 0; place < PLACES; place++) {
      const { p50, p90 } = announcement.spread(place);
      if (!Number.isNaN(p50)) this.#p50[place]!.add(p50);
      if (!Number.isNaN(p90)) this.#p90[place]!.add(p90);
    }
  }

  /** @param seen - How many were announced, followed or not. */
  summary(seen: number): SpreadSummary {
    const networks: Partial<Record<ReportNetwork, SpreadTimes>> = {};
    for (const name of REPORT_NETWORKS) {
      const times = this.#times(NETWORK_NAMES.indexOf(name));
      if (times.p50 !== undefined) networks[name] = times;
    }
    return { seen, all: this.#times(0), networks };
  }

  #times(place: number): SpreadTimes {
    const p50 = this.#p50[place]!.quantile(0.5);
    const p90 = this.#p90[place]!.quantile(0.5);
    return { ...(p50 === undefined ? {} : { p50: rounded(p50) }), ...(p90 === undefined ? {} : { p90: rounded(p90) }) };
  }
}

const rounded = (ms: number): number => Number(ms.toPrecision(4));

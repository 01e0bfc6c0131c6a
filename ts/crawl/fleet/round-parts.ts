// What the rounds of a worker have in common, and their frontier: the crawl's own, with the one difference of a fleet.

import type { ResolvedCrawlOptions } from '../crawl-options.ts';
import { NETWORK_NAMES } from '../frontier/address-table.ts';
import type { Exclusions } from '../frontier/exclusions.ts';
import { Frontier } from '../frontier/frontier.ts';
import type { Greeting } from '../visit/greeting.ts';

/** What all rounds of a worker have in common. */
export interface RoundParts {
  readonly options: ResolvedCrawlOptions;
  readonly greeting: Greeting;
  readonly exclusions: Exclusions;
}

/** A frontier that visits only what it is asked to: learned addresses wait until the owner of their shard asks. */
export function frontierFor({ options, exclusions }: RoundParts, onPromoted: (row: number) => void): Frontier {
  const { groupRate, groupConcurrency, overlayConcurrency, attempts, retryDelayMs, perSource, followsLocal } = options;
  const { routes, asMap, random } = options;
  return new Frontier({
    groups: { rate: groupRate, concurrency: groupConcurrency, overlayConcurrency },
    attempts,
    retryDelayMs,
    perSource,
    followsLocal,
    hasRoute: (network) => routes[NETWORK_NAMES[network]!] !== undefined,
    exclusions,
    leftAlone: undefined,
    asMap,
    random,
    onPromoted,
    holdsLearned: true,
  });
}

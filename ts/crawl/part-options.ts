// Options of the parts that a crawl, a fleet's worker and a monitor have in common: visitor and frontier.

import { CHAIN_PARAMS } from '../p2p/chain-params.ts';
import type { ResolvedCrawlOptions } from './crawl-options.ts';
import { NETWORK_NAMES } from './frontier/address-table.ts';
import type { FrontierOptions } from './frontier/frontier.ts';
import type { Greeting } from './visit/greeting.ts';
import type { VisitorOptions } from './visit/visitor.ts';

/** The options of a visitor for a crawl. */
export function visitorOptionsOf(options: ResolvedCrawlOptions, greeting: Greeting): VisitorOptions {
  const { chain, v2, routes, nameProxy, clear, overlay, clock, randomBytes, sockets, logger } = options;
  const { magic } = CHAIN_PARAMS[chain];
  const common = { magic, greeting, v2, routes, nameProxy, clear, overlay, clock, randomBytes };
  return { ...common, sockets: { logger, ...sockets } };
}

/** The options of a frontier for a crawl: nobody is left alone, and promotions are not noted. */
export function frontierOptionsOf(options: ResolvedCrawlOptions): FrontierOptions {
  const { groupRate, groupConcurrency, overlayConcurrency, attempts, retryDelayMs, perSource } = options;
  const { followsLocal, routes, exclusions, asMap, random } = options;
  return {
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
    onPromoted: () => {},
  };
}

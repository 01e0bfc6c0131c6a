// What the visitors of a crawl, of a fleet's worker and of a monitor have in common.

import { CHAIN_PARAMS } from '../p2p/chain-params.ts';
import type { ResolvedCrawlOptions } from './crawl-options.ts';
import type { Greeting } from './visit/greeting.ts';
import type { VisitorOptions } from './visit/visitor.ts';

/** The options of a visitor for a crawl. */
export function visitorOptionsOf(options: ResolvedCrawlOptions, greeting: Greeting): VisitorOptions {
  const { chain, v2, routes, nameProxy, clear, overlay, clock, randomBytes, sockets, logger } = options;
  const { magic } = CHAIN_PARAMS[chain];
  const common = { magic, greeting, v2, routes, nameProxy, clear, overlay, clock, randomBytes };
  return { ...common, sockets: { logger, ...sockets } };
}

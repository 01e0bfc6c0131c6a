// The names of DNS seeds, as a crawl asks for them.

import { CHAIN_PARAMS } from '../../p2p/chain-params.ts';
import type { ChainName } from '../../p2p/chain-params.ts';
import type { Proxy } from '../../sockman/dial/connect-options.ts';
import type { SeedName } from './visit.ts';

/** Prefix that asks a DNS seed for full nodes: services NETWORK and WITNESS. */
export const SEED_NAME_PREFIX = 'x9.';

/** The seeds whose names a proxy looks up; empty without a proxy. */
export function seedNames(chain: ChainName, nameProxy: Proxy | undefined): SeedName[] {
  if (nameProxy === undefined) return [];
  const { dnsSeeds, p2pPort } = CHAIN_PARAMS[chain];
  // Absolute names end in a dot, which not every proxy accepts.
  return dnsSeeds.map((name) => ({ host: SEED_NAME_PREFIX + name.replace(/\.$/, ''), port: p2pPort }));
}

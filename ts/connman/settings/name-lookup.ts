// Looks up host names of peers and DNS seeds. (Bitcoin Core src/netbase.cpp, LookupIntern)

import { ADDRCONFIG } from 'node:dns';
import { lookup } from 'node:dns/promises';

import { NetAddress } from '../../netaddr/net-address.ts';
import { hasOverlaySuffix } from '../../netaddr/text/overlay-text.ts';
import type { Logger } from '../../util/logger.ts';

/** Most results of one look-up that are used. (Bitcoin Core src/net.cpp, ConnectNode) */
export const MAX_LOOKUP_RESULTS = 256;

/** Resolves a name; returns no address if it does not exist or may not be looked up. Never rejects. */
export type HostLookup = (name: string) => Promise<readonly NetAddress[]>;

/** Asks a resolver, with flags of getaddrinfo. Rejects if there is no answer. */
export type ResolverQuestion = (name: string, hints: number) => Promise<readonly { address: string }[]>;

/**
 * Whether a resolver may be asked for a host. Names that end in `.onion` or `.i2p`, even malformed ones, are never looked
 * up: the query alone would reveal the destination. (RFC 7686)
 */
export function mayBeLookedUp(host: string): boolean {
  return host !== '' && !host.includes('\0') && !hasOverlaySuffix(host);
}

/** Asks the host's resolver, `/etc/hosts` included. */
export const lookUpHost: HostLookup = (name) => lookUpWith(askSystem, name);

/** Asks for addresses of the host's address families, and if there are none for all: a host may have only loopback. */
export async function lookUpWith(ask: ResolverQuestion, name: string): Promise<readonly NetAddress[]> {
  if (!mayBeLookedUp(name)) return [];
  for (const hints of [ADDRCONFIG, 0]) {
    try {
      const found = await ask(name, hints);
      return found.flatMap(({ address }) => NetAddress.tryParse(address) ?? []);
    } catch {
      // Not known; or not in a family that this host has.
    }
  }
  return [];
}

const askSystem: ResolverQuestion = (name, hints) => lookup(name, { all: true, verbatim: true, hints });

/** Wraps an embedder's look-up: a failure becomes an empty answer, and a line in the log. */
export function neverRejecting(lookUp: HostLookup, logger: Logger): HostLookup {
  return async (name) => {
    try {
      return await lookUp(name);
    } catch (error) {
      logger.warn(`lookUpHost failed for ${name}: ${String(error)}`);
      return [];
    }
  };
}

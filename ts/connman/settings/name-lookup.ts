// Looking up host names: for peers that a user names, and for DNS seeds. (Bitcoin Core src/netbase.cpp, LookupIntern)

import { ADDRCONFIG } from 'node:dns';
import { lookup } from 'node:dns/promises';

import { NetAddress } from '../../netaddr/net-address.ts';
import { hasOverlaySuffix } from '../../netaddr/text/overlay-text.ts';
import type { Logger } from '../../util/logger.ts';

/** Most results of one look-up that are used. (Bitcoin Core src/net.cpp, ConnectNode) */
export const MAX_LOOKUP_RESULTS = 256;

/** Resolves a name; none for a name that does not exist or cannot be asked for. Never rejects. */
export type HostLookup = (name: string) => Promise<readonly NetAddress[]>;

/** Asks a resolver, with flags of getaddrinfo. Rejects when it knows nothing. */
export type ResolverQuestion = (name: string, hints: number) => Promise<readonly { address: string }[]>;

/**
 * Whether a resolver may be asked for a host. What ends in `.onion` or `.i2p` is nobody's business, however misspelt: the
 * question alone would tell who is looked for. (RFC 7686)
 */
export function mayBeLookedUp(host: string): boolean {
  return host !== '' && !host.includes('\0') && !hasOverlaySuffix(host);
}

/** Asks the host's resolver, `/etc/hosts` included. */
export const lookUpHost: HostLookup = (name) => lookUpWith(askSystem, name);

/** Asks for addresses of the families that this host has, and once more for all: a host may have only loopback. */
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

/** A look-up of an embedder, of which a failure is an answer without addresses, and a line in the log. */
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

// Looking up host names: for peers that a user names, and for DNS seeds.

import { lookup } from 'node:dns/promises';

import { NetAddress } from '../netaddr/net-address.ts';

/** Most results of one look-up that are used. (Bitcoin Core src/net.cpp, ConnectNode) */
export const MAX_LOOKUP_RESULTS = 256;

/** Resolves a name; none for a name that does not exist or cannot be asked for. Never rejects. */
export type HostLookup = (name: string) => Promise<readonly NetAddress[]>;

/** Asks the host's resolver, `/etc/hosts` included. */
export const lookUpHost: HostLookup = async (name) => {
  try {
    const found = await lookup(name, { all: true, verbatim: true });
    return found.flatMap(({ address }) => NetAddress.tryParse(address) ?? []);
  } catch {
    return [];
  }
};

// The addresses of a server, whose host the user named, or a `Reconnect`: untrusted text.

import { lookup } from 'node:dns/promises';
import { NetAddress } from '../../netaddr/net-address.ts';
import { Service } from '../../netaddr/service.ts';

/** Only such names are given to the system's resolver. The longest has 253 characters. */
const NAME = /^[\w.-]{1,253}$/;

/** Addresses of one name that are dialed: each may take as long as a dial does. */
const MAX_ADDRESSES = 8;

/**
 * The address that a host is written as, or those of its name, in the order of the resolver; empty if there is none. A name
 * often has one of IPv6 and one of IPv4, such as `localhost`, where the server has only one.
 */
export function serverAddresses(host: string, port: number): Service[] | Promise<Service[]> {
  const written = Service.tryParse(`${host.includes(':') ? `[${host}]` : host}:${port}`);
  return written === undefined ? lookUp(host, port) : [written];
}

async function lookUp(name: string, port: number): Promise<Service[]> {
  if (!NAME.test(name)) return [];
  try {
    const found = await lookup(name, { all: true });
    return found.slice(0, MAX_ADDRESSES).map(({ address }) => new Service(NetAddress.parse(address), port));
  } catch {
    return [];
  }
}

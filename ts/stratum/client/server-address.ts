// The address of a server, whose host the user named, or a `Reconnect`: untrusted text.

import { lookup } from 'node:dns/promises';
import { NetAddress } from '../../netaddr/net-address.ts';
import { Service } from '../../netaddr/service.ts';

/** Only such names are given to the system's resolver. The longest has 253 characters. */
const NAME = /^[\w.-]{1,253}$/;

/** The address that a host is written as, or the first one of its name; undefined if there is none. */
export function addressOf(host: string, port: number): Service | Promise<Service | undefined> {
  return Service.tryParse(`${host.includes(':') ? `[${host}]` : host}:${port}`) ?? lookUp(host, port);
}

async function lookUp(name: string, port: number): Promise<Service | undefined> {
  if (!NAME.test(name)) return undefined;
  try {
    return new Service(NetAddress.parse((await lookup(name)).address), port);
  } catch {
    return undefined;
  }
}

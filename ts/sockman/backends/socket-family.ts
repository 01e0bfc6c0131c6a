// Which addresses sockets can have.

import type { Service } from '../../netaddr/service.ts';

/** Whether a socket can have such an address: IPv4, IPv6 (CJDNS is IPv6 to a kernel) or a path. */
export function hasSocketFamily(service: Service): boolean {
  const { network } = service.address;
  return service.unixPath !== undefined || network === 'ipv4' || network === 'ipv6' || network === 'cjdns';
}

// Checks that a request was meant for this server. A foreign page can make its own name resolve to this machine, and then
// ask with its visitor's credentials. (DNS rebinding)

import { Service } from '../../netaddr/service.ts';

/**
 * Whether a `Host` header is an address, `localhost`, or a name that the user listed.
 * @param names - In lower case.
 */
export function isKnownHost(host: string | undefined, names: ReadonlySet<string>): boolean {
  // HTTP/1.0 does not require it, and browsers do not use HTTP/1.0.
  if (host === undefined || host === '') return true;
  const name = host.toLowerCase().replace(/:\d{1,5}$/, '');
  if (name === 'localhost' || names.has(name)) return true;
  const service = Service.tryParse(host, 80);
  return (
    service !== undefined && service.unixPath === undefined && (service.address.isIPv4() || service.address.isIPv6())
  );
}

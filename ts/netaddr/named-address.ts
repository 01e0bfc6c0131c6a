// An address or a range as a user names it: as text or as an object.
//
// On a host that CJDNS reaches, fc00::/8 is CJDNS; elsewhere the same digits are an IPv6 address. Peers are known by what
// they are, so that what is compared with them must be read likewise.

import { invalidArg } from '../util/errors/errors.ts';
import { isValid } from './networks/classify.ts';
import { NetAddress } from './net-address.ts';
import { Subnet } from './subnet.ts';

/** Whether a range is a single address. */
const isSingle = (subnet: Subnet): boolean => subnet.equals(new Subnet(subnet.base));

/**
 * The range of a text; undefined for malformed text, and for parts of CJDNS, which has only single addresses.
 *
 * @param target - An address, a range, or the text of either: `1.2.3.4`, `1.2.3.0/24`, `fc00::1`, `….onion`.
 */
export function trySubnetNamed(target: NetAddress | Subnet | string, cjdnsReachable: boolean): Subnet | undefined {
  const subnet = typeof target === 'string' ? Subnet.tryParse(target) : toSubnet(target);
  if (subnet === undefined || !cjdnsReachable) return subnet;
  const base = subnet.base.toCJDNSIfInRange();
  if (base.equals(subnet.base)) return subnet;
  return isSingle(subnet) ? new Subnet(base) : undefined;
}

/**
 * The range of a target, whose addresses peers can have.
 *
 * @param name - Its name in an error.
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: neither an address nor a range; an internal address; or one that no peer can
 * have, such as `0.0.0.0`.
 */
export function subnetNamed(name: string, target: NetAddress | Subnet | string, cjdnsReachable: boolean): Subnet {
  const subnet = trySubnetNamed(target, cjdnsReachable);
  if (subnet === undefined) throw invalidArg(name, 'an address, or a range as address/bits', target);
  if (isSingle(subnet) && !isValid(subnet.base)) throw invalidArg(name, 'an address that peers can have', target);
  return subnet;
}

function toSubnet(target: NetAddress | Subnet): Subnet | undefined {
  if (target instanceof Subnet) return target;
  return target instanceof NetAddress ? new Subnet(target) : undefined;
}

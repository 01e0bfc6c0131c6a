// Classifies addresses: valid, routable, local, and their network.
//
// Two classifications differ on purpose. The *network* of a 6to4 address is IPv6, how it is reached; its *class* is
// IPv4, what it costs an attacker to obtain. (Bitcoin Core src/netaddress.cpp)

import type { NetworkClass, RawAddress } from './network.ts';
import * as ranges from './ranges.ts';

/** First byte of every CJDNS address, fc00::/8. */
export const CJDNS_PREFIX = 0xfc;

const UNROUTABLE = ranges.indexRanges([
  ...ranges.RFC_1918,
  ...ranges.RFC_2544,
  ...ranges.RFC_3927,
  ...ranges.RFC_4862,
  ...ranges.RFC_6598,
  ...ranges.RFC_5737,
  ...ranges.RFC_4193,
  ...ranges.RFC_4843,
  ...ranges.RFC_7343,
  ...ranges.LOCAL,
]);

/** Whether the address can belong to a host: not unspecified, broadcast, documentation, internal or malformed. */
export function isValid(address: RawAddress): boolean {
  switch (address.network) {
    case 'ipv4':
      return !isFilledWith(address.bytes, 0) && !isFilledWith(address.bytes, 0xff);
    case 'ipv6':
      return !isFilledWith(address.bytes, 0) && !ranges.isInRanges(address, ranges.RFC_3849);
    case 'cjdns':
      return address.bytes[0] === CJDNS_PREFIX;
    case 'internal':
      return false;
    default:
      return true;
  }
}

/** Whether the address is valid and can be reached through its network from anywhere. Multicast is not checked. */
export function isRoutable(address: RawAddress): boolean {
  return isValid(address) && !ranges.isInIndex(address, UNROUTABLE);
}

/** Whether the address is this host's own: 127.0.0.0/8, 0.0.0.0/8, ::1. */
export function isLocal(address: RawAddress): boolean {
  return ranges.isInRanges(address, ranges.LOCAL);
}

/** Whether the address stands for every interface when bound to: 0.0.0.0 or ::. */
export function isBindAny(address: RawAddress): boolean {
  return (address.network === 'ipv4' || address.network === 'ipv6') && isFilledWith(address.bytes, 0);
}

/** The network the address is reached through. */
export function networkOf(address: RawAddress): NetworkClass {
  return address.network === 'internal' || isRoutable(address) ? address.network : 'not_publicly_routable';
}

/** The network the address belongs to by what it costs to obtain: IPv4 for IPv6 addresses that embed an IPv4. */
export function netClassOf(address: RawAddress): NetworkClass {
  return linkedIPv4Of(address) === undefined ? networkOf(address) : 'ipv4';
}

/** The four bytes of the IPv4 address that a routable address is, or that it embeds by SIIT, NAT64, 6to4 or Teredo. */
export function linkedIPv4Of(address: RawAddress): Uint8Array | undefined {
  if (!isRoutable(address)) return undefined;
  if (address.network === 'ipv4') return address.bytes;
  if (ranges.isInRanges(address, ranges.RFC_6145) || ranges.isInRanges(address, ranges.RFC_6052)) {
    return address.bytes.subarray(12);
  }
  if (ranges.isInRanges(address, ranges.RFC_3964)) return address.bytes.subarray(2, 6);
  // Teredo hides the client's address from NATs that rewrite what looks like one: every bit is inverted.
  if (ranges.isInRanges(address, ranges.RFC_4380)) return address.bytes.subarray(12).map((byte) => byte ^ 0xff);
  return undefined;
}

function isFilledWith(bytes: Uint8Array, value: number): boolean {
  for (let index = 0; index < bytes.length; index++) if (bytes[index] !== value) return false;
  return true;
}

// The group of an address, as a number: its autonomous system if a map has one, else as in netaddr/networks/net-group.ts.
// Unroutable IPv4 addresses too have groups by their first two bytes, since a village on loopback consists of them.

import type { AsMap } from '../../addrman/asmap/as-map.ts';
import { NetAddress } from '../../netaddr/net-address.ts';
import { netGroupOf } from '../../netaddr/networks/net-group.ts';
import { NETWORK_BYTES, NETWORK_NUMBERS } from '../../netaddr/networks/network.ts';
import { NETWORK_NAMES } from './address-table.ts';

/** Groups of autonomous systems are numbered above all groups of ranges, which have at most six bytes. */
const FIRST_SYSTEM = 2 ** 48;
const IPV4_CLASS = NETWORK_NUMBERS.ipv4 * 0x1_0000;

/** Scratch addresses, one for each network. */
const looked = NETWORK_NAMES.map((name) =>
  name === undefined ? undefined : { network: name, bytes: new Uint8Array(NETWORK_BYTES[name]) },
);

/** The autonomous system of an address; 0 when unknown, or without a map. */
export function systemOf(asMap: AsMap | undefined, address: NetAddress): number {
  if (asMap === undefined || (address.network !== 'ipv4' && address.network !== 'ipv6')) return 0;
  const linkedIPv4 = address.getLinkedIPv4();
  if (linkedIPv4 !== undefined) return asMap.lookUp(new NetAddress('ipv4', linkedIPv4).getAddrBytes());
  return address.getNetClass() === 'ipv6' ? asMap.lookUp(address.bytes) : 0;
}

/** The group of an address whose bytes begin at `offset`. */
export function groupKeyOf(asMap: AsMap | undefined, network: number, bytes: Uint8Array, offset: number): number {
  if (asMap !== undefined) {
    const name = NETWORK_NAMES[network]!;
    const system = systemOf(asMap, new NetAddress(name, bytes.slice(offset, offset + NETWORK_BYTES[name])));
    if (system !== 0) return FIRST_SYSTEM + system;
  }
  switch (network) {
    case NETWORK_NUMBERS.ipv4:
      return IPV4_CLASS + (bytes[offset]! << 8) + bytes[offset + 1]!;
    case NETWORK_NUMBERS.onion:
    case NETWORK_NUMBERS.i2p:
      // Half a byte, with the other bits set.
      return network * 0x100 + (bytes[offset]! | 0x0f);
    default: {
      const address = looked[network]!;
      for (let index = 0; index < address.bytes.length; index++) address.bytes[index] = bytes[offset + index]!;
      return netGroupOf(address).reduce((key, byte) => key * 256 + byte, 0);
    }
  }
}

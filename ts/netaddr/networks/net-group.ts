// Network groups: addresses that likely have one owner.
//
// Connections and address-book buckets are spread over groups, so that the owner of one range cannot fill them all.
// Groups from an AS map are the address manager's matter. (Bitcoin Core src/netgroup.cpp)

import { linkedIPv4Of, networkOf } from './classify.ts';
import { NETWORK_NUMBERS } from './network.ts';
import type { NetworkClass, RawAddress } from './network.ts';
import { HURRICANE_ELECTRIC, isInRanges } from './ranges.ts';

/**
 * The group of an address: one byte for its net class, then the part of the address that is costly to obtain.
 *
 * | address | after the class | bits that count |
 * |---|---|---|
 * | local, unroutable | nothing | 0 |
 * | internal | all ten bytes | 80 |
 * | IPv4, or embedding one | two bytes of the IPv4 | 16 |
 * | onion, I2P | one byte, low half set | 4 |
 * | CJDNS | two bytes, low half of the second set | 12, of which eight are constant |
 * | IPv6 of Hurricane Electric | five bytes, low half of the fifth set | 36 |
 * | other IPv6 | four bytes | 32 |
 */
export function netGroupOf(address: RawAddress): Uint8Array {
  const { bytes } = address;
  const linkedIPv4 = linkedIPv4Of(address);
  if (linkedIPv4 !== undefined) return group('ipv4', linkedIPv4, 16);
  const network = networkOf(address);
  switch (network) {
    case 'not_publicly_routable':
      return Uint8Array.of(NETWORK_NUMBERS[network]);
    case 'internal':
      return group(network, bytes, 80);
    case 'onion':
    case 'i2p':
      return group(network, bytes, 4);
    case 'cjdns':
      return group(network, bytes, 12);
    default:
      return group(network, bytes, isInRanges(address, HURRICANE_ELECTRIC) ? 36 : 32);
  }
}

/** The class byte and the first `bits` bits; those left over in the last byte are set. */
function group(netClass: NetworkClass, bytes: Uint8Array, bits: number): Uint8Array {
  const byteCount = Math.ceil(bits / 8);
  const spareBits = byteCount * 8 - bits;
  const result = new Uint8Array(1 + byteCount);
  for (let index = 0; index < byteCount; index++) result[index + 1] = bytes[index]!;
  result[byteCount]! |= (1 << spareBits) - 1;
  result[0] = NETWORK_NUMBERS[netClass];
  return result;
}

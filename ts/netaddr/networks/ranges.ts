// The address ranges with a meaning of their own, and the test whether an address lies in one.
//
// Each table is one RFC. What follows for an address in it (invalid, unroutable, linked to an IPv4) is in classify.ts.

import type { RawAddress } from './network.ts';

/** All addresses of one network that start with the same bits. */
export interface AddressRange {
  readonly network: 'ipv4' | 'ipv6';
  /** The leading bytes; bits past `bits` are zero. */
  readonly prefix: readonly number[];
  readonly bits: number;
}

function range4(bits: number, ...prefix: number[]): AddressRange {
  return { network: 'ipv4', prefix, bits };
}

function range6(bits: number, ...prefix: number[]): AddressRange {
  return { network: 'ipv6', prefix, bits };
}

/** Private networks. */
export const RFC_1918 = [range4(8, 10), range4(12, 172, 16), range4(16, 192, 168)];
/** Benchmarks between networks. */
export const RFC_2544 = [range4(15, 198, 18)];
/** IPv4 link-local. */
export const RFC_3927 = [range4(16, 169, 254)];
/** Carrier-grade NAT. */
export const RFC_6598 = [range4(10, 100, 64)];
/** IPv4 for documentation. */
export const RFC_5737 = [range4(24, 192, 0, 2), range4(24, 198, 51, 100), range4(24, 203, 0, 113)];
/** IPv6 for documentation, 2001:db8::/32. */
export const RFC_3849 = [range6(32, 0x20, 0x01, 0x0d, 0xb8)];
/** 6to4, 2002::/16. */
export const RFC_3964 = [range6(16, 0x20, 0x02)];
/** Teredo, 2001::/32. */
export const RFC_4380 = [range6(32, 0x20, 0x01, 0, 0)];
/** NAT64, 64:ff9b::/96. */
export const RFC_6052 = [range6(96, 0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0)];
/** Stateless IP/ICMP translation, ::ffff:0:0:0/96. */
export const RFC_6145 = [range6(96, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0)];
/** Unique local, fc00::/7; a CJDNS address is not in it. */
export const RFC_4193 = [range6(7, 0xfc)];
/** ORCHID, 2001:10::/28. */
export const RFC_4843 = [range6(28, 0x20, 0x01, 0, 0x10)];
/** ORCHIDv2, 2001:20::/28. */
export const RFC_7343 = [range6(28, 0x20, 0x01, 0, 0x20)];
/** IPv6 link-local with its zero subnet, fe80::/64. */
export const RFC_4862 = [range6(64, 0xfe, 0x80, 0, 0, 0, 0, 0, 0)];
/** Hurricane Electric, 2001:470::/32: one provider that hands out whole /48s to anyone. */
export const HURRICANE_ELECTRIC = [range6(32, 0x20, 0x01, 0x04, 0x70)];
/** This host: 127.0.0.0/8, 0.0.0.0/8, ::1. */
export const LOCAL = [range4(8, 127), range4(8, 0), range6(128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)];

/** Whether the address lies in one of the ranges. */
export function isInRanges(address: RawAddress, ranges: readonly AddressRange[]): boolean {
  for (const range of ranges) {
    if (address.network === range.network && hasPrefix(address.bytes, range.prefix, range.bits)) return true;
  }
  return false;
}

/** Ranges by network and first byte. Nearly every address begins like none of them, and one look settles it. */
export type RangeIndex = Readonly<Record<AddressRange['network'], readonly (readonly AddressRange[])[]>>;

/** Sorts ranges for `isInIndex`. */
export function indexRanges(ranges: readonly AddressRange[]): RangeIndex {
  const emptyLists = (): AddressRange[][] => Array.from({ length: 256 }, () => []);
  const index = { ipv4: emptyLists(), ipv6: emptyLists() };
  for (const range of ranges) {
    const lowest = range.prefix[0]!;
    const count = 1 << Math.max(8 - range.bits, 0);
    for (let firstByte = lowest; firstByte < lowest + count; firstByte++) index[range.network][firstByte]!.push(range);
  }
  return index;
}

/** Whether the address lies in one of the ranges of an index. */
export function isInIndex(address: RawAddress, index: RangeIndex): boolean {
  if (address.network !== 'ipv4' && address.network !== 'ipv6') return false;
  return isInRanges(address, index[address.network][address.bytes[0]!]!);
}

/** Whether `bytes` starts with the first `bits` bits of `prefix`. */
export function hasPrefix(bytes: Uint8Array, prefix: ArrayLike<number>, bits: number): boolean {
  const wholeBytes = bits >> 3;
  for (let index = 0; index < wholeBytes; index++) {
    if (bytes[index] !== prefix[index]) return false;
  }
  const mask = 0xff00 >> (bits & 7);
  return (((bytes[wholeBytes] ?? 0) ^ (prefix[wholeBytes] ?? 0)) & mask & 0xff) === 0;
}

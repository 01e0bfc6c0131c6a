// Sixteen-byte IPv6 forms that stand for addresses of other networks.
//
// IPv4 under ::ffff:0:0/96 is the operating system's and the legacy wire format's. The other two prefixes are Bitcoin
// Core's own, taken from fc00::/7: fd87:d87e:eb43::/48 held Tor v2 names, which no longer exist, and
// fd6b:88c0:8724::/48 holds internal addresses. (Bitcoin Core src/netaddress.h)

import type { RawAddress } from './network.ts';

const IPV4_MAPPED_PREFIX: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
const TOR_V2_PREFIX: readonly number[] = [0xfd, 0x87, 0xd8, 0x7e, 0xeb, 0x43];
/** `fd`, then the first five bytes of SHA-256("bitcoin"). */
const INTERNAL_PREFIX: readonly number[] = [0xfd, 0x6b, 0x88, 0xc0, 0x87, 0x24];

/** Whether sixteen bytes stand for an IPv4 address, in the last four. */
export function isIPv4Mapped(bytes: Uint8Array): boolean {
  return startsWith(bytes, IPV4_MAPPED_PREFIX);
}

/** Whether sixteen bytes stand for a Tor v2 name, no longer an address. */
export function isTorV2(bytes: Uint8Array): boolean {
  return startsWith(bytes, TOR_V2_PREFIX);
}

/** Whether sixteen bytes stand for an internal address, in the last ten. */
export function isInternal(bytes: Uint8Array): boolean {
  return startsWith(bytes, INTERNAL_PREFIX);
}

/** The sixteen-byte form of an address that has one (IPv4, IPv6, internal), in an array of its own; else undefined. */
export function toIPv6Form({ network, bytes }: RawAddress): Uint8Array | undefined {
  if (network === 'ipv4') return joined(IPV4_MAPPED_PREFIX, bytes);
  if (network === 'internal') return joined(INTERNAL_PREFIX, bytes);
  return network === 'ipv6' ? bytes.slice() : undefined;
}

/** A third of what spreading both into `Uint8Array.of` costs; the address manager does this for every address. */
function joined(prefix: readonly number[], bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(prefix.length + bytes.length);
  whole.set(prefix);
  whole.set(bytes, prefix.length);
  return whole;
}

function startsWith(bytes: Uint8Array, prefix: readonly number[]): boolean {
  for (let index = 0; index < prefix.length; index++) {
    if (bytes[index] !== prefix[index]) return false;
  }
  return true;
}

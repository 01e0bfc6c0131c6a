// Sets of addresses that start with the same bits, for bans and permissions.
//
// (Bitcoin Core src/netaddress.h, class CSubNet)

import { invalidArg, outOfRange } from '../util/errors/errors.ts';
import { isValid } from './networks/classify.ts';
import { parseIPv4, parseIPv6 } from './text/ip-text.ts';
import { NetAddress } from './net-address.ts';
import { NETWORK_BYTES } from './networks/network.ts';
import { hasPrefix } from './networks/ranges.ts';

const PLAIN_DECIMAL = /^\d+$/;

/** Longest text that can be a subnet: two IPv6 addresses, one of them with a zone. Longer text is not looked at. */
const MAX_TEXT_CHARS = 128;

/**
 * An immutable range of IPv4 or IPv6 addresses, or a single address of another network.
 *
 * IPv4 and IPv6 never match each other, and invalid addresses match nothing.
 */
export class Subnet {
  /** The first address of the range: every bit after the prefix is zero. */
  readonly base: NetAddress;
  /** How many leading bits an address must share with `base`: 0..32 for IPv4, 0..128 for IPv6, all for the others. */
  readonly prefixBits: number;

  /**
   * Makes the range of addresses that share the first `prefixBits` bits with `address`.
   *
   * @param prefixBits - Default: all bits, for a single address. Onion, I2P and CJDNS accept only that.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: the address is internal.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: more bits than the network has, or a part of an indivisible address.
   */
  constructor(address: NetAddress, prefixBits: number = addressBits(address)) {
    if (address.isInternal()) throw invalidArg('address', 'an address that peers can have', address);
    const maxBits = addressBits(address);
    const minBits = address.isIPv4() || address.isIPv6() ? 0 : maxBits;
    if (!Number.isInteger(prefixBits) || prefixBits < minBits || prefixBits > maxBits) {
      throw outOfRange('prefixBits', `an integer ${minBits}..${maxBits}`, prefixBits);
    }
    this.base = new NetAddress(address.network, masked(address.bytes, prefixBits));
    this.prefixBits = prefixBits;
  }

  /**
   * Reads `address`, `address/bits` or `address/netmask`, such as `1.2.3.0/24` and `1.2.3.0/255.255.255.0`.
   *
   * @param cjdnsReachable - Whether fc00::/8 is read as CJDNS, of which only single addresses are subnets.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not a subnet.
   */
  static parse(text: string, cjdnsReachable: boolean = false): Subnet {
    const subnet = Subnet.tryParse(text, cjdnsReachable);
    if (subnet === undefined) throw invalidArg('subnet', 'an address, address/bits or address/netmask', text);
    return subnet;
  }

  /** Reads a subnet as `parse` does; undefined for anything that is not one. */
  static tryParse(text: string, cjdnsReachable: boolean = false): Subnet | undefined {
    if (typeof text !== 'string' || text.length > MAX_TEXT_CHARS) return undefined;
    const slash = text.indexOf('/');
    const parsed = NetAddress.tryParse(slash === -1 ? text : text.slice(0, slash));
    const address = cjdnsReachable ? parsed?.toCJDNSIfInRange() : parsed;
    if (address === undefined) return undefined;
    if (slash === -1) return new Subnet(address);
    if (!address.isIPv4() && !address.isIPv6()) return undefined;

    const maskText = text.slice(slash + 1);
    const prefixBits = PLAIN_DECIMAL.test(maskText) ? Number(maskText) : netmaskBits(maskText, address.isIPv4());
    return prefixBits === undefined || prefixBits > addressBits(address) ? undefined : new Subnet(address, prefixBits);
  }

  /** Whether the address is valid and in this range. */
  matches(address: NetAddress): boolean {
    const { network, bytes } = this.base;
    return address.network === network && hasPrefix(address.bytes, bytes, this.prefixBits) && isValid(address);
  }

  /** Whether both hold the same addresses. */
  equals(other: Subnet): boolean {
    return this.prefixBits === other.prefixBits && this.base.equals(other.base);
  }

  /** Orders by base address, then the wider range first: negative, zero (exactly when equal) or positive. */
  compare(other: Subnet): number {
    return this.base.compare(other.base) || this.prefixBits - other.prefixBits;
  }

  /** `1.2.3.0/24`, always with the bits for IPv4 and IPv6; just the address for the others. */
  toString(): string {
    return this.base.isIPv4() || this.base.isIPv6() ? `${this.base}/${this.prefixBits}` : String(this.base);
  }
}

function addressBits(address: NetAddress): number {
  return NETWORK_BYTES[address.network] * 8;
}

/** A copy of `bytes` with every bit from `bits` on cleared. */
function masked(bytes: Uint8Array, bits: number): Uint8Array {
  return bytes.map((byte, index) => byte & leadingOnes(bits - index * 8));
}

/** The bits of a netmask of the right family that is ones then zeros. */
function netmaskBits(text: string, isIPv4: boolean): number | undefined {
  const mask = isIPv4 ? parseIPv4(text) : parseIPv6(text);
  if (mask === undefined) return undefined;
  const firstShort = mask.findIndex((byte) => byte !== 0xff);
  if (firstShort === -1) return mask.length * 8;
  const bits = firstShort * 8 + Math.clz32(~(mask[firstShort]! << 24));
  return mask.every((byte, index) => byte === leadingOnes(bits - index * 8)) ? bits : undefined;
}

/** A byte whose first `bits` bits are set; none for a negative count, all from eight on. */
function leadingOnes(bits: number): number {
  return bits <= 0 ? 0 : bits >= 8 ? 0xff : 0xff & (0xff00 >> bits);
}

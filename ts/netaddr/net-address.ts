// An address on one of the networks that Bitcoin nodes talk over: IPv4, IPv6, Tor v3, I2P, CJDNS.
//
// A pure value: nothing here resolves names, and the operating system is asked only for the number of an interface (see
// zone.ts). Wire forms are in encoding.ts; port and Unix-domain path come with `Service`. (Bitcoin Core src/netaddress.h,
// class CNetAddr)

import { compareBytes, equalBytes } from '../util/bytes/compare-bytes.ts';
import { invalidArg } from '../util/errors/errors.ts';
import { nodeCrypto } from '../util/load-later.ts';
import { encodeBase32 } from './text/base32.ts';
import * as classify from './networks/classify.ts';
import { isInternal, isIPv4Mapped, isTorV2, toIPv6Form } from './networks/embedded.ts';
import { formatIPv4, formatIPv6, parseIPv4, parseIPv6 } from './text/ip-text.ts';
import { netGroupOf } from './networks/net-group.ts';
import { NETWORK_BYTES, NETWORK_NUMBERS } from './networks/network.ts';
import type { NetworkClass, NetworkName, RawAddress } from './networks/network.ts';
import { formatI2P, formatOnion, hasOverlaySuffix, parseI2P, parseOnion } from './text/overlay-text.ts';
import * as ranges from './networks/ranges.ts';
import { zoneNumber } from './text/zone.ts';

/** Longest text that can be an address: an onion name in brackets. Longer text is not looked at. */
const MAX_TEXT_CHARS = 64;

/** An IPv6 scope id in numbers; anything else is the name of an interface. */
const SCOPE_ID = /^\d{1,10}$/;
const MAX_SCOPE_ID = 0xffff_ffff;

/**
 * An immutable network address: a network, the raw bytes, and for IPv6 a scope id.
 *
 * Two addresses are equal when network and bytes are; the scope id is carried for the operating system and shown in
 * text, but does not count. Every address, also an invalid one, can be compared, printed and classified.
 *
 * @see Bitcoin Core src/netaddress.h, BIP 155
 */
export class NetAddress implements RawAddress {
  /** The unspecified address `::`, which is also what "no address" looks like: invalid to connect to. */
  static readonly UNSPECIFIED = new NetAddress('ipv6', new Uint8Array(16));

  readonly network: NetworkName;
  /** The raw bytes: 4 (IPv4), 16 (IPv6, CJDNS), 32 (onion, I2P) or 10 (internal). Not to be written to. */
  readonly bytes: Uint8Array;
  /** The interface an IPv6 link-local address belongs to, as the operating system numbers them; 0 when none. */
  readonly scopeId: number;

  /**
   * Makes an address from its parts. Cheap: nothing is copied, parsed or hashed, and only the length is checked.
   *
   * @param bytes - Owned by the address from now on.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: no such network, or the wrong number of bytes for it.
   */
  constructor(network: NetworkName, bytes: Uint8Array, scopeId: number = 0) {
    if (bytes.length !== NETWORK_BYTES[network]) {
      throw invalidArg('bytes', `as many bytes as network ${network} has`, `${bytes.length}`);
    }
    this.network = network;
    this.bytes = bytes;
    this.scopeId = scopeId;
  }

  /**
   * Reads an address as text: dotted quad, RFC 4291 IPv6 with an optional `%` and the number or name of an interface of
   * this host, onion v3 or `.b32.i2p` name, any of them in brackets. Printed, an interface is its number.
   *
   * `fc00::/8` is read as IPv6 (see `toCJDNSIfInRange`), `::ffff:1.2.3.4` as the IPv4 it stands for. The ranges of
   * internal addresses and of Tor v2 names, `fd6b:88c0:8724::/48` and `fd87:d87e:eb43::/48`, are refused.
   *
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not an address. Names are not looked up.
   */
  static parse(text: string): NetAddress {
    const address = NetAddress.tryParse(text);
    if (address === undefined) throw invalidArg('address', 'an IPv4, IPv6, onion or I2P address', text);
    return address;
  }

  /** Reads an address as `parse` does; undefined for anything that is not one. */
  static tryParse(text: string): NetAddress | undefined {
    if (typeof text !== 'string' || text.length > MAX_TEXT_CHARS) return undefined;
    const host = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
    if (hasOverlaySuffix(host)) {
      const onionKey = parseOnion(host);
      if (onionKey !== undefined) return new NetAddress('onion', onionKey);
      const i2pHash = parseI2P(host);
      return i2pHash === undefined ? undefined : new NetAddress('i2p', i2pHash);
    }
    const ipv4 = parseIPv4(host);
    return ipv4 === undefined ? parseScopedIPv6(host) : new NetAddress('ipv4', ipv4);
  }

  /**
   * Makes an address from sixteen bytes as sockets, resolvers and the legacy wire format have them.
   *
   * `::ffff:0:0/96` becomes IPv4, `fd6b:88c0:8724::/48` internal, `fd87:d87e:eb43::/48` (Tor v2) the unspecified
   * address; the rest is IPv6, `fc00::/8` included. The scope id is kept for IPv6 only.
   *
   * @param bytes - Copied where the address is not IPv6, else owned by the address from now on.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not sixteen bytes.
   */
  static fromIPv6Bytes(bytes: Uint8Array, scopeId: number = 0): NetAddress {
    if (bytes.length !== 16) throw invalidArg('bytes', '16 bytes', `${bytes.length}`);
    if (isIPv4Mapped(bytes)) return new NetAddress('ipv4', bytes.slice(12));
    if (isInternal(bytes)) return new NetAddress('internal', bytes.slice(6));
    if (isTorV2(bytes)) return NetAddress.UNSPECIFIED;
    return new NetAddress('ipv6', bytes, scopeId);
  }

  /**
   * Makes the internal address of a name: what the address manager takes as the source of addresses that a DNS seed
   * or the list of fixed seeds supplied.
   *
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: the name is empty.
   */
  static fromInternalName(name: string): NetAddress {
    if (name === '') throw invalidArg('name', 'a name', name);
    const hash = nodeCrypto().createHash('sha256').update(name, 'utf8').digest();
    return new NetAddress('internal', Uint8Array.from(hash.subarray(0, 10)));
  }

  /** The address as text: what `parse` reads, but for internal addresses, which are only ever printed. */
  toString(): string {
    switch (this.network) {
      case 'ipv4':
        return formatIPv4(this.bytes);
      case 'ipv6':
        return this.scopeId === 0 ? formatIPv6(this.bytes) : `${formatIPv6(this.bytes)}%${this.scopeId}`;
      case 'cjdns':
        return formatIPv6(this.bytes);
      case 'onion':
        return formatOnion(this.bytes);
      case 'i2p':
        return formatI2P(this.bytes);
      case 'internal':
        return `${encodeBase32(this.bytes)}.internal`;
    }
  }

  /** Whether network and bytes are the same. */
  equals(other: NetAddress): boolean {
    return this.network === other.network && equalBytes(this.bytes, other.bytes);
  }

  /** Orders by network number, then bytes: negative, zero (exactly when equal) or positive. */
  compare(other: NetAddress): number {
    const difference = NETWORK_NUMBERS[this.network] - NETWORK_NUMBERS[other.network];
    return difference === 0 ? compareBytes(this.bytes, other.bytes) : difference;
  }

  /** Whether the address can belong to a host: not unspecified, broadcast, IPv6 documentation, internal or malformed. */
  isValid(): boolean {
    return classify.isValid(this);
  }

  /** Whether the address is valid and in no range that exists only locally. Multicast is not checked. */
  isRoutable(): boolean {
    return classify.isRoutable(this);
  }

  /** 127.0.0.0/8, 0.0.0.0/8, ::1. */
  isLocal(): boolean {
    return classify.isLocal(this);
  }

  /** 0.0.0.0 and ::, which stand for every interface when bound to. */
  isBindAny(): boolean {
    return classify.isBindAny(this);
  }

  /** Whether it is an IPv4 address, embedded in IPv6 or not. */
  isIPv4(): boolean {
    return this.network === 'ipv4';
  }

  /** Whether it is an IPv6 address that stands for no other network. */
  isIPv6(): boolean {
    return this.network === 'ipv6';
  }

  /** Whether it is an onion service of Tor. */
  isOnion(): boolean {
    return this.network === 'onion';
  }

  /** Whether it is an I2P address. */
  isI2P(): boolean {
    return this.network === 'i2p';
  }

  /** Whether it is a CJDNS address. */
  isCJDNS(): boolean {
    return this.network === 'cjdns';
  }

  /** Whether it stands for a name in the address book; such an address cannot be connected to. */
  isInternal(): boolean {
    return this.network === 'internal';
  }

  /** Whether it is an onion or I2P address, which hides the peer's location. */
  isPrivacyNetwork(): boolean {
    return this.network === 'onion' || this.network === 'i2p';
  }

  /** Whether the sixteen bytes of the legacy wire form can hold the address: IPv4, IPv6, internal. */
  isV1Compatible(): boolean {
    return this.network === 'ipv4' || this.network === 'ipv6' || this.network === 'internal';
  }

  /** Whether the address may be told to others: all but internal. */
  isRelayable(): boolean {
    return this.network !== 'internal';
  }

  /** Private IPv4: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16. */
  isRFC1918(): boolean {
    return ranges.isInRanges(this, ranges.RFC_1918);
  }

  /** Benchmarks: 198.18.0.0/15. */
  isRFC2544(): boolean {
    return ranges.isInRanges(this, ranges.RFC_2544);
  }

  /** IPv4 link-local: 169.254.0.0/16. */
  isRFC3927(): boolean {
    return ranges.isInRanges(this, ranges.RFC_3927);
  }

  /** Carrier-grade NAT: 100.64.0.0/10. */
  isRFC6598(): boolean {
    return ranges.isInRanges(this, ranges.RFC_6598);
  }

  /** IPv4 documentation: 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24. */
  isRFC5737(): boolean {
    return ranges.isInRanges(this, ranges.RFC_5737);
  }

  /** IPv6 documentation: 2001:db8::/32. */
  isRFC3849(): boolean {
    return ranges.isInRanges(this, ranges.RFC_3849);
  }

  /** 6to4: 2002::/16. */
  isRFC3964(): boolean {
    return ranges.isInRanges(this, ranges.RFC_3964);
  }

  /** Unique local: fc00::/7, as IPv6 only. */
  isRFC4193(): boolean {
    return ranges.isInRanges(this, ranges.RFC_4193);
  }

  /** Teredo: 2001::/32. */
  isRFC4380(): boolean {
    return ranges.isInRanges(this, ranges.RFC_4380);
  }

  /** ORCHID: 2001:10::/28. */
  isRFC4843(): boolean {
    return ranges.isInRanges(this, ranges.RFC_4843);
  }

  /** IPv6 link-local: fe80::/64. */
  isRFC4862(): boolean {
    return ranges.isInRanges(this, ranges.RFC_4862);
  }

  /** NAT64: 64:ff9b::/96. */
  isRFC6052(): boolean {
    return ranges.isInRanges(this, ranges.RFC_6052);
  }

  /** SIIT: ::ffff:0:0:0/96. */
  isRFC6145(): boolean {
    return ranges.isInRanges(this, ranges.RFC_6145);
  }

  /** ORCHIDv2: 2001:20::/28. */
  isRFC7343(): boolean {
    return ranges.isInRanges(this, ranges.RFC_7343);
  }

  /** Hurricane Electric: 2001:470::/32. */
  isHurricaneElectric(): boolean {
    return ranges.isInRanges(this, ranges.HURRICANE_ELECTRIC);
  }

  /** The network the address is reached through; `not_publicly_routable` when it is not. A 6to4 address is IPv6. */
  getNetwork(): NetworkClass {
    return classify.networkOf(this);
  }

  /** The network whose scarcity protects the address; a 6to4, Teredo, NAT64 or SIIT address is IPv4. */
  getNetClass(): NetworkClass {
    return classify.netClassOf(this);
  }

  /** Whether the address is routable and is or embeds an IPv4 address. */
  hasLinkedIPv4(): boolean {
    return classify.linkedIPv4Of(this) !== undefined;
  }

  /** The four bytes of the IPv4 address that a routable address is or embeds; undefined when there is none. */
  getLinkedIPv4(): Uint8Array | undefined {
    return classify.linkedIPv4Of(this);
  }

  /** The bytes that enter hash keys: sixteen for IPv4, IPv6 and internal, raw for the others. A copy. */
  getAddrBytes(): Uint8Array {
    return toIPv6Form(this) ?? this.bytes.slice();
  }

  /** The network group without an AS map; the table is in net-group.ts. */
  netGroup(): Uint8Array {
    return netGroupOf(this);
  }

  /**
   * Reads an IPv6 address in fc00::/8 as CJDNS; any other address is returned as it is.
   *
   * For addresses from users and from the operating system, where CJDNS is configured as reachable. Addresses in messages
   * carry their network and are not converted.
   */
  toCJDNSIfInRange(): NetAddress {
    const isInRange = this.network === 'ipv6' && this.bytes[0] === classify.CJDNS_PREFIX;
    return isInRange ? new NetAddress('cjdns', this.bytes) : this;
  }
}

function parseScopedIPv6(host: string): NetAddress | undefined {
  const percent = host.indexOf('%');
  const bytes = parseIPv6(percent === -1 ? host : host.slice(0, percent));
  if (bytes === undefined) return undefined;
  // An address that stands for a name is never a destination. A Tor v2 name must not become `::`, which a listener takes for
  // every interface.
  if (isInternal(bytes) || isTorV2(bytes)) return undefined;
  const scopeId = percent === -1 ? 0 : parseScope(host.slice(percent + 1));
  return scopeId === undefined ? undefined : NetAddress.fromIPv6Bytes(bytes, scopeId);
}

function parseScope(text: string): number | undefined {
  if (!SCOPE_ID.test(text)) return zoneNumber(text);
  return Number(text) <= MAX_SCOPE_ID ? Number(text) : undefined;
}

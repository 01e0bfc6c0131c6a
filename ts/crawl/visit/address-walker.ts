// Walks over the addresses of an `addr` or `addrv2` without making objects of them: a crawl is told each address about a hundred
// times, and looks it up by its bytes in the message.
//
// A payload that does not decode is dropped as a whole, as nodes do; see p2p/messages/addresses.ts for the format.

import { MAX_ADDRV2_BYTES } from '../../netaddr/encoding.ts';
import { NETWORK_NUMBERS } from '../../netaddr/networks/network.ts';
import { MAX_ADDRESSES } from '../../p2p/messages/addresses.ts';

/** Our network numbers by BIP 155 id; 0 for an unknown network. */
const NETWORK_BY_BIP155_ID: readonly number[] = [
  0,
  NETWORK_NUMBERS.ipv4,
  NETWORK_NUMBERS.ipv6,
  0,
  NETWORK_NUMBERS.onion,
  NETWORK_NUMBERS.i2p,
  NETWORK_NUMBERS.cjdns,
];
const BYTES_BY_NUMBER: readonly number[] = [0, 4, 16, 32, 32, 16];

/** Size of an `addr` entry: time, services, address, port. */
const V1_ENTRY_BYTES = 30;
const V1_ADDRESS_OFFSET = 12;

/** Reads entry after entry. Its fields describe the entry that `next` moved to. */
export class AddressWalker {
  bytes: Uint8Array = new Uint8Array(0);
  /** One of `NETWORK_NUMBERS`; 0 for an address that cannot be dialed. */
  network = 0;
  /** Offset of the address in `bytes`. */
  offset = 0;
  port = 0;
  timeSeconds = 0;
  /** The low 32 bits of the services. */
  services = 0;
  /** Number of entries in the message. */
  count = 0;
  #isV2 = false;
  #at = 0;
  #left = 0;

  /**
   * Begins to walk over a message.
   *
   * @param payload - Lent until the walk is over.
   * @returns Whether it decodes, and has no more addresses than a message may.
   */
  begin(isV2: boolean, payload: Uint8Array): boolean {
    this.bytes = payload;
    this.#isV2 = isV2;
    const width = widthOfCompactSize(payload, 0);
    const count = width === 0 ? -1 : compactSizeAt(payload, 0, width);
    if (count < 0 || count > MAX_ADDRESSES) return false;
    this.count = count;
    this.#left = count;
    this.#at = width;
    return isV2 ? isSoundV2(payload, width, count) : width + count * V1_ENTRY_BYTES <= payload.length;
  }

  /** Moves to the next entry. @returns False at the end. */
  next(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    if (this.#isV2) this.#nextV2();
    else this.#nextV1();
    return true;
  }

  #nextV1(): void {
    const { bytes } = this;
    const at = this.#at;
    this.timeSeconds = uint32(bytes, at);
    this.services = uint32(bytes, at + 4);
    this.offset = at + V1_ADDRESS_OFFSET;
    this.network = NETWORK_NUMBERS.ipv6;
    this.#foldIPv6();
    this.port = (bytes[at + 28]! << 8) | bytes[at + 29]!;
    this.#at = at + V1_ENTRY_BYTES;
  }

  /** The entry is sound: `begin` checked it. */
  #nextV2(): void {
    const { bytes } = this;
    let at = this.#at;
    this.timeSeconds = uint32(bytes, at);
    at += 4;
    const width = widthOfCompactSize(bytes, at);
    this.services = width === 9 ? uint32(bytes, at + 1) : compactSizeAt(bytes, at, width);
    at += width;
    const network = NETWORK_BY_BIP155_ID[bytes[at]!] ?? 0;
    const lengthWidth = widthOfCompactSize(bytes, at + 1);
    const length = compactSizeAt(bytes, at + 1, lengthWidth);
    at += 1 + lengthWidth;
    this.network = network;
    this.offset = at;
    // `addrv2` has a network of its own for IPv4: an IPv4 address in IPv6 form is dropped.
    if (network === NETWORK_NUMBERS.ipv6) {
      this.#foldIPv6();
      if (this.network !== NETWORK_NUMBERS.ipv6) this.network = 0;
    }
    at += length;
    this.port = (bytes[at]! << 8) | bytes[at + 1]!;
    this.#at = at + 2;
  }

  /**
   * Resolves an IPv6 address that embeds another one: IPv4, or one that cannot be dialed. (Ranges: netaddr/networks/embedded.ts)
   */
  #foldIPv6(): void {
    const { bytes, offset } = this;
    const first = (bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
    if (first === 0) {
      for (let index = 4; index < 10; index++) if (bytes[offset + index] !== 0) return;
      if (bytes[offset + 10] !== 0xff || bytes[offset + 11] !== 0xff) return;
      this.network = NETWORK_NUMBERS.ipv4;
      this.offset = offset + 12;
      return;
    }
    const isTorV2 = first >>> 0 === 0xfd87_d87e && bytes[offset + 4] === 0xeb && bytes[offset + 5] === 0x43;
    const isInternal = first >>> 0 === 0xfd6b_88c0 && bytes[offset + 4] === 0x87 && bytes[offset + 5] === 0x24;
    if (isTorV2 || isInternal) this.network = 0;
  }
}

/** Whether `count` entries of `addrv2` decode. Bytes behind the last one are ignored. */
function isSoundV2(bytes: Uint8Array, start: number, count: number): boolean {
  let at = start;
  for (let left = count; left > 0; left--) {
    at += 4;
    const width = widthOfCompactSize(bytes, at);
    if (width === 0) return false;
    at += width;
    const network = NETWORK_BY_BIP155_ID[bytes[at] ?? -1] ?? 0;
    const lengthWidth = widthOfCompactSize(bytes, at + 1);
    if (lengthWidth === 0) return false;
    const length = compactSizeAt(bytes, at + 1, lengthWidth);
    if (length > MAX_ADDRV2_BYTES || (network !== 0 && length !== BYTES_BY_NUMBER[network])) return false;
    at += 1 + lengthWidth + length + 2;
    if (at > bytes.length) return false;
  }
  return true;
}

/** Size of a CompactSize in bytes; 0 if it is truncated or not the shortest encoding. */
function widthOfCompactSize(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first === undefined) return 0;
  if (first < 0xfd) return 1;
  const width = first === 0xfd ? 3 : first === 0xfe ? 5 : 9;
  if (at + width > bytes.length) return 0;
  const least = width === 3 ? 0xfd : width === 5 ? 0x1_0000 : 0x1_0000_0000;
  return compactSizeAt(bytes, at, width) < least ? 0 : width;
}

/** Its value. Numbers beyond 2^53 lose low bits. */
function compactSizeAt(bytes: Uint8Array, at: number, width: number): number {
  if (width === 1) return bytes[at]!;
  let value = 0;
  for (let index = at + width - 1; index > at; index--) value = value * 256 + bytes[index]!;
  return value;
}

function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

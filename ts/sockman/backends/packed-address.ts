// Addresses as bytes for the native boundary; native/core/address.h documents the layout.

import { NetAddress } from '../../netaddr/net-address.ts';
import { Service } from '../../netaddr/service.ts';
import { lazily } from '../../util/load-later.ts';

const KIND_UNIX = 1;
const KIND_IPV4 = 4;
const KIND_IPV6 = 6;

/** Bytes before the address proper: kind, port, scope id. */
const HEADER_BYTES = 7;

/** Size that holds any address: the header and the longest path of a Unix-domain socket. */
export const MAX_PACKED_BYTES = HEADER_BYTES + 107;

/** Longest path that the platform's `sun_path` holds, in bytes: 104 with the terminating zero on macOS and the BSDs. (unix(4)) */
const MAX_SOCKET_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/** Whether a path is too long for a socket to be bound or connected to it. */
export function isTooLongForSocket(path: string): boolean {
  return process.platform !== 'win32' && Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES;
}

/** The packed form of an address that a socket can have; undefined for all others (onion, I2P, internal). */
export function packAddress(service: Service): Uint8Array | undefined {
  const { address, port, unixPath } = service;
  if (unixPath !== undefined) {
    const path = new TextEncoder().encode(unixPath);
    const packed = new Uint8Array(HEADER_BYTES + path.length);
    packed[0] = KIND_UNIX;
    packed.set(path, HEADER_BYTES);
    return packed;
  }
  const kind = address.network === 'ipv4' ? KIND_IPV4 : KIND_IPV6;
  if (kind === KIND_IPV6 && address.network !== 'ipv6' && address.network !== 'cjdns') return undefined;
  const { bytes, scopeId } = address;
  const packed = new Uint8Array(HEADER_BYTES + bytes.length);
  packed[0] = kind;
  packed[1] = port >>> 8;
  packed[2] = port;
  for (let at = 0; at < 4; at++) packed[3 + at] = scopeId >>> (24 - 8 * at);
  packed.set(bytes, HEADER_BYTES);
  return packed;
}

/** Decodes paths: strictly, and with a byte order mark as a character of the name. */
const pathDecoder = lazily(() => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }));

/**
 * Reads the first `length` bytes of `packed`; IPv4 in IPv6 becomes IPv4. Undefined for a path that is not valid UTF-8: a
 * kernel takes any bytes as a name, a `Service` only text.
 */
export function unpackAddress(packed: Uint8Array, length: number): Service | undefined {
  // `slice` looks for a species first, and that takes longer than the rest.
  const bytes = new Uint8Array(length - HEADER_BYTES);
  for (let at = 0; at < bytes.length; at++) bytes[at] = packed[HEADER_BYTES + at]!;
  if (packed[0] === KIND_UNIX) {
    try {
      return Service.unix(pathDecoder().decode(bytes));
    } catch {
      return undefined;
    }
  }
  const port = (packed[1]! << 8) | packed[2]!;
  if (packed[0] === KIND_IPV4) return new Service(new NetAddress('ipv4', bytes), port);
  const scopeId = ((packed[3]! << 24) | (packed[4]! << 16) | (packed[5]! << 8) | packed[6]!) >>> 0;
  return new Service(NetAddress.fromIPv6Bytes(bytes, scopeId), port);
}

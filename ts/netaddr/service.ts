// An endpoint to connect to or listen on: an address and a port, or the path of a Unix-domain socket.
//
// (Bitcoin Core src/netaddress.h, class CService; Unix-domain paths are a proxy's matter there)

import { invalidArg, outOfRange } from '../util/errors/errors.ts';
import { addressHint } from './address-hint.ts';
import { NetAddress } from './net-address.ts';
import { splitHostPort } from './text/split-host-port.ts';

/** What the text of a Unix-domain socket starts with. */
const UNIX_PREFIX = 'unix:';

/** Longest path of a Unix-domain socket, in bytes: Linux's `sun_path` less its terminating zero. (unix(7)) */
export const MAX_UNIX_PATH_BYTES = 107;

/** Longest text that can be an endpoint; each form is shorter. Longer text is not looked at. */
const MAX_TEXT_CHARS = 256;

/**
 * An immutable endpoint: address and port, or a Unix-domain path.
 *
 * @see Bitcoin Core src/netaddress.h
 */
export class Service {
  /** The address; `NetAddress.UNSPECIFIED` for a Unix-domain socket. */
  readonly address: NetAddress;
  /** The port, 0..65535; 0 for a Unix-domain socket, and the only one that I2P connects to. (SAM 3.1) */
  readonly port: number;
  /** The path of a Unix-domain socket; undefined for all others. */
  readonly unixPath: string | undefined;

  /**
   * Makes an endpoint from its parts. Cheap: the port's range is all that is checked.
   *
   * @param unixPath - Only for `Service.unix`, which checks it.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: the port is not an integer 0..65535.
   */
  constructor(address: NetAddress, port: number, unixPath: string | undefined = undefined) {
    if ((port & 0xffff) !== port) throw outOfRange('port', 'an integer 0..65535', port);
    this.address = address;
    this.port = port;
    this.unixPath = unixPath;
  }

  /**
   * Makes the endpoint of a Unix-domain socket.
   *
   * @param path - 1 to 107 bytes of UTF-8 without a zero byte.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: the path is empty, too long, or has a zero byte or half a character.
   */
  static unix(path: string): Service {
    if (!isUnixPath(path)) throw notAPath(path);
    return new Service(NetAddress.UNSPECIFIED, 0, path);
  }

  /**
   * Reads `1.2.3.4:8333`, `[::1]:80`, `[fe80::1%eth0]:80`, `name.onion:8333`, `name.b32.i2p`, `unix:/path`.
   *
   * Port 0 is accepted: when listening, it means any port. An I2P name without a port has port 0, whatever the default.
   *
   * @param defaultPort - The port where the text has none; left out, such text is refused.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not an endpoint. Names are not looked up.
   */
  static parse(text: string, defaultPort?: number): Service {
    const service = Service.tryParse(text, defaultPort);
    if (service === undefined) throw notAnEndpoint('service', text);
    return service;
  }

  /** Reads an endpoint as `parse` does; undefined for anything that is not one. */
  static tryParse(text: string, defaultPort?: number): Service | undefined {
    if (typeof text !== 'string' || text.length > MAX_TEXT_CHARS) return undefined;
    if (text.startsWith(UNIX_PREFIX)) {
      const path = text.slice(UNIX_PREFIX.length);
      return isUnixPath(path) ? Service.unix(path) : undefined;
    }
    const { host, port } = splitHostPort(text, -1);
    // One pair of brackets was removed; a second one is not part of an address.
    const address = host.startsWith('[') ? undefined : NetAddress.tryParse(host);
    if (address === undefined) return undefined;
    if (port !== -1) return new Service(address, port);
    if (address.isI2P()) return new Service(address, 0);
    return defaultPort === undefined ? undefined : new Service(address, defaultPort);
  }

  /** The endpoint as text that `parse` reads: `1.2.3.4:8333`, `[::1]:80`, `unix:/path`. */
  toString(): string {
    if (this.unixPath !== undefined) return UNIX_PREFIX + this.unixPath;
    const needsBrackets = this.address.network === 'ipv6' || this.address.network === 'cjdns';
    return needsBrackets ? `[${this.address}]:${this.port}` : `${this.address}:${this.port}`;
  }

  /** Whether address, port and path are the same. */
  equals(other: Service): boolean {
    return this.port === other.port && this.unixPath === other.unixPath && this.address.equals(other.address);
  }

  /** Orders by address, then port, then path: negative, zero (exactly when equal) or positive. */
  compare(other: Service): number {
    const difference = this.address.compare(other.address) || this.port - other.port;
    if (difference !== 0 || this.unixPath === other.unixPath) return difference;
    return (this.unixPath ?? '') < (other.unixPath ?? '') ? -1 : 1;
  }

  /** The bytes that enter hash keys: `address.getAddrBytes()`, then the port, high byte first. */
  getKey(): Uint8Array {
    const addrBytes = this.address.getAddrBytes();
    const key = new Uint8Array(addrBytes.length + 2);
    key.set(addrBytes);
    key[addrBytes.length] = this.port >> 8;
    key[addrBytes.length + 1] = this.port;
    return key;
  }

  /** The same endpoint with fc00::/8 read as CJDNS; see `NetAddress.toCJDNSIfInRange`. */
  toCJDNSIfInRange(): Service {
    const address = this.address.toCJDNSIfInRange();
    return address === this.address ? this : new Service(address, this.port);
  }
}

/** The error for a text that is not an endpoint, with the form that works. */
export function notAnEndpoint(name: string, text: unknown): TypeError {
  if (typeof text === 'string' && text.startsWith(UNIX_PREFIX)) return notAPath(text.slice(UNIX_PREFIX.length));
  const hint = typeof text === 'string' || typeof text === 'number' ? addressHint(String(text)) : '';
  return invalidArg(name, `an address with port, or unix:/path${hint === '' ? '' : ` (${hint})`}`, text);
}

function notAPath(path: string): TypeError {
  return invalidArg('path', `1..${MAX_UNIX_PATH_BYTES} bytes without zero`, path);
}

/** An endpoint as errors of Node name it: a Unix-domain socket has its path for address, and no port. */
export function addressAndPort({ address, port, unixPath }: Service): { address: string; port?: number } {
  return unixPath === undefined ? { address: address.toString(), port } : { address: unixPath };
}

function isUnixPath(path: string): boolean {
  if (typeof path !== 'string' || path === '') return false;
  // Half a surrogate pair has no UTF-8 form and would name another file.
  return Buffer.byteLength(path) <= MAX_UNIX_PATH_BYTES && !path.includes('\0') && !/\p{Surrogate}/u.test(path);
}

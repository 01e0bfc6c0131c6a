// The location of a proxy, a bridge or ourselves, as the user gives it: an address, or a name. Names are looked up once,
// when the node starts; a container has no other way to say where its Tor is. `SockMan` knows addresses only. (Bitcoin Core
// src/netbase.cpp, Lookup)

import { NamedEndpoint, parseNamedEndpoint } from '../../netaddr/named-endpoint.ts';
import { Service } from '../../netaddr/service.ts';
import { SockManError, invalidArg } from '../../util/errors/errors.ts';
import type { HostLookup } from './name-lookup.ts';

/** An address or a name. */
export type Endpoint = Service | NamedEndpoint;

/**
 * The address of an endpoint; of a name, the first.
 *
 * @param option - The option's name, for the error.
 * @throws {SockManError} `ERR_SOCKMAN_SYSTEM`: the name has no address.
 */
export async function lookUpEndpoint(option: string, endpoint: NamedEndpoint, lookUp: HostLookup): Promise<Service> {
  const [address] = await lookUp(endpoint.host);
  if (address !== undefined) return new Service(address, endpoint.port);
  const details = { syscall: 'getaddrinfo', address: String(endpoint) };
  throw new SockManError('ERR_SOCKMAN_SYSTEM', `${option}: ${endpoint} has no address`, details);
}

/**
 * An address of TCP or a name, with or without port.
 *
 * @param mayLookUp - Whether names are taken.
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`, naming the option.
 */
export function parseEndpoint(option: string, text: string, defaultPort: number, mayLookUp: boolean): Endpoint {
  if (typeof text !== 'string') throw invalidArg(option, 'a string', text);
  const endpoint = Service.tryParse(text, defaultPort) ?? parseNamedEndpoint(text, defaultPort);
  if (endpoint instanceof NamedEndpoint && !mayLookUp) throw invalidArg(option, 'an address, since dns is off', text);
  const isUsable = endpoint instanceof NamedEndpoint || endpoint?.unixPath === undefined;
  if (endpoint === undefined || !isUsable) throw invalidArg(option, 'an address or a name, with or without port', text);
  return endpoint;
}

/** As `parseEndpoint`, for a server: port 0 is refused. */
export function parseServer(option: string, text: string, defaultPort: number, mayLookUp: boolean): Endpoint {
  const endpoint = parseEndpoint(option, text, defaultPort, mayLookUp);
  if (endpoint.port === 0) throw invalidArg(option, 'a port', text);
  return endpoint;
}

/**
 * Checks that a text can name a peer: an address or a name, with or without port.
 *
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`, naming the option.
 */
export function checkPeer(option: string, text: string, defaultPort: number): void {
  const endpoint = parseEndpoint(option, text, defaultPort, true);
  // I2P has no ports.
  const needsPort = endpoint instanceof NamedEndpoint || !endpoint.address.isI2P();
  if (needsPort && endpoint.port === 0) throw invalidArg(option, 'a port', text);
}

// The SOCKS5 proxy of each network, from the options `proxy` and `onion`.
//
//   proxy: ADDRESS              IPv4, IPv6, CJDNS and onion addresses, and names
//   proxy: ADDRESS=ipv4         that network, and names; likewise ipv6
//   proxy: ADDRESS=onion        that network only; likewise cjdns
//   proxy: 0, 0=NETWORK, ''     takes away what an earlier one gave
//   onion: ADDRESS              onion addresses only, and before `proxy`
//   onion: false, 0             no onion addresses, whatever `proxy` says; '' leaves them to `proxy`
//
// ADDRESS is `address`, `address:port`, `name`, `name:port` or `unix:/path`; several proxies act in their order. Names are
// looked up when the node starts. (Bitcoin Core src/init.cpp, AppInitMain)

import { Service } from '../../netaddr/service.ts';
import { invalidArg } from '../../util/errors/errors.ts';
import { parseServer } from './endpoint.ts';
import type { Endpoint } from './endpoint.ts';

/** Port of a SOCKS5 proxy that names none: Tor's. */
export const DEFAULT_PROXY_PORT = 9_050;

/** Port of a SAM bridge that names none. */
export const DEFAULT_SAM_PORT = 7_656;

/** What a SOCKS5 proxy is used for: a network, or looking up names. */
export type Route = 'ipv4' | 'ipv6' | 'onion' | 'cjdns' | 'names';

/** The proxy of each; undefined for none. */
export type ProxyRoutes = Readonly<Record<Route, Endpoint | undefined>>;

const ALL_ROUTES: readonly Route[] = ['ipv4', 'ipv6', 'onion', 'cjdns', 'names'];

/** What a proxy for one network is used for. Names may resolve to addresses of either IP version. */
const ROUTES_BY_SUFFIX: ReadonlyMap<string, readonly Route[]> = new Map<string, Route[]>([
  ['ipv4', ['ipv4', 'names']],
  ['ipv6', ['ipv6', 'names']],
  ['onion', ['onion']],
  ['cjdns', ['cjdns']],
]);

/** Texts for no proxy. */
const NOTHING: readonly string[] = ['', '0'];

/**
 * Reads both options.
 *
 * @param mayLookUp - Whether proxies may have names.
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not a text, not an address, port 0, a path that is too long, a network
 * without SOCKS5 proxies, or nothing after `=`.
 */
export function resolveProxyRoutes(
  proxy: string | readonly string[] = [],
  onion: string | false | undefined = '',
  mayLookUp: boolean = true,
): ProxyRoutes {
  const routes: Record<Route, Endpoint | undefined> = {
    ipv4: undefined,
    ipv6: undefined,
    onion: undefined,
    cjdns: undefined,
    names: undefined,
  };
  for (const text of typeof proxy === 'string' ? [proxy] : toTexts(proxy)) {
    const { endpoint, leadsTo } = readProxy(text, mayLookUp);
    for (const route of leadsTo) routes[route] = endpoint;
  }
  if (onion === false || onion === '0') routes.onion = undefined;
  else if (onion !== '') routes.onion = parseProxy('onion', onion, mayLookUp);
  return routes;
}

/** Whether the option `proxy` is used for anything. */
export function hasAnyRoute(routes: ProxyRoutes): boolean {
  return ALL_ROUTES.some((route) => routes[route] !== undefined);
}

function parseProxy(option: string, text: string, mayLookUp: boolean): Endpoint {
  const service = Service.tryParse(text, DEFAULT_PROXY_PORT);
  if (service?.unixPath !== undefined) return service;
  return parseServer(option, text, DEFAULT_PROXY_PORT, mayLookUp);
}

/** One proxy, with or without a network after the last `=`. */
function readProxy(text: string, mayLookUp: boolean): { endpoint: Endpoint | undefined; leadsTo: readonly Route[] } {
  const equals = text.lastIndexOf('=');
  const address = equals < 0 ? text : text.slice(0, equals);
  const leadsTo = equals < 0 ? ALL_ROUTES : ROUTES_BY_SUFFIX.get(text.slice(equals + 1).toLowerCase());
  if (leadsTo === undefined) {
    throw invalidArg('proxy', `nothing or one of ${[...ROUTES_BY_SUFFIX.keys()].join(', ')} behind its address`, text);
  }
  if (NOTHING.includes(address)) return { endpoint: undefined, leadsTo };
  return { endpoint: parseProxy('proxy', address, mayLookUp), leadsTo };
}

function toTexts(value: readonly string[]): readonly string[] {
  const isTexts = Array.isArray(value) && value.every((text) => typeof text === 'string');
  if (!isTexts) throw invalidArg('proxy', 'a string or an array of strings', value);
  return value;
}

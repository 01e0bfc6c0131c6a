// The networks of a crawl and the proxies to them: the same options as a node's.

import { DEFAULT_SAM_PORT, resolveProxyRoutes } from '../../connman/settings/proxy-routes.ts';
import { lookUpEndpoint } from '../../connman/settings/endpoint.ts';
import type { Endpoint } from '../../connman/settings/endpoint.ts';
import { lookUpHost } from '../../connman/settings/name-lookup.ts';
import type { Route, Routes } from '../../crawl/visit/routes.ts';
import type { Proxy } from '../../sockman/dial/connect-options.ts';
import { Service } from '../../netaddr/service.ts';
import type { PublicNetworkName } from '../../netaddr/networks/network.ts';
import { REPORT_NETWORKS } from '../../crawl/report/tally/summary.ts';
import { UsageError } from '../options.ts';
import { ofNames } from '../run.ts';

/** The networks of a crawl. */
const NETWORKS: ReadonlySet<string> = new Set(REPORT_NETWORKS);

/** The values of the options. */
export interface RouteArguments {
  readonly proxies: readonly string[];
  readonly samBridge: string | undefined;
  readonly cjdns: boolean;
  /** Only these networks; empty for all reachable ones. */
  readonly onlyNetworks: readonly string[];
}

/** The routes, and the proxy that looks up names; undefined if the system does. */
export interface CrawlRoutes {
  readonly routes: Routes;
  readonly nameProxy: Proxy | undefined;
}

/** @throws {UsageError} A value is not a proxy or not a network. */
export async function readRoutes({ proxies, samBridge, cjdns, onlyNetworks }: RouteArguments): Promise<CrawlRoutes> {
  const given = orUsageError(() => resolveProxyRoutes(proxies));
  const routes: Partial<Record<PublicNetworkName, Route>> = { ipv4: 'direct', ipv6: 'direct' };
  if (cjdns) routes.cjdns = 'direct';
  for (const network of ['ipv4', 'ipv6', 'onion', 'cjdns'] as const) {
    const endpoint = given[network];
    if (endpoint === undefined) continue;
    routes[network] = {
      endpoint: await endpointOf(endpoint),
      ...(network === 'onion' ? { streamIsolation: true } : {}),
    };
  }
  if (samBridge !== undefined) {
    const endpoint = Service.tryParse(samBridge, DEFAULT_SAM_PORT);
    if (endpoint === undefined) throw new UsageError(`--i2psam: expected an address, got '${samBridge}'`);
    routes.i2p = { endpoint };
  }
  const only = new Set(onlyNetworks);
  for (const name of Object.keys(routes))
    if (only.size > 0 && !only.has(name)) delete routes[name as PublicNetworkName];
  for (const name of only) {
    if (!NETWORKS.has(name)) throw new UsageError(`--onlynet: expected ${[...NETWORKS].join(', ')}, got '${name}'`);
    if (!(name in routes)) throw new UsageError(`--onlynet: ${name} cannot be reached without a proxy or --cjdns`);
  }
  const { names } = given;
  return { routes, nameProxy: names === undefined ? undefined : { endpoint: await endpointOf(names) } };
}

/** The address of a proxy; the system looks up a name. */
async function endpointOf(endpoint: Endpoint): Promise<Service> {
  return endpoint instanceof Service ? endpoint : ofNames(lookUpEndpoint('proxy', endpoint, lookUpHost));
}

function orUsageError<Value>(make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    throw new UsageError(`--${(error as Error).message}`);
  }
}

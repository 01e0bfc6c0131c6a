// The networks that are wanted, the way to each, and whether connections are allowed at all.
//
// Reachable networks limit what is done automatically: dials, the addresses kept from gossip and seeds, own addresses.
// Inbound and manual connections are the user's business and not touched by it.

import type { NetAddress } from '../../netaddr/net-address.ts';
import { NamedEndpoint } from '../../netaddr/named-endpoint.ts';
import type { NetworkClass, PublicNetworkName } from '../../netaddr/networks/network.ts';
import { Service } from '../../netaddr/service.ts';
import { checkSessionOptions } from '../../sockman/dial/connect-options.ts';
import type { Proxy } from '../../sockman/dial/connect-options.ts';
import type { Endpoint } from '../settings/endpoint.ts';
import type { ProxyRoutes, Route } from '../settings/proxy-routes.ts';

/** How to reach the networks. */
export interface NetworkStateOptions {
  readonly onlyNet: readonly PublicNetworkName[] | undefined;
  readonly cjdnsReachable: boolean;
  readonly proxyRoutes: ProxyRoutes;
  readonly isOnionForbidden: boolean;
  readonly i2pSam: Endpoint | undefined;
  readonly i2pSessionOptions: string | undefined;
  readonly proxyRandomize: boolean;
  readonly networkActive: boolean;
}

/** Destinations of a proxy, or of the I2P bridge. */
type ProxiedRoute = Route | 'i2p';

/** A proxy whose name was not looked up yet. */
interface NamedProxy {
  readonly route: ProxiedRoute;
  readonly endpoint: NamedEndpoint;
}

const NETWORKS: readonly PublicNetworkName[] = ['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns'];

/** State of the networks of one `Connman`. */
export class NetworkState {
  isActive: boolean;
  readonly cjdnsReachable: boolean;
  readonly proxyRandomize: boolean;
  readonly #proxies = new Map<NetworkClass | 'names', Proxy>();
  /** Proxies whose names were not looked up yet. */
  readonly #named: NamedProxy[] = [];
  readonly #i2pSessionOptions: string | undefined;
  readonly #isOnionForbidden: boolean;
  readonly #onlyNet: readonly PublicNetworkName[] | undefined;
  readonly #reachable: Set<NetworkClass>;

  /** @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: the options of I2P sessions are malformed. */
  constructor(options: NetworkStateOptions) {
    this.isActive = options.networkActive;
    this.cjdnsReachable = options.cjdnsReachable;
    this.proxyRandomize = options.proxyRandomize;
    const { proxyRoutes, i2pSessionOptions } = options;
    if (i2pSessionOptions !== undefined) checkSessionOptions('i2pSessionOptions', i2pSessionOptions);
    this.#i2pSessionOptions = i2pSessionOptions;
    for (const route of ['ipv4', 'ipv6', 'onion', 'cjdns', 'names'] as const) this.#note(route, proxyRoutes[route]);
    this.#note('i2p', options.i2pSam);
    this.#isOnionForbidden = options.isOnionForbidden;
    this.#onlyNet = options.onlyNet;
    this.#reachable = new Set(options.onlyNet ?? NETWORKS);
    // Addresses of these classes are never dialed or stored, so nothing excludes them.
    this.#reachable.add('not_publicly_routable').add('internal');
    if (!options.cjdnsReachable) this.#reachable.delete('cjdns');
    if (proxyRoutes.onion === undefined) this.#reachable.delete('onion');
    if (options.i2pSam === undefined) this.#reachable.delete('i2p');
  }

  /** The proxy that looks up names; undefined if the host does. */
  get nameProxy(): Proxy | undefined {
    return this.#proxies.get('names');
  }

  /** Proxies without address: nothing may be dialed while there are any. */
  get namedProxies(): readonly NamedProxy[] {
    return this.#named;
  }

  /**
   * Looks up the names of proxies, each once.
   *
   * @param lookUp - Returns the address, or rejects, which ends the look-up.
   */
  async lookUpProxies(lookUp: (option: string, name: NamedEndpoint) => Promise<Service>): Promise<void> {
    const found = new Map<string, Service>();
    for (const { route, endpoint } of this.#named) {
      const name = String(endpoint);
      const service = found.get(name) ?? (await lookUp(route === 'i2p' ? 'i2pSam' : 'proxy', endpoint));
      found.set(name, service);
      this.#use(route, service);
    }
    this.#named.length = 0;
  }

  /** Whether automatic dials, gossip and own addresses of a network are wanted. */
  isReachable(network: NetworkClass): boolean {
    return this.#reachable.has(network);
  }

  /** The reachable networks that nodes can be on. */
  reachableNetworks(): PublicNetworkName[] {
    return NETWORKS.filter((network) => this.#reachable.has(network));
  }

  /** Makes a network reachable or not; it may become reachable later. */
  setReachable(network: PublicNetworkName, isReachable: boolean): void {
    if (isReachable) this.#reachable.add(network);
    else this.#reachable.delete(network);
  }

  /**
   * Sets the proxy for onion addresses that a Tor controller found. They become reachable, unless only other networks are
   * wanted. Without effect if the user forbade them.
   */
  useOnionProxy(endpoint: Service): void {
    if (this.#isOnionForbidden) return;
    this.#proxies.set('onion', { endpoint, streamIsolation: true });
    if (this.#onlyNet === undefined || this.#onlyNet.includes('onion')) this.#reachable.add('onion');
  }

  /** The proxy for addresses of a network; undefined for direct dials. */
  proxyFor(network: NetworkClass): Proxy | undefined {
    return this.#proxies.get(network);
  }

  /** Whether this is the address of a proxy: it does not identify a peer. */
  isProxy(address: NetAddress): boolean {
    for (const { endpoint } of this.#proxies.values()) {
      if (endpoint instanceof Service && endpoint.unixPath === undefined && endpoint.address.equals(address))
        return true;
    }
    return false;
  }

  #note(route: ProxiedRoute, endpoint: Endpoint | undefined): void {
    if (endpoint instanceof NamedEndpoint) this.#named.push({ route, endpoint });
    else if (endpoint !== undefined) this.#use(route, endpoint);
  }

  #use(route: ProxiedRoute, endpoint: Service): void {
    const sessionOptions = this.#i2pSessionOptions;
    const sam = { endpoint, ...(sessionOptions !== undefined && { sessionOptions }) };
    this.#proxies.set(route, route === 'i2p' ? sam : { endpoint, streamIsolation: this.proxyRandomize });
  }
}

// Which networks are wanted, how each is reached, and whether there is to be any connection at all.
//
// Reachable networks limit what is done automatically: dials, the addresses kept from gossip and seeds, own addresses.
// Inbound and manual connections are the user's business and not touched by it.

import type { NetAddress } from '../../netaddr/net-address.ts';
import type { NetworkClass, PublicNetworkName } from '../../netaddr/network.ts';
import { Service } from '../../netaddr/service.ts';
import { checkSessionOptions } from '../../sockman/dial/connect-options.ts';
import type { Proxy } from '../../sockman/dial/connect-options.ts';
import { invalidArg } from '../../util/errors.ts';
import { parseProxyAddress } from '../settings/proxy-routes.ts';
import type { ProxyRoutes } from '../settings/proxy-routes.ts';

/** Port of a SAM bridge that names none. */
export const DEFAULT_SAM_PORT = 7_656;

/** How the networks are to be reached. */
export interface NetworkStateOptions {
  readonly onlyNet: readonly PublicNetworkName[] | undefined;
  readonly cjdnsReachable: boolean;
  readonly proxyRoutes: ProxyRoutes;
  readonly i2pSam: string | undefined;
  readonly i2pSessionOptions: string | undefined;
  readonly proxyRandomize: boolean;
  readonly networkActive: boolean;
}

const NETWORKS: readonly PublicNetworkName[] = ['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns'];

/** State of the networks of one `Connman`. */
export class NetworkState {
  isActive: boolean;
  /** The proxy that looks up names in place of us; undefined when the host does. */
  readonly nameProxy: Proxy | undefined;
  readonly cjdnsReachable: boolean;
  readonly proxyRandomize: boolean;
  readonly #proxies = new Map<NetworkClass, Proxy>();
  readonly #onlyNet: readonly PublicNetworkName[] | undefined;
  readonly #reachable: Set<NetworkClass>;

  /** @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: the SAM bridge is no address. */
  constructor(options: NetworkStateOptions) {
    this.isActive = options.networkActive;
    this.cjdnsReachable = options.cjdnsReachable;
    this.proxyRandomize = options.proxyRandomize;
    const { proxyRoutes } = options;
    this.nameProxy = this.#proxyAt(proxyRoutes.names);
    for (const network of ['ipv4', 'ipv6', 'onion', 'cjdns'] as const) {
      const proxy = this.#proxyAt(proxyRoutes[network]);
      if (proxy !== undefined) this.#proxies.set(network, proxy);
    }
    if (options.i2pSam !== undefined) {
      const endpoint = parseProxyAddress('i2pSam', options.i2pSam, DEFAULT_SAM_PORT);
      if (endpoint.unixPath !== undefined) throw invalidArg('i2pSam', 'an address of TCP', options.i2pSam);
      const { i2pSessionOptions: sessionOptions } = options;
      if (sessionOptions !== undefined) checkSessionOptions('i2pSessionOptions', sessionOptions);
      this.#proxies.set('i2p', { endpoint, ...(sessionOptions !== undefined && { sessionOptions }) });
    }
    this.#onlyNet = options.onlyNet;
    this.#reachable = new Set(options.onlyNet ?? NETWORKS);
    // What is neither routable nor stored has nothing to be excluded from.
    this.#reachable.add('not_publicly_routable').add('internal');
    if (!options.cjdnsReachable) this.#reachable.delete('cjdns');
    if (proxyRoutes.onion === undefined) this.#reachable.delete('onion');
    if (options.i2pSam === undefined) this.#reachable.delete('i2p');
  }

  /** Whether automatic dials, gossip and own addresses of a network are wanted. */
  isReachable(network: NetworkClass): boolean {
    return this.#reachable.has(network);
  }

  /** The reachable networks that nodes can be on. */
  reachableNetworks(): PublicNetworkName[] {
    return NETWORKS.filter((network) => this.#reachable.has(network));
  }

  /** A network may come into reach later. */
  setReachable(network: PublicNetworkName, isReachable: boolean): void {
    if (isReachable) this.#reachable.add(network);
    else this.#reachable.delete(network);
  }

  /** A Tor controller found the proxy for onion addresses. They come into reach, unless other networks alone are wanted. */
  useOnionProxy(endpoint: Service): void {
    this.#proxies.set('onion', { endpoint, streamIsolation: true });
    if (this.#onlyNet === undefined || this.#onlyNet.includes('onion')) this.#reachable.add('onion');
  }

  /** Through what an address of this network is dialed; undefined for directly. */
  proxyFor(network: NetworkClass): Proxy | undefined {
    return this.#proxies.get(network);
  }

  /** Whether this is the address of a proxy: a peer there is not somebody of its own. */
  isProxy(address: NetAddress): boolean {
    for (const { endpoint } of this.#proxies.values()) {
      if (endpoint instanceof Service && endpoint.unixPath === undefined && endpoint.address.equals(address))
        return true;
    }
    return false;
  }

  #proxyAt(endpoint: Service | undefined): Proxy | undefined {
    return endpoint && { endpoint, streamIsolation: this.proxyRandomize };
  }
}

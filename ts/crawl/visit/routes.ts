// The route to each network, and the time limits of a visit.

import type { PublicNetworkName } from '../../netaddr/networks/network.ts';
import type { Service } from '../../netaddr/service.ts';
import type { Proxy } from '../../sockman/dial/connect-options.ts';

/** How a network is reached: directly, through a SOCKS5 proxy, or for I2P through a SAM bridge. */
export type Route = 'direct' | Proxy;

/** The routes to the networks. A network without a route is not crawled. */
export type Routes = Readonly<Partial<Record<PublicNetworkName, Route>>>;

/** Time limits of a visit, in milliseconds. */
export interface VisitLimits {
  /**
   * From the dial to the connection. Through a proxy it covers only the connection to the proxy; the deadline limits the rest.
   */
  readonly connectTimeoutMs: number;
  /** From the dial to the end of the visit. */
  readonly deadlineMs: number;
  /** Time without further addresses after an answer, which ends the visit. */
  readonly quietMs: number;
}

/** Default limits: for the clear networks, and for those where a circuit is built first. */
export const CLEAR_LIMITS: VisitLimits = { connectTimeoutMs: 5_000, deadlineMs: 60_000, quietMs: 10_000 };
export const OVERLAY_LIMITS: VisitLimits = { connectTimeoutMs: 45_000, deadlineMs: 180_000, quietMs: 20_000 };

/** The routes without a proxy. */
export const DIRECT_ROUTES: Routes = { ipv4: 'direct', ipv6: 'direct' };

/** Whether an address belongs to an overlay network, in which a circuit is built first. */
export function isOverlay({ address }: Service): boolean {
  return address.isPrivacyNetwork();
}

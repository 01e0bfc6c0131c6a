// Which way each network is dialed, and how long one may wait there.

import type { PublicNetworkName } from '../../netaddr/networks/network.ts';
import type { Service } from '../../netaddr/service.ts';
import type { Proxy } from '../../sockman/dial/connect-options.ts';

/** How one network is reached: directly, or through a SOCKS5 proxy, for I2P a SAM bridge. */
export type Route = 'direct' | Proxy;

/** The ways to networks. One that is left out is not crawled. */
export type Routes = Readonly<Partial<Record<PublicNetworkName, Route>>>;

/** How long a visit may take, in milliseconds. */
export interface VisitLimits {
  /** Until the connection stands. Through a proxy this is the proxy's own part; the deadline limits the rest. */
  readonly connectTimeoutMs: number;
  /** Until the visit is over, from the dial. */
  readonly deadlineMs: number;
  /** After an answer, with no more addresses. */
  readonly quietMs: number;
}

/** Defaults: the clear networks, and those where a circuit is built first. */
export const CLEAR_LIMITS: VisitLimits = { connectTimeoutMs: 5_000, deadlineMs: 60_000, quietMs: 10_000 };
export const OVERLAY_LIMITS: VisitLimits = { connectTimeoutMs: 45_000, deadlineMs: 180_000, quietMs: 20_000 };

/** The routes without any proxy. */
export const DIRECT_ROUTES: Routes = { ipv4: 'direct', ipv6: 'direct' };

/** Whether a circuit of an overlay network is built for a connection. */
export function isOverlay({ address }: Service): boolean {
  return address.isPrivacyNetwork();
}

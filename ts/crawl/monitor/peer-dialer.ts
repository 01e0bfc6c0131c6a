// Dials peers for a monitor: each call gives a connection or a reason.

import type { PublicNetworkName } from '../../netaddr/networks/network.ts';
import type { Service } from '../../netaddr/service.ts';
import type { ConnectOptions } from '../../sockman/dial/connect-options.ts';
import type { DialResult } from '../../sockman/dial/dialer.ts';
import type { SockMan } from '../../sockman/sock-man.ts';
import type { ResolvedCrawlOptions } from '../crawl-options.ts';
import { isOverlay } from '../visit/routes.ts';

/** Whether the network of an address is reached through a proxy. Such a peer is not told its own address. */
export function isProxied({ routes }: ResolvedCrawlOptions, { address }: Service): boolean {
  return routes[address.network as PublicNetworkName] !== 'direct';
}

/** Dials by the route of the address's network, within the limits of a visit. */
export async function dialPeer(sockets: SockMan, options: ResolvedCrawlOptions, service: Service): Promise<DialResult> {
  const { connectTimeoutMs: timeoutMs, deadlineMs } = isOverlay(service) ? options.overlay : options.clear;
  const route = options.routes[service.address.network as PublicNetworkName];
  if (route === undefined || route === 'direct') return sockets.connectAndMakeNodeId(service, { timeoutMs });
  // Each step through a proxy has its own time limit. The deadline of a visit limits all of them together.
  const late = new AbortController();
  const timer = sockets.deadline(deadlineMs, () => late.abort());
  const through: ConnectOptions = { timeoutMs, proxy: route, signal: late.signal };
  try {
    return await sockets.connectAndMakeNodeId(service, through);
  } finally {
    timer.cancel();
  }
}

// Dials peers for a monitor: one call, one connection or a reason.

import type { PublicNetworkName } from '../../netaddr/networks/network.ts';
import type { Service } from '../../netaddr/service.ts';
import type { ConnectOptions } from '../../sockman/dial/connect-options.ts';
import type { DialResult } from '../../sockman/dial/dialer.ts';
import type { SockMan } from '../../sockman/sock-man.ts';
import type { ResolvedCrawlOptions } from '../crawl-options.ts';
import { isOverlay } from '../visit/routes.ts';

/** Whether the network of an address is reached through a proxy: it is told nothing of itself then. */
export function isProxied({ routes }: ResolvedCrawlOptions, { address }: Service): boolean {
  return routes[address.network as PublicNetworkName] !== 'direct';
}

/** Dials by the way of the address's network, within the limits of a visit. */
export async function dialPeer(sockets: SockMan, options: ResolvedCrawlOptions, service: Service): Promise<DialResult> {
  const { connectTimeoutMs: timeoutMs, deadlineMs } = isOverlay(service) ? options.overlay : options.clear;
  const route = options.routes[service.address.network as PublicNetworkName];
  if (route === undefined || route === 'direct') return sockets.connectAndMakeNodeId(service, { timeoutMs });
  // A proxy takes its time for each step: the deadline of a visit limits all of them.
  const late = new AbortController();
  const timer = sockets.deadline(deadlineMs, () => late.abort());
  const through: ConnectOptions = { timeoutMs, proxy: route, signal: late.signal };
  try {
    return await sockets.connectAndMakeNodeId(service, through);
  } finally {
    timer.cancel();
  }
}

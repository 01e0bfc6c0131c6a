// Whether an inbound connection becomes a peer. (Bitcoin Core src/net.cpp, CreateNodeFromAcceptedSocket)
//
// There is no limit per address and no rate limit: a crowd from one place is what eviction is for.

import type { Service } from '../../netaddr/service.ts';
import { Services } from '../../p2p/protocol.ts';
import type { ListenTarget } from './listen-plan.ts';
import type { NetworkState } from '../reach/network-state.ts';
import type { NodeMaker } from '../node/node-maker.ts';
import type { NodeTable } from '../node/node-table.ts';
import type { P2PNode } from '../node/peer.ts';
import { hasPermission } from '../node/permission-flags.ts';
import type { BanSource } from '../settings/options.ts';

/** What admission needs around it. */
export interface AdmissionHost {
  readonly table: NodeTable;
  readonly network: NetworkState;
  readonly maker: NodeMaker;
  readonly banMan: BanSource | undefined;
  readonly maxInbound: number;
  readonly localServices: bigint;
  findListener(me: Service): ListenTarget | undefined;
  /** What an inbound peer may do, by where it came in and, unless that is undefined, by where it is. */
  inboundPermissions(listener: ListenTarget | undefined, them: Service | undefined): number;
  /** Marks an inbound node to make room. @returns Whether there was one that may go. */
  evictOne(): boolean;
}

/** What became of a connection. */
export type Admission =
  { readonly node: P2PNode; readonly refusal: undefined } | { readonly node: undefined; readonly refusal: string };

/**
 * Decides about an accepted connection, in the order that Core does, and makes its node.
 *
 * @param accepted - Our end and theirs.
 */
export function admitInbound(host: AdmissionHost, id: number, accepted: { me: Service; them: Service }): Admission {
  const { banMan, maxInbound, network, table } = host;
  const [me, them] = network.cjdnsReachable
    ? [accepted.me.toCJDNSIfInRange(), accepted.them.toCJDNSIfInRange()]
    : [accepted.me, accepted.them];
  const listener = host.findListener(accepted.me);
  const isInboundOnion = listener?.isOnion ?? false;
  // The address of a peer from an onion service is that of the Tor process.
  const permissions = host.inboundPermissions(listener, isInboundOnion ? undefined : them);
  const isProtected = hasPermission(permissions, 'noban');

  if (!network.isActive) return refused('the network is off');
  if (!isProtected && banMan?.isBanned(them.address) === true) return refused('banned');
  // Those that are marked are gone before anybody could notice: they take no slot.
  const inboundCount = table.livingInboundCount;
  const isDiscouraged = banMan?.isDiscouraged(them.address) ?? false;
  if (isDiscouraged && !isProtected && inboundCount + 1 >= maxInbound) return refused('discouraged, and nearly full');
  if (inboundCount >= maxInbound && !host.evictOne()) return refused('full, and nobody to evict');
  const node = host.maker.make({
    id,
    addr: them,
    addrServices: Services.NONE,
    addrBind: me,
    dest: undefined,
    connectionType: 'inbound',
    isInboundOnion,
    permissions,
    preferEvict: isDiscouraged,
    usesV2: (host.localServices & Services.P2P_V2) !== 0n,
    proxyOverride: undefined,
  });
  return { node, refusal: undefined };
}

function refused(refusal: string): Admission {
  return { node: undefined, refusal };
}

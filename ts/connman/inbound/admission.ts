// Decides whether an inbound connection becomes a peer, and which peer makes room. (Bitcoin Core src/net.cpp,
// CreateNodeFromAcceptedSocket)
//
// There is no limit per address and no rate limit: a crowd from one place is what eviction is for.

import type { Service } from '../../netaddr/service.ts';
import { Services } from '../../p2p/protocol.ts';
import type { SockMan } from '../../sockman/sock-man.ts';
import type { Emitter } from '../../util/emitter.ts';
import type { ConnmanEvents } from '../contract/events.ts';
import type { NodeLifecycle } from '../contract/node-lifecycle.ts';
import { markAndClose } from '../node/mark-and-close.ts';
import type { NodeMaker } from '../node/node-maker.ts';
import type { NodeTable } from '../node/node-table.ts';
import type { P2PNode } from '../node/peer.ts';
import { hasPermission } from '../node/permission-flags.ts';
import type { LocalServices } from '../reach/local-services.ts';
import type { NetworkState } from '../reach/network-state.ts';
import type { ResolvedConnmanOptions } from '../settings/resolve-options.ts';
import { pickNodeToEvict } from './eviction.ts';
import type { OpenListeners } from './open-listeners.ts';
import type { Permissions } from './permissions.ts';

/** What admission depends on. */
export interface AdmissionParts {
  readonly settings: ResolvedConnmanOptions;
  readonly sockets: Pick<SockMan, 'closeConnection' | 'pauseAccepting' | 'resumeAccepting'>;
  readonly table: NodeTable;
  readonly network: NetworkState;
  readonly localServices: LocalServices;
  readonly listeners: OpenListeners;
  readonly permissions: Permissions;
  readonly maker: NodeMaker;
  readonly lifecycle: NodeLifecycle;
  readonly events: Emitter<ConnmanEvents>;
  /** Most inbound nodes. */
  readonly maxInbound: number;
}

/** Accepts or refuses connections for one `Connman`. */
export class Admission {
  readonly #parts: AdmissionParts;
  #isAcceptingRested = false;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /**
   * Makes a node of an accepted connection, or refuses it.
   *
   * @param me - Our end. @param them - Theirs.
   * @returns Whether the connection became a node.
   */
  accept(id: number, me: Service, them: Service): boolean {
    const { settings, localServices, lifecycle } = this.#parts;
    const admitted = this.#decide(id, me, them);
    if (typeof admitted !== 'string') return lifecycle.begin(admitted, localServices.bits);
    const from = settings.logIps ? ` from ${them}` : '';
    settings.logger.debug(`connection${from} dropped (${admitted})`);
    return false;
  }

  /** In the order that Core does. @returns The node, or why there is none. */
  #decide(id: number, boundMe: Service, acceptedThem: Service): P2PNode | string {
    const { settings, network, table, permissions, listeners, maker, localServices, maxInbound } = this.#parts;
    const { banMan } = settings;
    const [me, them] = network.cjdnsReachable
      ? [boundMe.toCJDNSIfInRange(), acceptedThem.toCJDNSIfInRange()]
      : [boundMe, acceptedThem];
    const listener = listeners.find(boundMe);
    const isInboundOnion = listener?.isOnion ?? false;
    // The address of a peer from an onion service is that of the Tor process.
    const granted = permissions.inbound(listener?.permissions, isInboundOnion ? undefined : them.address);
    const isProtected = hasPermission(granted, 'noban');

    if (!network.isActive) return 'the network is off';
    if (!isProtected && banMan?.isBanned(them.address) === true) return 'banned';
    // Those that are marked are gone before anybody could notice: they take no slot.
    const inboundCount = table.livingInboundCount;
    const isDiscouraged = banMan?.isDiscouraged(them.address) ?? false;
    if (isDiscouraged && !isProtected && inboundCount + 1 >= maxInbound) return 'discouraged, and nearly full';
    if (inboundCount >= maxInbound && !this.#evictOne()) return 'full, and nobody to evict';
    return maker.make({
      id,
      addr: them,
      addrServices: Services.NONE,
      addrBind: me,
      dest: undefined,
      connectionType: 'inbound',
      isInboundOnion,
      permissions: granted,
      preferEvict: isDiscouraged,
      usesV2: localServices.offersV2,
      proxyOverride: undefined,
    });
  }

  /** Makes room. @returns Whether there was a node that may go. */
  #evictOne(): boolean {
    const { settings, sockets, table, events, maxInbound } = this.#parts;
    const evicted = pickNodeToEvict(table, maxInbound, settings.clock.wallTimeMs());
    if (evicted === undefined) return false;
    markAndClose(sockets, evicted, 'evicted to make room');
    this.#restAccepting();
    events.emit('evictedInboundConnection', evicted);
    return true;
  }

  /** When the slots are full, peers just accepted are heard before the next are: the kernel keeps those meanwhile. */
  #restAccepting(): void {
    if (this.#isAcceptingRested) return;
    const { settings, sockets } = this.#parts;
    this.#isAcceptingRested = true;
    sockets.pauseAccepting();
    settings.clock.soon(() => {
      this.#isAcceptingRested = false;
      sockets.resumeAccepting();
    });
  }
}

// The dialing side of a `Connman`: its slots, and the tasks that take them.
//
// Either given peers are dialed and nobody else (`connect`), or the address book is, with seeds behind it; added nodes come
// beside both.

import type { PeerAddress } from '../../p2p/messages/addresses.ts';
import { invalidArg } from '../../util/errors/errors.ts';
import { MAX_ANCHORS } from '../../storage/anchors-file.ts';
import { AddedNodes } from './added-nodes.ts';
import type { AddressSource } from '../settings/address-source.ts';
import { MAX_ADDED_NODE_CONNECTIONS } from '../settings/budget.ts';
import type { ConnectionBudget } from '../settings/budget.ts';
import { keepConnecting } from './named-peers.ts';
import type { ConnectionType } from '../node/connection-types.ts';
import type { Dialing } from './dialing.ts';
import type { NetEvents } from '../contract/net-events.ts';
import type { NetworkState } from '../reach/network-state.ts';
import type { NodeTable } from '../node/node-table.ts';
import { OpenConnections } from './open-connections.ts';
import { PrivateBroadcasts } from './private-broadcast.ts';
import type { ResolvedConnmanOptions } from '../settings/resolve-options.ts';
import { askDnsSeeds } from './dns-seeds.ts';
import { SlotPool } from '../node/slots.ts';
import type { Tasks } from '../../util/time/background-tasks.ts';
import type { Service } from '../../netaddr/service.ts';

/** What dialing needs around it. */
export interface OutboundHost {
  readonly settings: ResolvedConnmanOptions;
  readonly budget: ConnectionBudget;
  readonly table: NodeTable;
  readonly network: NetworkState;
  readonly dialing: Dialing;
  readonly tasks: Tasks;
  readonly interrupt: AbortSignal;
  /** Whether we speak the encrypted transport. */
  readonly usesV2: boolean;
  isLocal(service: Service): boolean;
}

/** Dials for one `Connman`. */
export class Outbound {
  /** One more full-relay peer is wanted, because the tip looks stale. */
  tryNewOutboundPeer = false;
  /** A further block-relay-only peer is tried every few minutes. */
  wantsExtraBlockRelay = false;
  readonly addedNodes: AddedNodes;
  readonly slots: SlotPool;
  /** Undefined without the option, or an address book to choose from. */
  readonly privateBroadcasts: PrivateBroadcasts | undefined;
  readonly #host: OutboundHost;

  constructor(host: OutboundHost) {
    const { settings, table, interrupt, network } = host;
    this.#host = host;
    this.slots = new SlotPool(host.budget.outboundSlots);
    this.addedNodes = new AddedNodes({
      table,
      slots: new SlotPool(MAX_ADDED_NODE_CONNECTIONS),
      clock: settings.clock,
      interrupt,
      defaultPort: settings.chain.p2pPort,
      cjdnsReachable: network.cjdnsReachable,
      open: (request) => host.dialing.open(request),
    });
    for (const node of settings.addNode) this.addedNodes.add({ node, usesV2: host.usesV2 });
    const { addressBook } = settings;
    const broadcasts = settings.privateBroadcast && addressBook !== undefined;
    this.privateBroadcasts = broadcasts ? this.#makePrivateBroadcasts(addressBook) : undefined;
  }

  #makePrivateBroadcasts(addressBook: AddressSource): PrivateBroadcasts {
    const { settings, network, dialing, interrupt } = this.#host;
    const { clock, random, logger } = settings;
    const host = this.#host;
    return new PrivateBroadcasts({
      network,
      addressBook,
      clock,
      random,
      logger,
      interrupt,
      get usesV2() {
        return host.usesV2;
      },
      isLocal: (service) => host.isLocal(service),
      open: (request) => dialing.open(request),
    });
  }

  /** Whether dials come from an address book, and not only from a given list. */
  get usesAddressBook(): boolean {
    const { addressBook, dialsOnlyConnect } = this.#host.settings;
    return addressBook !== undefined && !dialsOnlyConnect;
  }

  /** Starts the tasks. @param anchors - Block-relay-only peers of the last run. */
  start(netEvents: NetEvents, anchors: readonly PeerAddress[]): void {
    const { settings, tasks, interrupt, dialing } = this.#host;
    const { addressBook, clock, connect } = settings;
    this.#warnOfMissingRoutes();
    tasks.run('added nodes', () => this.addedNodes.run());
    const { privateBroadcasts } = this;
    if (privateBroadcasts !== undefined) tasks.run('private broadcast', () => privateBroadcasts.run());
    if (connect.length > 0) {
      const open = (dest: string): Promise<boolean> =>
        dialing.open({ connectionType: 'manual', dest, usesV2: this.#host.usesV2 });
      tasks.run('connect', () => keepConnecting(connect, open, clock, interrupt));
    }
    const openConnections = this.usesAddressBook
      ? this.#openConnections(addressBook!, netEvents, [...anchors])
      : undefined;
    if (openConnections !== undefined) tasks.run('open connections', () => openConnections.run());
    if (settings.dnsSeed && addressBook !== undefined) {
      tasks.run('DNS seeds', () => this.#askDnsSeeds(addressBook, openConnections));
    }
  }

  /** Says what does not work yet for want of a proxy, in case nobody is going to name one. */
  #warnOfMissingRoutes(): void {
    const { settings, network } = this.#host;
    const { onlyNet, privateBroadcast, logger } = settings;
    if (onlyNet?.includes('onion') === true && !network.isReachable('onion')) {
      logger.warn('onlyNet names onion: nothing is dialed there before a proxy is named (useOnionProxy)');
    }
    if (privateBroadcast && !network.isReachable('onion') && !network.isReachable('i2p')) {
      logger.warn('privateBroadcast: nothing is sent before a proxy to Tor is named (useOnionProxy)');
    }
  }

  #openConnections(addressBook: AddressSource, netEvents: NetEvents, anchors: PeerAddress[]): OpenConnections {
    const { settings, budget, table, network, dialing, interrupt } = this.#host;
    const { chain, clock, random, logger, seedNode, netGroups, dnsSeed, addNode } = settings;
    const isOnlySource = !dnsSeed && seedNode.length === 0 && addNode.length === 0;
    const reachableNetworks = (): ReturnType<NetworkState['reachableNetworks']> => network.reachableNetworks();
    const fixedSeeds = { chain, addressBook, clock, random, isOnlySource, reachableNetworks };
    const outbound = this;
    return new OpenConnections({
      budget,
      table,
      slots: this.slots,
      logger,
      clock,
      random,
      interrupt,
      addressBook,
      anchors,
      seedNodes: seedNode,
      fixedSeeds: settings.fixedSeeds ? fixedSeeds : undefined,
      get tryNewOutboundPeer() {
        return outbound.tryNewOutboundPeer;
      },
      get wantsExtraBlockRelay() {
        return outbound.wantsExtraBlockRelay;
      },
      get offersV2() {
        return outbound.#host.usesV2;
      },
      reachableNetworks,
      isReachable: (name) => network.isReachable(name),
      isLocal: (service) => this.#host.isLocal(service),
      isDialing: (address) => dialing.isDialing(address),
      hasAllDesirableServiceFlags: (services) => netEvents.hasAllDesirableServiceFlags(services),
      addedNodes: () => this.addedNodes.names(),
      groupKey: (address) => Buffer.from(netGroups.group(address)).toString('latin1'),
      open: (request) => dialing.open(request),
    });
  }

  /** @param openConnections - Asks as peers what cannot be looked up; undefined where only given peers are dialed. */
  #askDnsSeeds(addressBook: AddressSource, openConnections: OpenConnections | undefined): Promise<void> {
    const { settings, table, network, interrupt } = this.#host;
    const { chain, clock, random, logger, lookUpHost, forceDnsSeed, seedNode } = settings;
    return askDnsSeeds({
      chain,
      addressBook,
      clock,
      random,
      interrupt,
      lookUpHost,
      logger,
      forceDnsSeed,
      hasSeedNodes: seedNode.length > 0,
      hasNameProxy: network.nameProxy !== undefined,
      get isNetworkActive() {
        return network.isActive;
      },
      connectedFullRelayCount: () => countReady(table, 'outbound-full-relay'),
      addAddrFetch: (name) => openConnections?.addAddrFetch(name),
    });
  }

  /** Up to two current block-relay-only peers, for the next run. */
  anchors(): PeerAddress[] {
    const nodes = [...this.#host.table.values()].filter((node) => node.isBlockRelay).slice(0, MAX_ANCHORS);
    return nodes.map(({ addr, addrServices, connectedAtMs }) => ({
      service: addr,
      services: addrServices,
      timeSeconds: Math.floor(connectedAtMs / 1_000),
    }));
  }

  /**
   * Dials by name as one of the automatic types, for tests and tools.
   *
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: any other type.
   */
  async addConnection(dest: string, connectionType: AddableType, usesV2: boolean): Promise<AddedConnection> {
    const { budget, table, dialing } = this.#host;
    const limits: Record<AddableType, number> = {
      'outbound-full-relay': budget.maxFullRelay,
      'block-relay-only': budget.maxBlockRelay,
      'addr-fetch': Infinity,
      feeler: Infinity,
    };
    if (!Object.hasOwn(limits, connectionType)) {
      throw invalidArg('type', `one of ${Object.keys(limits).join(', ')}`, connectionType);
    }
    if (table.countOf(connectionType) >= limits[connectionType]) return 'full';
    const grant = this.slots.tryAcquire();
    if (grant === undefined) return 'full';
    const isOpen = await dialing.open({ connectionType, dest, usesV2, grant });
    if (!isOpen) grant.release();
    return isOpen ? 'connected' : 'failed';
  }
}

/** The types that `addConnection` takes. */
export type AddableType = 'outbound-full-relay' | 'block-relay-only' | 'addr-fetch' | 'feeler';

/** What came of `addConnection`: `full` without a dial, at the limit of the type or with all slots taken. */
export type AddedConnection = 'connected' | 'failed' | 'full';

/** How many nodes of a type have done their handshake and are to stay. */
export function countReady(table: NodeTable, type: ConnectionType): number {
  let count = 0;
  for (const node of table.values()) {
    if (node.connectionType === type && node.isSuccessfullyConnected && !node.isMarkedForDisconnect) count++;
  }
  return count;
}

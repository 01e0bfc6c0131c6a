// The dialing side of a `Connman`: its slots, and the tasks that take them.
//
// Either given peers are dialed and no others (`connect`), or addresses from the book, with seeds as a fallback; added nodes
// come besides both.

import type { PeerAddress } from '../../p2p/messages/addresses.ts';
import { invalidArg } from '../../util/errors/errors.ts';
import { MAX_ANCHORS } from '../../storage/anchors-file.ts';
import { AddedNodes } from './added-nodes.ts';
import type { AddressSource } from '../settings/address-source.ts';
import { MAX_ADDED_NODE_CONNECTIONS } from '../settings/budget.ts';
import type { ConnectionBudget } from '../settings/budget.ts';
import { keepConnecting } from './named-peers.ts';
import type { Dialing } from './dialing.ts';
import type { NetEvents } from '../contract/net-events.ts';
import type { NetworkState } from '../reach/network-state.ts';
import type { NodeTable } from '../node/node-table.ts';
import { OpenConnections } from './open-connections.ts';
import type { OutboundWishes } from './open-connections.ts';
import { PrivateConnections } from './private-connections.ts';
import type { ResolvedConnmanOptions } from '../settings/resolve-options.ts';
import { askDnsSeeds } from './dns-seeds.ts';
import { FixedSeeds } from './fixed-seeds.ts';
import { SlotPool } from '../node/slots.ts';
import type { Tasks } from '../../util/time/background-tasks.ts';
import type { Emitter } from '../../util/emitter.ts';
import type { ConnmanEvents } from '../contract/events.ts';
import type { LocalAddresses } from '../reach/local-addresses.ts';
import type { LocalServices } from '../reach/local-services.ts';

/** What the dialing side depends on. */
export interface OutboundParts {
  readonly settings: ResolvedConnmanOptions;
  readonly budget: ConnectionBudget;
  readonly table: NodeTable;
  readonly network: NetworkState;
  readonly localAddresses: LocalAddresses;
  readonly localServices: LocalServices;
  readonly dialing: Dialing;
  readonly events: Emitter<ConnmanEvents>;
  readonly tasks: Tasks;
  readonly interrupt: AbortSignal;
}

/** Dials for one `Connman`. */
export class Outbound {
  readonly wishes: OutboundWishes = { tryNewOutboundPeer: false, wantsExtraBlockRelay: false };
  readonly addedNodes: AddedNodes;
  readonly slots: SlotPool;
  /** Undefined without the option, or an address book to choose from. */
  readonly privateConnections: PrivateConnections | undefined;
  readonly #parts: OutboundParts;

  constructor(parts: OutboundParts) {
    const { settings, budget, network, localServices } = parts;
    const { addressBook, clock } = settings;
    this.#parts = parts;
    this.slots = new SlotPool(budget.outboundSlots);
    this.addedNodes = new AddedNodes({
      ...parts,
      slots: new SlotPool(MAX_ADDED_NODE_CONNECTIONS),
      clock,
      defaultPort: settings.chain.p2pPort,
      cjdnsReachable: network.cjdnsReachable,
    });
    for (const node of settings.addNode) this.addedNodes.add({ node, usesV2: localServices.offersV2 });
    if (settings.privateBroadcast && addressBook !== undefined) {
      this.privateConnections = this.#makePrivateConnections(addressBook);
    }
  }

  #makePrivateConnections(addressBook: AddressSource): PrivateConnections {
    const { clock, random, logger } = this.#parts.settings;
    const connections = new PrivateConnections({ ...this.#parts, addressBook, clock, random, logger });
    this.#parts.events.on('outboundMessage', ({ node, message }) => {
      const isTorPeer = !node.isInbound && node.addr.address.isOnion();
      if (isTorPeer && message.type === 'verack') connections.noteTorWorks();
    });
    return connections;
  }

  /** Whether dials come from an address book, and not only from a given list. */
  get usesAddressBook(): boolean {
    const { addressBook, dialsOnlyConnect } = this.#parts.settings;
    return addressBook !== undefined && !dialsOnlyConnect;
  }

  /** Starts the tasks. @param anchors - Block-relay-only peers of the last run. */
  start(netEvents: NetEvents, anchors: readonly PeerAddress[]): void {
    const { settings, tasks, interrupt, dialing, localServices } = this.#parts;
    const { addressBook, clock, connect } = settings;
    this.#warnOfMissingRoutes();
    tasks.run('added nodes', () => this.addedNodes.run());
    const { privateConnections } = this;
    if (privateConnections !== undefined) tasks.run('private broadcast', () => privateConnections.run());
    if (connect.length > 0) {
      const open = (dest: string): Promise<boolean> =>
        dialing.open({ connectionType: 'manual', dest, usesV2: localServices.offersV2 });
      tasks.run('connect', () => keepConnecting(connect, open, clock, interrupt));
    }
    const openConnections = this.usesAddressBook
      ? this.#openConnections(addressBook!, netEvents, [...anchors])
      : undefined;
    if (openConnections !== undefined) tasks.run('open connections', () => openConnections.run());
    if (settings.dnsSeed && addressBook !== undefined) {
      tasks.run('DNS seeds', () => askDnsSeeds({ ...this.#parts, addressBook, openConnections }));
    }
  }

  /** Warns about networks without a proxy, in case none is set later. */
  #warnOfMissingRoutes(): void {
    const { settings, network } = this.#parts;
    const { onlyNet, privateBroadcast, logger } = settings;
    if (onlyNet?.includes('onion') === true && !network.isReachable('onion')) {
      logger.warn('onlyNet names onion: nothing is dialed there before a proxy is named (useOnionProxy)');
    }
    if (privateBroadcast && !network.isReachable('onion') && !network.isReachable('i2p')) {
      logger.warn('privateBroadcast: nothing is sent before a proxy to Tor is named (useOnionProxy)');
    }
  }

  #openConnections(addressBook: AddressSource, netEvents: NetEvents, anchors: PeerAddress[]): OpenConnections {
    const { settings, network } = this.#parts;
    const { chain, clock, random, logger, seedNode, netGroups, dnsSeed, addNode } = settings;
    const isOnlySource = !dnsSeed && seedNode.length === 0 && addNode.length === 0;
    return new OpenConnections({
      ...this.#parts,
      slots: this.slots,
      addedNodes: this.addedNodes,
      wishes: this.wishes,
      fixedSeeds: settings.fixedSeeds
        ? new FixedSeeds({ chain, addressBook, network, clock, random, isOnlySource })
        : undefined,
      netEvents,
      addressBook,
      netGroups,
      logger,
      clock,
      random,
      anchors,
      seedNodes: seedNode,
    });
  }

  /** Up to two current block-relay-only peers, for the next run. */
  anchors(): PeerAddress[] {
    const nodes = [...this.#parts.table.values()].filter((node) => node.isBlockRelay).slice(0, MAX_ANCHORS);
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
    const { budget, table, dialing } = this.#parts;
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

/** The outcome of `addConnection`: `full` means no dial, at the limit of the type or with all slots taken. */
export type AddedConnection = 'connected' | 'failed' | 'full';

// The task that keeps the outbound connections of a node: one dial at a time, from the address book.
// (Bitcoin Core src/net.cpp, ThreadOpenConnections)
//
// Every half second it takes a slot, sees what is missing (decision.ts), chooses an address
// (selection.ts) and dials it. Between times it asks single peers for addresses: seed nodes that the user gave,
// and DNS seeds that cannot be looked up.

import type { NetAddress } from '../../netaddr/net-address.ts';
import type { PublicNetworkName } from '../../netaddr/network.ts';
import type { PeerAddress } from '../../p2p/messages/addresses.ts';
import { Services } from '../../p2p/protocol.ts';
import type { Clock } from '../../util/time/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { shuffle, uniformBelow } from '../../util/random.ts';
import { sleep } from '../../util/time/sleep.ts';
import type { ConnectionBudget } from '../settings/budget.ts';
import { countsForNetGroupDiversity } from '../node/connection-types.ts';
import type { OpenRequest } from './dialing.ts';
import type { NodeTable } from '../node/node-table.ts';
import { OutboundDecision } from './decision.ts';
import type { WantedConnection } from './decision.ts';
import { selectOutbound } from './selection.ts';
import type { SelectionHost } from './selection.ts';
import { FixedSeeds } from './fixed-seeds.ts';
import type { FixedSeedHost } from './fixed-seeds.ts';
import type { SlotGrant, SlotPool } from '../node/slots.ts';

/** The rest between two dials, in milliseconds. */
const REST_MS = 500;
/** A feeler waits up to so long before it begins, so that nobody can tell feelers by their time. */
const MAX_FEELER_DELAY_MS = 1_000;
/** A further seed node is asked when that long after the last there are fewer full-relay peers than this. */
const SEED_NODE_INTERVAL_MS = 10_000;
const SEED_NODE_PEERS = 2;
/** Failures count against addresses only with peers in so many places: with fewer, it may be we who are offline. */
const PLACES_TO_COUNT_FAILURES = 2;

/** What the task needs around it. */
export interface OpenConnectionsHost extends Omit<SelectionHost, 'isConnected'> {
  readonly budget: ConnectionBudget;
  readonly table: NodeTable;
  readonly slots: SlotPool;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: RandomUint32;
  readonly interrupt: AbortSignal;
  /** Peers to ask for addresses, as the user gave them. */
  readonly seedNodes: readonly string[];
  /** Block-relay-only peers of the last run, to be dialed from the last to the first. Taken over. */
  readonly anchors: PeerAddress[];
  /** The built-in list of nodes; undefined for not using it. */
  readonly fixedSeeds: FixedSeedHost | undefined;
  readonly tryNewOutboundPeer: boolean;
  readonly wantsExtraBlockRelay: boolean;
  /** Whether we speak V2. */
  readonly offersV2: boolean;
  reachableNetworks(): readonly PublicNetworkName[];
  isDialing(address: NetAddress): boolean;
  /** Dials; see `Dialing.open`. A grant that it did not use is released by the task. */
  open(request: OpenRequest): Promise<boolean>;
}

/** Where long-lived outbound connections lead. */
interface OutboundSpread {
  /** Groups of IPv4 and IPv6 peers. */
  readonly groups: ReadonlySet<string>;
  /** How many peers there are on other networks. */
  readonly otherCount: number;
}

/** Dials from the address book, for one `Connman`. */
export class OpenConnections {
  readonly #host: OpenConnectionsHost;
  readonly #selection: SelectionHost;
  readonly #decision: OutboundDecision;
  readonly #fixedSeeds: FixedSeeds | undefined;
  readonly #seedNodes: string[];
  readonly #addrFetches: string[] = [];
  #seedNodeTimerMs: number;
  #asksSeedNode: boolean;

  /** The intervals of feelers and extra peers begin now. */
  constructor(host: OpenConnectionsHost) {
    const { clock, random, budget } = host;
    this.#host = host;
    this.#selection = {
      addressBook: host.addressBook,
      isReachable: (network) => host.isReachable(network),
      isLocal: (service) => host.isLocal(service),
      isConnected: (address) => host.table.hasAddress(address) || host.isDialing(address),
      hasAllDesirableServiceFlags: (services) => host.hasAllDesirableServiceFlags(services),
      addedNodes: () => host.addedNodes(),
      groupKey: (address) => host.groupKey(address),
    };
    this.#decision = new OutboundDecision(budget, random, clock.now());
    this.#fixedSeeds = host.fixedSeeds && new FixedSeeds(host.fixedSeeds);
    this.#seedNodes = [...host.seedNodes];
    shuffle(random, this.#seedNodes);
    this.#seedNodeTimerMs = clock.now();
    this.#asksSeedNode = this.#seedNodes.length > 0 && host.addressBook.size() === 0;
  }

  /** Has a peer, by name, asked for addresses: soon, once, and only if a slot is free then. */
  addAddrFetch(name: string): void {
    this.#addrFetches.push(name);
  }

  /** Dials until the interrupt. */
  async run(): Promise<void> {
    const { clock, interrupt, slots } = this.#host;
    while (!interrupt.aborted) {
      if (this.#asksSeedNode) this.#takeSeedNode();
      await this.#fetchAddresses();
      await sleep(clock, REST_MS, interrupt);
      const grant = await slots.acquire(interrupt);
      if (grant === undefined) return;
      const isHeld = !interrupt.aborted && (await this.#dialOne(grant));
      if (!isHeld) grant.release();
    }
  }

  #takeSeedNode(): void {
    this.#asksSeedNode = false;
    const name = this.#seedNodes.pop();
    if (name === undefined) return;
    this.#addrFetches.push(name);
    const isBookEmpty = this.#host.addressBook.size() === 0;
    const why = isBookEmpty ? 'Empty addrman, adding' : "Couldn't connect to enough nodes from addrman. Adding";
    this.#host.logger.info(`${why} seednode (${name}) to addrfetch`);
  }

  async #fetchAddresses(): Promise<void> {
    const { offersV2, slots } = this.#host;
    const dest = this.#addrFetches.shift();
    if (dest === undefined) return;
    const grant = slots.tryAcquire();
    if (grant === undefined) return;
    const isOpen = await this.#host.open({ connectionType: 'addr-fetch', dest, usesV2: offersV2, grant });
    if (!isOpen) grant.release();
  }

  /** One dial, if one is wanted. @returns Whether a node has the slot now. */
  async #dialOne(grant: SlotGrant): Promise<boolean> {
    const { addressBook, clock, interrupt, random } = this.#host;
    this.#fixedSeeds?.addIfDue();
    this.#considerSeedNode();
    const wanted = this.#decide();
    if (wanted === undefined) return false;
    const spread = this.#spread();
    addressBook.resolveCollisions();
    const address = this.#select(wanted, spread);
    if (address === undefined) return false;
    const isFeeler = wanted.connectionType === 'feeler';
    if (isFeeler) this.#host.logger.debug(`Making feeler connection to ${address.service}`);
    if (isFeeler) await sleep(clock, uniformBelow(random, MAX_FEELER_DELAY_MS), interrupt);
    return this.#host.open({
      connectionType: wanted.connectionType,
      addr: { service: address.service, services: address.services },
      usesV2: this.#host.offersV2 && (address.services & Services.P2P_V2) !== 0n,
      isFailureCounted: spread.groups.size + spread.otherCount >= this.#placesToCountFailures(),
      grant,
    });
  }

  #considerSeedNode(): void {
    const { clock, table } = this.#host;
    const isTime = clock.now() - this.#seedNodeTimerMs > SEED_NODE_INTERVAL_MS;
    if (!isTime || this.#seedNodes.length === 0 || table.countOf('outbound-full-relay') >= SEED_NODE_PEERS) return;
    this.#seedNodeTimerMs = clock.now();
    this.#asksSeedNode = true;
  }

  #decide(): WantedConnection | undefined {
    const { anchors, clock, table } = this.#host;
    return this.#decision.next({
      nowMs: clock.now(),
      fullRelayCount: table.countOf('outbound-full-relay'),
      blockRelayCount: table.countOf('block-relay-only'),
      hasAnchors: anchors.length > 0,
      isTipStale: this.#host.tryNewOutboundPeer,
      wantsExtraBlockRelay: this.#host.wantsExtraBlockRelay,
      missingNetwork: () => this.#missingNetwork(),
    });
  }

  #missingNetwork(): PublicNetworkName | undefined {
    const { addressBook, random, table } = this.#host;
    const networks = [...this.#host.reachableNetworks()];
    shuffle(random, networks);
    return networks.find((network) => table.countManualOrFullOutbound(network) === 0 && addressBook.size(network) > 0);
  }

  #spread(): OutboundSpread {
    const groups = new Set<string>();
    let otherCount = 0;
    for (const { addr, connectionType } of this.#host.table.values()) {
      if (!countsForNetGroupDiversity(connectionType)) continue;
      const { address } = addr;
      if (address.isPrivacyNetwork() || address.isCJDNS()) otherCount++;
      else groups.add(this.#host.groupKey(address));
    }
    return { groups, otherCount };
  }

  #select(wanted: WantedConnection, { groups }: OutboundSpread): PeerAddress | undefined {
    const networks = wanted.network === undefined ? this.#host.reachableNetworks() : [wanted.network];
    if (networks.length === 0) return undefined;
    return selectOutbound(this.#selection, {
      isFeeler: wanted.connectionType === 'feeler',
      networks,
      takenGroups: groups,
      anchors: wanted.usesAnchors ? this.#host.anchors : [],
      nowSeconds: Math.floor(this.#host.clock.wallTimeMs() / 1_000),
    });
  }

  #placesToCountFailures(): number {
    return Math.min(this.#host.budget.maxAutomatic - 1, PLACES_TO_COUNT_FAILURES);
  }
}

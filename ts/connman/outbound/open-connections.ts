// The task that keeps the outbound connections of a node: one dial at a time, from the address book.
// (Bitcoin Core src/net.cpp, ThreadOpenConnections)
//
// Every half second it takes a slot, sees what is missing (decision.ts), chooses an address
// (selection.ts) and dials it. Between times it asks single peers for addresses: seed nodes that the user gave,
// and DNS seeds that cannot be looked up.

import type { PublicNetworkName } from '../../netaddr/networks/network.ts';
import type { PeerAddress } from '../../p2p/messages/addresses.ts';
import { Services } from '../../p2p/protocol.ts';
import type { Clock } from '../../util/time/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { shuffle, uniformBelow } from '../../util/random.ts';
import { sleep } from '../../util/time/sleep.ts';
import type { ConnectionBudget } from '../settings/budget.ts';
import { countsForNetGroupDiversity } from '../node/connection-types.ts';
import type { LocalServices } from '../reach/local-services.ts';
import type { NetworkState } from '../reach/network-state.ts';
import type { Dialing } from './dialing.ts';
import type { NodeTable } from '../node/node-table.ts';
import { OutboundDecision } from './decision.ts';
import type { WantedConnection } from './decision.ts';
import type { FixedSeeds } from './fixed-seeds.ts';
import { groupKey, selectOutbound } from './selection.ts';
import type { SelectionParts } from './selection.ts';
import type { SlotGrant, SlotPool } from '../node/slots.ts';

/** The rest between two dials, in milliseconds. */
const REST_MS = 500;
/** Longest delay of a feeler, so that its timing does not give it away, in milliseconds. */
const MAX_FEELER_DELAY_MS = 1_000;
/** Another seed node is asked if, this long after the last, there are fewer full-relay peers than this. */
const SEED_NODE_INTERVAL_MS = 10_000;
const SEED_NODE_PEERS = 2;
/** Failures count against addresses only with peers in this many places: with fewer, we may be offline ourselves. */
const PLACES_TO_COUNT_FAILURES = 2;

/** What the message processor wants beyond the budget. */
export interface OutboundWishes {
  /** One more full-relay peer, because the tip looks stale. */
  tryNewOutboundPeer: boolean;
  /** Another block-relay-only peer every few minutes. */
  wantsExtraBlockRelay: boolean;
}

/** What the task depends on. */
export interface OpenConnectionsParts extends SelectionParts {
  readonly budget: ConnectionBudget;
  readonly table: NodeTable;
  readonly dialing: Pick<Dialing, 'open' | 'isDialing'>;
  readonly network: Pick<NetworkState, 'isReachable' | 'reachableNetworks'>;
  readonly localServices: LocalServices;
  readonly wishes: Readonly<OutboundWishes>;
  readonly slots: SlotPool;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: RandomUint32;
  readonly interrupt: AbortSignal;
  /** Peers to ask for addresses, from the user. */
  readonly seedNodes: readonly string[];
  /** Block-relay-only peers of the last run, dialed from the last to the first. Taken over. */
  readonly anchors: PeerAddress[];
  /** The built-in list of nodes; undefined for not using it. */
  readonly fixedSeeds: FixedSeeds | undefined;
}

/** The places of long-lived outbound connections. */
interface OutboundSpread {
  /** Groups of IPv4 and IPv6 peers. */
  readonly groups: ReadonlySet<string>;
  /** How many peers there are on other networks. */
  readonly otherCount: number;
}

/** Dials from the address book, for one `Connman`. */
export class OpenConnections {
  readonly #parts: OpenConnectionsParts;
  readonly #decision: OutboundDecision;
  readonly #seedNodes: string[];
  readonly #addrFetches: string[] = [];
  #seedNodeTimerMs: number;
  #asksSeedNode: boolean;

  /** The intervals of feelers and extra peers begin now. */
  constructor(parts: OpenConnectionsParts) {
    const { clock, random, budget, seedNodes, addressBook } = parts;
    this.#parts = parts;
    this.#decision = new OutboundDecision(budget, random, clock.now());
    this.#seedNodes = [...seedNodes];
    shuffle(random, this.#seedNodes);
    this.#seedNodeTimerMs = clock.now();
    this.#asksSeedNode = this.#seedNodes.length > 0 && addressBook.size() === 0;
  }

  /** Asks a peer, by name, for addresses: soon, once, and only if a slot is free then. */
  addAddrFetch(name: string): void {
    this.#addrFetches.push(name);
  }

  /** Dials until the interrupt. */
  async run(): Promise<void> {
    const { clock, interrupt, slots } = this.#parts;
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
    const isBookEmpty = this.#parts.addressBook.size() === 0;
    const why = isBookEmpty ? 'Empty addrman, adding' : "Couldn't connect to enough nodes from addrman. Adding";
    this.#parts.logger.info(`${why} seednode (${name}) to addrfetch`);
  }

  async #fetchAddresses(): Promise<void> {
    const { dialing, localServices, slots } = this.#parts;
    const dest = this.#addrFetches.shift();
    if (dest === undefined) return;
    const grant = slots.tryAcquire();
    if (grant === undefined) return;
    const isOpen = await dialing.open({ connectionType: 'addr-fetch', dest, usesV2: localServices.offersV2, grant });
    if (!isOpen) grant.release();
  }

  /** One dial, if one is wanted. @returns Whether a node has the slot now. */
  async #dialOne(grant: SlotGrant): Promise<boolean> {
    const { dialing, localServices, addressBook, fixedSeeds, clock, interrupt, random } = this.#parts;
    fixedSeeds?.addIfDue();
    this.#considerSeedNode();
    const wanted = this.#decide();
    if (wanted === undefined) return false;
    const spread = this.#spread();
    addressBook.resolveCollisions();
    const address = this.#select(wanted, spread);
    if (address === undefined) return false;
    const isFeeler = wanted.connectionType === 'feeler';
    if (isFeeler) this.#parts.logger.debug(`Making feeler connection to ${address.service}`);
    if (isFeeler) await sleep(clock, uniformBelow(random, MAX_FEELER_DELAY_MS), interrupt);
    return dialing.open({
      connectionType: wanted.connectionType,
      addr: address,
      usesV2: localServices.offersV2 && (address.services & Services.P2P_V2) !== 0n,
      isFailureCounted: spread.groups.size + spread.otherCount >= this.#placesToCountFailures(),
      grant,
    });
  }

  #considerSeedNode(): void {
    const { clock, table } = this.#parts;
    const isTime = clock.now() - this.#seedNodeTimerMs > SEED_NODE_INTERVAL_MS;
    if (!isTime || this.#seedNodes.length === 0 || table.countOf('outbound-full-relay') >= SEED_NODE_PEERS) return;
    this.#seedNodeTimerMs = clock.now();
    this.#asksSeedNode = true;
  }

  #decide(): WantedConnection | undefined {
    const { anchors, clock, table, wishes } = this.#parts;
    return this.#decision.next({
      nowMs: clock.now(),
      fullRelayCount: table.countOf('outbound-full-relay'),
      blockRelayCount: table.countOf('block-relay-only'),
      hasAnchors: anchors.length > 0,
      isTipStale: wishes.tryNewOutboundPeer,
      wantsExtraBlockRelay: wishes.wantsExtraBlockRelay,
      missingNetwork: () => this.#missingNetwork(),
    });
  }

  #missingNetwork(): PublicNetworkName | undefined {
    const { addressBook, network, random, table } = this.#parts;
    const networks = network.reachableNetworks();
    shuffle(random, networks);
    return networks.find((name) => table.countManualOrFullOutbound(name) === 0 && addressBook.size(name) > 0);
  }

  #spread(): OutboundSpread {
    const { table, netGroups } = this.#parts;
    const groups = new Set<string>();
    let otherCount = 0;
    for (const { addr, connectionType } of table.values()) {
      if (!countsForNetGroupDiversity(connectionType)) continue;
      const { address } = addr;
      if (address.isPrivacyNetwork() || address.isCJDNS()) otherCount++;
      else groups.add(groupKey(netGroups, address));
    }
    return { groups, otherCount };
  }

  #select(wanted: WantedConnection, { groups }: OutboundSpread): PeerAddress | undefined {
    const { network, anchors, clock } = this.#parts;
    const networks = wanted.network === undefined ? network.reachableNetworks() : [wanted.network];
    if (networks.length === 0) return undefined;
    return selectOutbound(this.#parts, {
      isFeeler: wanted.connectionType === 'feeler',
      networks,
      takenGroups: groups,
      anchors: wanted.usesAnchors ? anchors : [],
      nowSeconds: Math.floor(clock.wallTimeMs() / 1_000),
    });
  }

  #placesToCountFailures(): number {
    return Math.min(this.#parts.budget.maxAutomatic - 1, PLACES_TO_COUNT_FAILURES);
  }
}

// Our own addresses, and which of them to send to a peer. (Bitcoin Core src/net.cpp, AddLocal and GetLocalAddrForPeer)
//
// Addresses come from options, from interfaces and listeners, and from peers who say where they reached us. Each has a score
// that grows with the trust in it. An address of a privacy network is never told to a peer of another network, nor the
// other way round: it would show that both are ours.

import { networkInterfaces } from 'node:os';

import { NetAddress } from '../../netaddr/net-address.ts';
import type { NetworkClass } from '../../netaddr/networks/network.ts';
import { Service } from '../../netaddr/service.ts';
import type { Logger } from '../../util/logger.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { uniformBelow } from '../../util/random.ts';
import { addressKey } from '../node/node-table.ts';
import type { P2PNode } from '../node/peer.ts';

/** The trust in an own address, by its source. (Core, the LOCAL_ constants) */
export const LOCAL_SCORES = {
  /** An interface has the address. */
  interface: 1,
  /** A listener is bound to it. */
  bind: 2,
  /** A router maps it to us. */
  mapped: 3,
  /** The user configured it, or it belongs to our onion or I2P service. */
  manual: 4,
} as const;

/** The largest score. */
const MAX_SCORE = 2 ** 31 - 1;

/** Odds that a peer's report is preferred to our own choice: one in two, or one in eight if many peers confirmed ours. */
const REPORT_ODDS = 2;
const REPORT_ODDS_AGAINST_CONFIRMED = 8;

/** Options of `LocalAddresses`. */
export interface LocalAddressesOptions {
  /** Learn addresses beyond those that the user gave. */
  readonly discovers: boolean;
  readonly cjdnsReachable: boolean;
  readonly random: RandomUint32;
  readonly logger?: Logger;
  isReachable(network: NetworkClass): boolean;
  /** Whether an address of this network that the user gave is sent to others. Default: if the network is reachable. */
  mayBeGiven?(network: NetworkClass): boolean;
}

/** An address of ours. */
export interface LocalAddress {
  readonly service: Service;
  readonly score: number;
}

/** The facts of a peer that decide which address it is sent. */
export type AddressedPeer = Pick<
  P2PNode,
  'addr' | 'addrLocal' | 'isInbound' | 'connectedThroughNetwork' | 'isConnectedThroughPrivacyNetwork'
>;

/** The own addresses of one `Connman`: one entry for each address, whatever the port. */
export class LocalAddresses {
  readonly #options: LocalAddressesOptions;
  readonly #byAddress = new Map<string, LocalAddress>();

  constructor(options: LocalAddressesOptions) {
    this.#options = options;
  }

  /**
   * Adds an own address; its score rises if it is known.
   *
   * @param score - One of `LOCAL_SCORES`.
   * @returns False if it is unwanted: not routable, of an unreachable network, or neither given nor to be discovered.
   */
  add(given: Service, score: number): boolean {
    const service = this.#options.cjdnsReachable ? given.toCJDNSIfInRange() : given;
    const { address } = service;
    const isGiven = score >= LOCAL_SCORES.manual;
    if (!address.isRoutable() || !this.#isWanted(address.getNetwork(), isGiven)) return false;
    if (!this.#options.discovers && !isGiven) return false;
    this.#options.logger?.info(`AddLocal(${service},${score})`);
    const key = addressKey(address);
    const known = this.#byAddress.get(key);
    if (known === undefined) this.#byAddress.set(key, { service, score });
    else if (score >= known.score) this.#byAddress.set(key, { service, score: Math.min(score + 1, MAX_SCORE) });
    return true;
  }

  #isWanted(network: NetworkClass, isGiven: boolean): boolean {
    const { mayBeGiven } = this.#options;
    return isGiven && mayBeGiven !== undefined ? mayBeGiven(network) : this.#options.isReachable(network);
  }

  /** Sets the port of addresses that were given before the listening port was known. */
  completePorts(port: number): void {
    for (const [key, { service, score }] of this.#byAddress) {
      // I2P has no ports.
      const isOpen = service.port === 0 && !service.address.isI2P();
      if (isOpen) this.#byAddress.set(key, { service: new Service(service.address, port), score });
    }
  }

  /** Learns the addresses of this host's interfaces. @param addresses - Left out: those of all that are up. */
  discover(port: number, addresses: readonly NetAddress[] = interfaceAddresses()): void {
    for (const address of addresses) this.add(new Service(address, port), LOCAL_SCORES.interface);
  }

  /** A peer reports that it reached us at an address. @returns Whether the address is ours. */
  seen(service: Service): boolean {
    const key = addressKey(service.address);
    const known = this.#byAddress.get(key);
    if (known === undefined) return false;
    this.#byAddress.set(key, { service: known.service, score: Math.min(known.score + 1, MAX_SCORE) });
    return true;
  }

  remove(service: Service): void {
    this.#byAddress.delete(addressKey(service.address));
  }

  /** Whether an address is ours, whatever the port. */
  has(service: Service): boolean {
    return this.#byAddress.has(addressKey(service.address));
  }

  list(): LocalAddress[] {
    return [...this.#byAddress.values()];
  }

  /**
   * The address to send to a peer; undefined if none fits.
   *
   * @param isListening - If false, only the peer's own report can be the answer.
   * @param listenPort - The port that goes with a reported address.
   */
  forPeer(peer: AddressedPeer, isListening: boolean, listenPort: number): Service | undefined {
    const own = isListening ? this.#best(peer) : undefined;
    return this.#reported(peer, own, listenPort) ?? own?.service;
  }

  #best(peer: AddressedPeer): LocalAddress | undefined {
    let best: LocalAddress | undefined;
    let bestRank = -1;
    for (const local of this.#byAddress.values()) {
      const { address } = local.service;
      const isCrossing = address.getNetwork() !== peer.connectedThroughNetwork;
      if (isCrossing && (address.isPrivacyNetwork() || peer.isConnectedThroughPrivacyNetwork)) continue;
      const rank = reachabilityRank(address, peer.addr.address);
      if (rank < bestRank || (rank === bestRank && local.score <= best!.score)) continue;
      best = local;
      bestRank = rank;
    }
    return best;
  }

  /** The peer's report, if it is preferred this time. */
  #reported(peer: AddressedPeer, own: LocalAddress | undefined, listenPort: number): Service | undefined {
    const { addr, addrLocal } = peer;
    if (!this.#options.discovers || addrLocal === undefined || !addr.address.isRoutable()) return undefined;
    if (!addrLocal.address.isRoutable() || !this.#options.isReachable(addrLocal.address.getNetwork())) return undefined;
    if (own !== undefined) {
      const isConfirmed = own.score > LOCAL_SCORES.manual;
      const odds = isConfirmed ? REPORT_ODDS_AGAINST_CONFIRMED : REPORT_ODDS;
      if (uniformBelow(this.#options.random, odds) !== 0) return undefined;
    }
    // An inbound peer reached our listening port. An outbound peer sees the port of our dial, on which nobody listens.
    return peer.isInbound ? addrLocal : new Service(addrLocal.address, own?.service.port ?? listenPort);
  }
}

/** The addresses of every interface that is up, loopback apart. */
function interfaceAddresses(): NetAddress[] {
  return Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter(({ internal }) => !internal)
    .flatMap(({ address }) => NetAddress.tryParse(address) ?? []);
}

/** IPv6 through others' relays counts as a separate network here. */
type ReachabilityNetwork = NetworkClass | 'teredo';

/** How likely it is that a peer gets to an address: 0 not at all, 6 surely. (Core, CService::GetReachabilityFrom) */
export function reachabilityRank(own: NetAddress, peer: NetAddress): number {
  if (!own.isRoutable() || own.isInternal()) return 0;
  const ownNetwork = reachabilityNetwork(own);
  const isTunnelled = own.isRFC3964() || own.isRFC6052() || own.isRFC6145();
  const ranks = RANKS[reachabilityNetwork(peer)] ?? RANKS_FROM_UNKNOWN;
  const rank = ranks[ownNetwork] ?? 1;
  return ownNetwork === 'ipv6' && isTunnelled ? Math.min(rank, TUNNELLED_RANK) : rank;
}

const TUNNELLED_RANK = 3;

type Ranks = Partial<Record<ReachabilityNetwork, number>>;

/** By the network of the peer, then by ours; 1 for what is not named. */
const RANKS: Partial<Record<ReachabilityNetwork, Ranks>> = {
  ipv4: { ipv4: 4 },
  ipv6: { ipv4: 4, ipv6: 5, teredo: 2 },
  teredo: { ipv4: 4, ipv6: 3, teredo: 2 },
  onion: { ipv4: 4, onion: 6 },
  i2p: { i2p: 6 },
  cjdns: { cjdns: 6 },
};
const RANKS_FROM_UNKNOWN: Ranks = { ipv4: 4, ipv6: 3, teredo: 2, onion: 6 };

function reachabilityNetwork(address: NetAddress): ReachabilityNetwork {
  return address.isRFC4380() ? 'teredo' : address.getNetwork();
}

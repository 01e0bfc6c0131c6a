// The answers to getaddr: the same list for about a day. (Bitcoin Core src/net.cpp, CConnman::GetAddressesUnsafe)
//
// Fresh answers would let anybody who asks often enough read the whole address book, and times in them tell who is connected
// to which peer. So all peers of one network on one of our addresses get one list; those on another get another, since
// comparing them would show that both addresses are ours.

import type { NetworkClass } from '../../netaddr/networks/network.ts';
import type { PeerAddress } from '../../p2p/messages/addresses.ts';
import type { Clock } from '../../util/time/clock.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { uniformBelow } from '../../util/random.ts';
import type { AddressSource } from '../settings/address-source.ts';
import type { BanSource } from '../settings/options.ts';
import type { P2PNode } from '../node/peer.ts';

/** How long a list is kept at least, and how much longer at most, in milliseconds. (Core, GetAddresses) */
const CACHE_MS = 21 * 3_600 * 1_000;
const CACHE_SPREAD_MS = 6 * 3_600 * 1_000;

/** Most lists kept: more than the networks of any host times its addresses. */
const MAX_CACHED_LISTS = 1_000;

interface CachedList {
  readonly addresses: readonly PeerAddress[];
  readonly expiresAtMs: number;
}

/** The sources of the cache. */
export interface AddressCacheOptions {
  readonly addressBook: AddressSource | undefined;
  readonly banMan: BanSource | undefined;
  readonly clock: Clock;
  readonly random: RandomUint32;
}

/** The answers to getaddr of one `Connman`. */
export class AddressCache {
  readonly #options: AddressCacheOptions;
  readonly #lists = new Map<bigint, CachedList>();

  constructor(options: AddressCacheOptions) {
    this.#options = options;
  }

  /** The list for a peer. The limits apply when the list is made; it then stays as it is until it expires. */
  addressesFor(node: P2PNode, maxCount: number, maxPercent: number): readonly PeerAddress[] {
    const nowMs = this.#options.clock.wallTimeMs();
    const cached = this.#lists.get(node.networkKey);
    if (cached !== undefined && cached.expiresAtMs >= nowMs) return cached.addresses;
    const addresses = this.fresh(maxCount, maxPercent);
    const expiresAtMs = nowMs + CACHE_MS + uniformBelow(this.#options.random, CACHE_SPREAD_MS);
    this.#lists.delete(node.networkKey);
    this.#lists.set(node.networkKey, { addresses, expiresAtMs });
    if (this.#lists.size > MAX_CACHED_LISTS) this.#dropOldest();
    return addresses;
  }

  /** A new list, without banned and discouraged addresses. */
  fresh(maxCount: number, maxPercent: number, network?: NetworkClass, isFiltered: boolean = true): PeerAddress[] {
    const { addressBook, banMan } = this.#options;
    const addresses = addressBook?.getAddr(maxCount, maxPercent, network, isFiltered) ?? [];
    if (banMan === undefined) return addresses;
    return addresses.filter(({ service: { address } }) => !banMan.isDiscouraged(address) && !banMan.isBanned(address));
  }

  #dropOldest(): void {
    const [oldest] = this.#lists.keys();
    if (oldest !== undefined) this.#lists.delete(oldest);
  }
}

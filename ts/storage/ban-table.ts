// Bans by subnet, and whether an address lies in one of them.
//
// Every connection that is accepted and every address that a peer tells is looked up, and lists have thousands of bans. So the
// subnets around an address are looked for, one for each length of prefix in use, and not the address in every ban.

import type { NetAddress } from '../netaddr/net-address.ts';
import type { NetworkName } from '../netaddr/networks/network.ts';
import { Subnet } from '../netaddr/subnet.ts';
import type { BanEntry } from './ban-list.ts';

/** Bans, at most one for each subnet. */
export class BanTable {
  readonly #bans = new Map<string, BanEntry>();
  /** How many bans there are of each length of prefix, for each network. */
  readonly #lengths = new Map<NetworkName, Map<number, number>>();

  get size(): number {
    return this.#bans.size;
  }

  /** All bans, in the order in which their subnets came. */
  values(): IterableIterator<BanEntry> {
    return this.#bans.values();
  }

  /** The ban of exactly this subnet. */
  get(subnet: Subnet): BanEntry | undefined {
    return this.#bans.get(keyOf(subnet));
  }

  /** Adds a ban, in place of one for the same subnet. */
  set(ban: BanEntry): void {
    const key = keyOf(ban.subnet);
    if (!this.#bans.has(key)) this.#count(ban.subnet, 1);
    this.#bans.set(key, ban);
  }

  /** @returns Whether there was a ban of exactly this subnet. */
  delete(subnet: Subnet): boolean {
    const isKnown = this.#bans.delete(keyOf(subnet));
    if (isKnown) this.#count(subnet, -1);
    return isKnown;
  }

  clear(): void {
    this.#bans.clear();
    this.#lengths.clear();
  }

  /** Whether an address lies in a subnet whose ban is not over. An invalid one lies in none. */
  covers(address: NetAddress, nowSeconds: number): boolean {
    const lengths = this.#lengths.get(address.network);
    if (lengths === undefined || !address.isValid()) return false;
    for (const prefixBits of lengths.keys()) {
      const ban = this.get(new Subnet(address, prefixBits));
      if (ban !== undefined && nowSeconds < ban.untilSeconds) return true;
    }
    return false;
  }

  #count({ base: { network }, prefixBits }: Subnet, change: 1 | -1): void {
    const lengths = this.#lengths.get(network) ?? new Map<number, number>();
    const count = (lengths.get(prefixBits) ?? 0) + change;
    if (count > 0) lengths.set(prefixBits, count);
    else lengths.delete(prefixBits);
    this.#lengths.set(network, lengths);
  }
}

/** The same for equal subnets, and quicker to make than their text. */
function keyOf({ base, prefixBits }: Subnet): string {
  return `${base.network}/${prefixBits}/${Buffer.from(base.bytes).toString('latin1')}`;
}

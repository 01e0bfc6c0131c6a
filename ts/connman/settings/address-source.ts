// What the connection manager needs of an address book. `AddrMan` is one.

import type { SelectedAddress } from '../../addrman/records.ts';
import type { NetAddress } from '../../netaddr/net-address.ts';
import type { NetworkClass } from '../../netaddr/networks/network.ts';
import type { Service } from '../../netaddr/service.ts';
import type { PeerAddress } from '../../p2p/messages/addresses.ts';

/** An address book. Each method does what the one of the same name in `AddrMan` does. */
export interface AddressSource {
  /** How many addresses are known, of a network or of all, in the new table or the tried one or both. */
  size(network?: NetworkClass, isNew?: boolean): number;
  /** Adds addresses that somebody told us. See `AddrMan.add`. */
  add(addresses: Iterable<PeerAddress>, source: NetAddress, penaltySeconds?: number): boolean;
  /** A connection to it worked: it moves to the tried table. */
  good(service: Service, timeSeconds?: number): boolean;
  /** It was dialed. */
  attempt(service: Service, isFailureCounted: boolean, timeSeconds?: number): void;
  /** A peer that was connected is leaving: its time is brought up to date. */
  connected(service: Service, timeSeconds?: number): void;
  /** What it said that it offers. */
  setServices(service: Service, services: bigint): void;
  /** An address to dial, by chance; undefined if there is none. */
  select(isNewOnly?: boolean, networks?: Iterable<NetworkClass>): SelectedAddress | undefined;
  /** Decides collisions in the tried table by what test connections found. */
  resolveCollisions(): void;
  /** An address of the tried table that is in another's way, to be tested; undefined if there is none. */
  selectTriedCollision(): SelectedAddress | undefined;
  /** A random part of the addresses, to be told to a peer. */
  getAddr(maxCount: number, maxPercent: number, netClass?: NetworkClass, isFiltered?: boolean): PeerAddress[];
  /** All addresses, without copies of the tables. */
  addresses(): Iterable<NetAddress>;
}

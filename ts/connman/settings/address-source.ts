// What the connection manager requires of an address book. `AddrMan` implements it.

import type { SelectedAddress } from '../../addrman/records.ts';
import type { NetAddress } from '../../netaddr/net-address.ts';
import type { NetworkClass } from '../../netaddr/networks/network.ts';
import type { Service } from '../../netaddr/service.ts';
import type { PeerAddress } from '../../p2p/messages/addresses.ts';

/** An address book. Each method does what the one of the same name in `AddrMan` does. */
export interface AddressSource {
  /** The number of known addresses: of a network or of all, in the new table, the tried one or both. */
  size(network?: NetworkClass, isNew?: boolean): number;
  /** Adds gossiped addresses. See `AddrMan.add`. */
  add(addresses: Iterable<PeerAddress>, source: NetAddress, penaltySeconds?: number): boolean;
  /** A connection succeeded: the address moves to the tried table. */
  good(service: Service, timeSeconds?: number): boolean;
  /** The address was dialed. */
  attempt(service: Service, isFailureCounted: boolean, timeSeconds?: number): void;
  /** A connected peer is leaving: updates its time. */
  connected(service: Service, timeSeconds?: number): void;
  /** Sets the services that a peer announced. */
  setServices(service: Service, services: bigint): void;
  /** A random address to dial; undefined if there is none. */
  select(isNewOnly?: boolean, networks?: Iterable<NetworkClass>): SelectedAddress | undefined;
  /** Resolves collisions in the tried table, using the results of test connections. */
  resolveCollisions(): void;
  /** An address of the tried table that must be tested because of a collision; undefined if there is none. */
  selectTriedCollision(): SelectedAddress | undefined;
  /** A random part of the addresses, for a peer. */
  getAddr(maxCount: number, maxPercent: number, netClass?: NetworkClass, isFiltered?: boolean): PeerAddress[];
  /** All addresses, without copies of the tables. */
  addresses(): Iterable<NetAddress>;
}

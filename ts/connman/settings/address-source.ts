// What the connection manager needs of an address book. `AddrMan` is one.

import type { SelectedAddress } from '../../addrman/records.ts';
import type { NetAddress } from '../../netaddr/net-address.ts';
import type { NetworkClass } from '../../netaddr/network.ts';
import type { Service } from '../../netaddr/service.ts';
import type { PeerAddress } from '../../p2p/messages/addresses.ts';

/** An address book. Each method does what the one of the same name in `AddrMan` does. */
export interface AddressSource {
  size(network?: NetworkClass, isNew?: boolean): number;
  add(addresses: Iterable<PeerAddress>, source: NetAddress, penaltySeconds?: number): boolean;
  good(service: Service, timeSeconds?: number): boolean;
  attempt(service: Service, isFailureCounted: boolean, timeSeconds?: number): void;
  connected(service: Service, timeSeconds?: number): void;
  setServices(service: Service, services: bigint): void;
  select(isNewOnly?: boolean, networks?: Iterable<NetworkClass>): SelectedAddress | undefined;
  resolveCollisions(): void;
  selectTriedCollision(): SelectedAddress | undefined;
  getAddr(maxCount: number, maxPercent: number, netClass?: NetworkClass, isFiltered?: boolean): PeerAddress[];
  addresses(): Iterable<NetAddress>;
}

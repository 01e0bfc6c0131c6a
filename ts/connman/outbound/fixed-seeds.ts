// First addresses from the built-in list of nodes: the last resort. (Bitcoin Core src/net.cpp, ThreadOpenConnections)

import { NetAddress } from '../../netaddr/net-address.ts';
import type { ChainParams } from '../../p2p/chain-params.ts';
import { readFixedSeeds } from '../../p2p/fixed-seeds.ts';
import type { RandomUint32 } from '../../util/random.ts';
import type { Clock } from '../../util/time/clock.ts';
import type { NetworkState } from '../reach/network-state.ts';
import type { AddressSource } from '../settings/address-source.ts';
import { seedRecord } from './seed-record.ts';

/** What the built-in list depends on. */
export interface FixedSeedParts {
  readonly chain: ChainParams;
  readonly addressBook: AddressSource;
  readonly network: Pick<NetworkState, 'reachableNetworks'>;
  readonly clock: Clock;
  readonly random: RandomUint32;
  /** There is no other source of addresses: no DNS seeds, no seed nodes, no added nodes. */
  readonly isOnlySource: boolean;
}

/** Built-in addresses get an age in this range: older than those of DNS seeds. */
const AGE_DAYS = { min: 7, max: 14 };

/** How long other sources have before the built-in list is used, in milliseconds. */
const FIXED_SEEDS_AFTER_MS = 60_000;

/** The built-in list of nodes, used at most once. */
export class FixedSeeds {
  readonly #parts: FixedSeedParts;
  readonly #startedAtMs: number;
  #isDone = false;

  /** The time that other sources have begins now. */
  constructor(parts: FixedSeedParts) {
    this.#parts = parts;
    this.#startedAtMs = parts.clock.now();
  }

  /** Adds the nodes of each reachable network without an entry in the address book, if it is time. */
  addIfDue(): void {
    const { addressBook, chain, clock, network, isOnlySource } = this.#parts;
    if (this.#isDone || !(isOnlySource || clock.now() - this.#startedAtMs > FIXED_SEEDS_AFTER_MS)) return;
    const empty = new Set<string>(network.reachableNetworks().filter((name) => addressBook.size(name) === 0));
    if (empty.size === 0) return;
    this.#isDone = true;
    const seeds = readFixedSeeds(chain.fixedSeeds).filter(({ address }) => empty.has(address.getNetwork()));
    const records = seeds.map((service) => seedRecord(this.#parts, service, AGE_DAYS));
    addressBook.add(records, NetAddress.fromInternalName('fixedseeds'));
  }
}

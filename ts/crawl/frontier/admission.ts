// Which told addresses a round takes in: routable ones with a route, that nobody asked to leave out, and from each source so many.
// Those that are not taken in are counted, so that inflation shows.

import type { AsMap } from '../../addrman/asmap/as-map.ts';
import { isLocal, isRoutable } from '../../netaddr/networks/classify.ts';
import { NetAddress } from '../../netaddr/net-address.ts';
import { NETWORK_BYTES } from '../../netaddr/networks/network.ts';
import { NETWORK_NAMES } from './address-table.ts';
import type { AddressTable } from './address-table.ts';
import { grownUint32 } from './column.ts';
import type { Exclusions } from './exclusions.ts';
import { systemOf } from './group-key.ts';
import { FIRST_SEED_SOURCE, SEED_SOURCES } from './sources.ts';

/** Options of an `Admission`. */
export interface AdmissionOptions {
  /** Most new addresses from one source. */
  readonly perSource: number;
  /** Whether addresses of loopback are followed, as those of a village. */
  readonly followsLocal: boolean;
  /** Whether a network, given by its number, can be dialed. */
  readonly hasRoute: (network: number) => boolean;
  readonly exclusions: Exclusions;
  /** Addresses that are not visited for now; undefined for none. */
  readonly leftAlone: AddressTable | undefined;
  readonly asMap: AsMap | undefined;
}

/** Addresses that were told and not followed, each counted as often as it was told. */
export interface FrontierCounts {
  /** The address is not routable, is excluded, or belongs to a network without a route. */
  unroutable: number;
  excluded: number;
  noRoute: number;
  /** Addresses with the port of another service or a time out of range that no source has told better since. */
  badPort: number;
  badTime: number;
  /** The source had reached its limit of new addresses. */
  beyondSource: number;
  /** The node keeps closing connections on us, and is left alone for a day. */
  leftAlone: number;
}

/** See the module comment. */
export class Admission {
  readonly counts: FrontierCounts = {
    unroutable: 0,
    excluded: 0,
    noRoute: 0,
    badPort: 0,
    badTime: 0,
    beyondSource: 0,
    leftAlone: 0,
  };
  readonly #options: AdmissionOptions;
  #exclusions: Exclusions;
  /** New addresses from each node, by its row. */
  #introduced = new Uint32Array(0);
  /** New addresses from sources that have no row. */
  readonly #introducedBySeeds = new Uint32Array(SEED_SOURCES.length);
  /** Scratch addresses, one for each network. */
  readonly #looked = NETWORK_NAMES.map((name) =>
    name === undefined ? undefined : { network: name, bytes: new Uint8Array(NETWORK_BYTES[name]) },
  );

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#exclusions = options.exclusions;
  }

  /** Counts an address that is not taken in. @returns -1, for no row. */
  refuse(why: keyof FrontierCounts): -1 {
    this.counts[why]++;
    return -1;
  }

  /** Why nobody is visited at an address; undefined when somebody may be. */
  whyNot(network: number, bytes: Uint8Array, offset: number, port: number): keyof FrontierCounts | undefined {
    const { hasRoute, followsLocal, leftAlone } = this.#options;
    const looked = this.#looked[network]!;
    for (let index = 0; index < looked.bytes.length; index++) looked.bytes[index] = bytes[offset + index]!;
    const hasPort = port !== 0 || looked.network === 'i2p';
    if (!hasPort || !(isRoutable(looked) || (followsLocal && isLocal(looked)))) return 'unroutable';
    if (!hasRoute(network)) return 'noRoute';
    if (leftAlone !== undefined && leftAlone.find(network, bytes, offset, port) !== -1) return 'leftAlone';
    if (this.#exclusions.isEmpty) return undefined;
    return this.isExcluded(new NetAddress(looked.network, looked.bytes.slice())) ? 'excluded' : undefined;
  }

  /** Counts a new address of a source. @returns False beyond what one source may introduce. */
  mayIntroduce(source: number): boolean {
    const isNode = source < FIRST_SEED_SOURCE;
    const counts = isNode ? this.#introduced : this.#introducedBySeeds;
    const place = isNode ? source : source - FIRST_SEED_SOURCE;
    if (counts[place]! >= this.#options.perSource) return false;
    counts[place]!++;
    return true;
  }

  /** Notes a new address of a node from before this process began. */
  noteIntroduced(row: number): void {
    this.#introduced[row]!++;
  }

  /** Exclusions from now on. */
  exclude(exclusions: Exclusions): void {
    this.#exclusions = exclusions;
  }

  /** Whether an address is on the list. */
  isExcluded(address: NetAddress): boolean {
    return this.#exclusions.has(address, systemOf(this.#options.asMap, address));
  }

  /** Makes room for so many rows. */
  grow(rows: number): void {
    this.#introduced = grownUint32(this.#introduced, rows);
  }

  /** Bytes that all of it takes. */
  get memoryBytes(): number {
    return this.#introduced.byteLength;
  }
}

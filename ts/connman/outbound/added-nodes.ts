// Peers that the user wants to stay connected to, besides those that are found. (Bitcoin Core src/net.cpp,
// ThreadOpenAddedConnections)
//
// They have slots of their own, are dialed again whenever they are gone, and are never dropped for what they do.

import { Service } from '../../netaddr/service.ts';
import { spelledOut } from '../../netaddr/text/short-ipv4.ts';
import type { Clock } from '../../util/time/clock.ts';
import { sleep } from '../../util/time/sleep.ts';
import type { Dialing } from './dialing.ts';
import type { NodeTable } from '../node/node-table.ts';
import type { P2PNode } from '../node/peer.ts';
import type { SlotGrant, SlotPool } from '../node/slots.ts';

/** The rest after each dial, in milliseconds. */
const REST_MS = 500;
/** Pause after a pass; shorter if all are connected, so that a lost peer is noticed soon. */
const REST_AFTER_DIALS_MS = 60_000;
const REST_WITHOUT_DIALS_MS = 2_000;

/** An entry of the list. */
export interface AddedNode {
  /** An address or a name, with or without port. */
  readonly node: string;
  /** Dial with V2; a peer that does not know it is dialed again with V1. */
  readonly usesV2: boolean;
}

/** An entry, and its state. */
export interface AddedNodeInfo extends AddedNode {
  /** The connection, which may be inbound; undefined if there is none. */
  readonly peer: P2PNode | undefined;
}

/** What the list depends on. */
export interface AddedNodesParts {
  readonly dialing: Pick<Dialing, 'open'>;
  readonly table: NodeTable;
  readonly slots: SlotPool;
  readonly clock: Clock;
  readonly interrupt: AbortSignal;
  /** The port of an entry without one. */
  readonly defaultPort: number;
  readonly cjdnsReachable: boolean;
}

/** The added nodes of one `Connman`. */
export class AddedNodes {
  readonly #parts: AddedNodesParts;
  readonly #entries: AddedNode[] = [];

  constructor(parts: AddedNodesParts) {
    this.#parts = parts;
  }

  /** Adds an entry. @returns False if it is listed already, as the same text or the same address. */
  add(entry: AddedNode): boolean {
    const service = this.#serviceOf(entry.node);
    for (const { node } of this.#entries) {
      const listed = this.#serviceOf(node);
      if (node === entry.node || (service !== undefined && listed?.equals(service) === true)) return false;
    }
    this.#entries.push({ ...entry });
    return true;
  }

  /** Removes the entry with exactly this text; a connection stays. @returns Whether there was one. */
  remove(node: string): boolean {
    const index = this.#entries.findIndex((entry) => entry.node === node);
    if (index === -1) return false;
    this.#entries.splice(index, 1);
    return true;
  }

  /** The texts of all entries. */
  names(): string[] {
    return this.#entries.map(({ node }) => node);
  }

  list(): AddedNodeInfo[] {
    return this.#entries.map((entry) => ({ ...entry, peer: this.#findPeer(entry.node) }));
  }

  /** Dials missing peers until the interrupt. */
  async run(): Promise<void> {
    const { clock, interrupt, slots } = this.#parts;
    while (!interrupt.aborted) {
      const grant = await slots.acquire(interrupt);
      if (grant === undefined) return;
      const hasDialed = await this.#dialMissing(grant);
      await sleep(clock, hasDialed ? REST_AFTER_DIALS_MS : REST_WITHOUT_DIALS_MS, interrupt);
    }
  }

  /** One pass. The slot of a failed dial is returned before the next is taken: one dead entry must not starve others. */
  async #dialMissing(first: SlotGrant): Promise<boolean> {
    const { dialing, clock, interrupt, slots } = this.#parts;
    let grant: SlotGrant | undefined = first;
    let hasDialed = false;
    for (const { node, usesV2, peer } of this.list()) {
      if (peer !== undefined) continue;
      grant ??= slots.tryAcquire();
      if (grant === undefined || interrupt.aborted) break;
      hasDialed = true;
      const isOpen = await dialing.open({ connectionType: 'manual', dest: node, usesV2, grant });
      if (!isOpen) grant.release();
      grant = undefined;
      await sleep(clock, REST_MS, interrupt);
    }
    grant?.release();
    return hasDialed;
  }

  #findPeer(node: string): P2PNode | undefined {
    const service = this.#serviceOf(node);
    return service === undefined ? this.#parts.table.findName(node) : this.#parts.table.findService(service);
  }

  #serviceOf(node: string): Service | undefined {
    const service = Service.tryParse(spelledOut(node), this.#parts.defaultPort);
    return this.#parts.cjdnsReachable ? service?.toCJDNSIfInRange() : service;
  }
}

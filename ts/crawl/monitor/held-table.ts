// The held peers. Each has a slot, and slots stay dense, so that notes on all peers fit into an array.

import type { HeldCounts } from './announcement.ts';
import type { HeldPeer } from './held-peer.ts';
import { NETWORK_NAMES } from '../frontier/address-table.ts';

/** See the module comment. */
export class HeldTable implements HeldCounts {
  readonly networks = new Uint32Array(NETWORK_NAMES.length);
  readonly #peers: (HeldPeer | undefined)[] = [];
  readonly #free: number[] = [];
  #count = 0;
  #v2Count = 0;

  get all(): number {
    return this.#count;
  }

  /** Held peers that speak V2. */
  get v2Count(): number {
    return this.#v2Count;
  }

  /** One more than the highest slot. */
  get slots(): number {
    return this.#peers.length;
  }

  at(slot: number): HeldPeer | undefined {
    return this.#peers[slot];
  }

  add(peer: HeldPeer): void {
    peer.slot = this.#free.pop() ?? this.#peers.length;
    this.#peers[peer.slot] = peer;
    this.#count += 1;
    this.networks[peer.network]! += 1;
    if (peer.isV2) this.#v2Count += 1;
  }

  remove(peer: HeldPeer): void {
    this.#peers[peer.slot] = undefined;
    this.#free.push(peer.slot);
    peer.slot = -1;
    this.#count -= 1;
    this.networks[peer.network]! -= 1;
    if (peer.isV2) this.#v2Count -= 1;
  }
}

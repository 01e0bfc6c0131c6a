// Messages of held peers: announcements are followed, addresses go into the frontier, and both are noted.

import type { RandomUint32 } from '../../util/random.ts';
import type { Clock } from '../../util/time/clock.ts';
import type { Frontier } from '../frontier/frontier.ts';
import { AddressWalker } from '../visit/address-walker.ts';
import { Announcements, BLOCK_LIMITS, TRANSACTION_LIMITS } from './announcements.ts';
import type { HeldPeer, HeldPeerListener } from './held-peer.ts';
import type { HeldTable } from './held-table.ts';
import { walkInventory } from './inventory-walker.ts';
import type { MonitorRecorder } from './monitor-recorder.ts';

/** Most addresses in a message whose addresses are noted one by one: longer messages are answers to `getaddr`. */
const MAX_NOTED_ADDRESSES = 10;

/** Collaborators of `Heard`. */
export interface HeardParts {
  readonly clock: Clock;
  readonly random: RandomUint32;
  readonly frontier: Frontier;
  readonly held: HeldTable;
  readonly recorder: MonitorRecorder;
}

/** See the module comment. */
export class Heard implements HeldPeerListener {
  readonly #clock: Clock;
  readonly #frontier: Frontier;
  readonly #held: HeldTable;
  readonly #recorder: MonitorRecorder;
  readonly #blocks: Announcements;
  readonly #transactions: Announcements;
  readonly #walker = new AddressWalker();
  #addressesTold = 0;

  constructor({ clock, random, frontier, held, recorder }: HeardParts) {
    this.#clock = clock;
    this.#frontier = frontier;
    this.#held = held;
    this.#recorder = recorder;
    const peerAt = (slot: number): HeldPeer | undefined => held.at(slot);
    const addressOf = (peer: HeldPeer): string => this.addressOf(peer);
    this.#blocks = new Announcements(BLOCK_LIMITS, clock, random, (one) => recorder.block(one, peerAt, addressOf));
    this.#transactions = new Announcements(TRANSACTION_LIMITS, clock, random, (one) =>
      recorder.transaction(one, peerAt),
    );
  }

  get blocksSeen(): number {
    return this.#blocks.seenCount;
  }

  get transactionsSeen(): number {
    return this.#transactions.seenCount;
  }

  get addressesTold(): number {
    return this.#addressesTold;
  }

  /** The address of a peer, as text. */
  addressOf(peer: HeldPeer): string {
    return String(this.#frontier.table.serviceOf(peer.row));
  }

  handshakeCompleted(peer: HeldPeer, nowMs: number): void {
    peer.heldSinceMs = nowMs;
    this.#held.add(peer);
    // The limit of the group is for dials: the place is free again.
    this.#frontier.finish(peer.row, false, nowMs);
    this.#recorder.began(peer, this.addressOf(peer));
    peer.ping(nowMs);
  }

  gotInventory(peer: HeldPeer, payload: Uint8Array, nowMs: number): void {
    if (peer.slot === -1) return;
    const held = this.#held;
    const isSound = walkInventory(payload, (isBlock, hash) => {
      const announcements = isBlock ? this.#blocks : this.#transactions;
      announcements.announced(hash, peer, nowMs, held, held.slots);
    });
    if (!isSound) peer.ending = { outcome: 'protocol-error', code: 'inventory' };
  }

  gotAddresses(peer: HeldPeer, isV2: boolean, payload: Uint8Array): void {
    const walker = this.#walker;
    if (!walker.begin(isV2, payload)) return;
    const nowSeconds = Math.floor(this.#clock.wallTimeMs() / 1_000);
    const { table } = this.#frontier;
    const isShort = walker.count <= MAX_NOTED_ADDRESSES;
    const told: string[] = [];
    let newCount = 0;
    let isSelf = false;
    while (walker.next()) {
      const { network, bytes, offset, port, timeSeconds, services } = walker;
      const row = this.#frontier.learn(network, bytes, offset, port, timeSeconds, services, peer.row, nowSeconds);
      if (row !== -1) newCount += 1;
      if (!isShort) continue;
      const known = network === 0 ? -1 : table.find(network, bytes, offset, port);
      if (known === peer.row) isSelf = true;
      if (known !== -1) told.push(String(table.serviceOf(known)));
    }
    this.#addressesTold += walker.count;
    peer.addressCount += walker.count;
    if (isSelf) peer.selfCount += 1;
    this.#recorder.gossip(this.addressOf(peer), walker.count, newCount, isSelf, told);
  }

  /** Ends the announcements that were followed for long enough. */
  sweep(nowMs: number): void {
    this.#blocks.sweep(nowMs);
    this.#transactions.sweep(nowMs);
  }

  /** Ends all announcements, while the peers that made them are still held. */
  endAll(): void {
    this.#blocks.endAll();
    this.#transactions.endAll();
  }
}

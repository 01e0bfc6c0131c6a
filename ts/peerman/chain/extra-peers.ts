// Outbound peers above the limits: a stale tip may mean that all our peers collude, so another one is tried. (Bitcoin Core
// src/net_processing.cpp, CheckForStaleTipAndEvictPeers)

import type { P2PNode } from '../../connman/node/peer.ts';
import type { PeerContext } from '../state/peer-context.ts';

/** Intervals of the checks for extra peers and of the tip, in milliseconds. (Core EXTRA_PEER_CHECK_INTERVAL, …) */
export const EXTRA_PEER_CHECK_MS = 45_000;
const STALE_CHECK_MS = 600_000;
/** Without a new block for this long the tip is stale: three times the mean, in milliseconds. */
const STALE_TIP_MS = 3 * 600_000;
/** Time that a peer gets before it can be evicted, in milliseconds. (Core MINIMUM_CONNECT_TIME) */
const MIN_CONNECTED_MS = 30_000;
/** With a tip younger than this, the first sync is over. */
const CURRENT_TIP_SECONDS = 20 * 600;

export class ExtraPeers {
  readonly #context: PeerContext;
  #nextStaleCheckMs = 0;
  #isFirstSyncOver = false;

  constructor(context: PeerContext) {
    this.#context = context;
  }

  check(): void {
    this.#evictBlockRelay();
    this.#evictFullRelay();
    const { chainView } = this.#context;
    if (chainView === undefined) return;
    const nowMs = this.#context.clock.wallTimeMs();
    if (nowMs > this.#nextStaleCheckMs) {
      this.#nextStaleCheckMs = nowMs + STALE_CHECK_MS;
      this.#checkStaleTip(nowMs, chainView.anyBlocksInFlight());
    }
    if (!this.#isFirstSyncOver && chainView.tipTimeSeconds() > this.#context.nowSeconds() - CURRENT_TIP_SECONDS) {
      this.#isFirstSyncOver = true;
      this.#context.network.startExtraBlockRelayPeers();
    }
  }

  /** Of the two youngest, evicts the one whose last block is older; on a draw, the youngest. */
  #evictBlockRelay(): void {
    const { network } = this.#context;
    if (network.extraBlockRelayCount() === 0) return;
    const nodes: P2PNode[] = [];
    network.forEachNode((node) => void (node.isBlockRelay && nodes.push(node)));
    const [youngest, next] = nodes.sort((a, b) => b.id - a.id);
    if (youngest === undefined) return;
    const isBetter = next !== undefined && youngest.lastBlockTimeSeconds > next.lastBlockTimeSeconds;
    const loser = isBetter ? next : youngest;
    if (this.#connectedMs(loser) >= MIN_CONNECTED_MS) this.#disconnectIdle(loser);
  }

  /** Evicts the one that announced a block longest ago, unless it is protected or our only connection to its network. */
  #evictFullRelay(): void {
    const { network } = this.#context;
    if (network.extraFullOutboundCount() === 0) return;
    let worst: P2PNode | undefined;
    network.forEachNode((node) => {
      const chain = this.#context.peers.get(node.id)?.chain;
      if (!node.isFullOutbound || chain === undefined || chain.isProtected) return;
      if (!network.hasMultipleManualOrFullOutbound(node.addr.address.getNetwork())) return;
      if (worst === undefined || this.#isWorse(node, worst)) worst = node;
    });
    if (worst === undefined || this.#connectedMs(worst) <= MIN_CONNECTED_MS) return;
    // The extra peer did its job: no other is wanted until the tip is stale again.
    if (this.#disconnectIdle(worst)) network.tryNewOutboundPeer = false;
  }

  #isWorse(node: P2PNode, other: P2PNode): boolean {
    const difference = this.#lastAnnouncement(node) - this.#lastAnnouncement(other);
    return difference < 0 || (difference === 0 && node.id > other.id);
  }

  #lastAnnouncement({ id }: P2PNode): number {
    return this.#context.peers.get(id)?.chain.lastBlockAnnouncementSeconds ?? 0;
  }

  #connectedMs({ connectedAtMs }: P2PNode): number {
    return this.#context.clock.wallTimeMs() - connectedAtMs;
  }

  /** @returns Whether it was disconnected: not while it is sending blocks. */
  #disconnectIdle(node: P2PNode): boolean {
    const inFlight = this.#context.chainView?.blocksInFlight(node.id) ?? [];
    if (inFlight.length === 0) node.disconnect('more outbound peers than wanted');
    return inFlight.length === 0;
  }

  #checkStaleTip(nowMs: number, hasBlocksInFlight: boolean): void {
    const { network, hooks } = this.#context;
    // The first check starts the clock.
    if (this.#context.lastTipUpdateMs === 0) this.#context.lastTipUpdateMs = nowMs;
    const isStale = this.#context.lastTipUpdateMs < nowMs - STALE_TIP_MS && !hasBlocksInFlight;
    const canDial = network.isNetworkActive && network.usesAddressBook && hooks.isLoading?.() !== true;
    network.tryNewOutboundPeer = isStale && canDial;
  }
}

// The network as the message processor of a `Connman` sees it. It is handed over at `start` (`NetEvents.attach`) and to
// nobody else: users of a `Connman` neither send raw payloads nor take messages out of queues.

import type { NetAddress } from '../netaddr/net-address.ts';
import type { NetworkClass } from '../netaddr/network.ts';
import type { Service } from '../netaddr/service.ts';
import type { PeerAddress } from '../p2p/messages/addresses.ts';
import { MIN_RELEASED_BYTES, releaseMemory } from '../util/memory/release-memory.ts';
import type { SipHash } from '../util/hashing/siphash.ts';
import { loggedPeer } from './contract/events.ts';
import type { PeerNetwork, PolledMessage } from './contract/net-events.ts';
import type { ConnmanCore } from './node-lifecycle.ts';
import type { P2PNode } from './node/peer.ts';
import { isPastGrace } from './node/timeouts.ts';
import { countReady } from './outbound/outbound.ts';

/** `PeerNetwork` over the parts of one `Connman`. */
export class ConnmanNetwork implements PeerNetwork {
  readonly #core: ConnmanCore;
  /** Long payloads that the message processor took and nobody else was shown. */
  readonly #unseen = new WeakSet<Uint8Array>();

  constructor(core: ConnmanCore) {
    this.#core = core;
  }

  // ---- Messages -----------------------------------------------------------------------------------------------------

  pushMessage(node: P2PNode, type: string, payload: Uint8Array, maxBytes?: number): void {
    this.#core.traffic.push(node, type, payload, maxBytes);
  }

  pollMessage(node: P2PNode): PolledMessage | undefined {
    const polled = this.#core.traffic.poll(node);
    if (polled === undefined) return undefined;
    const { events } = this.#core;
    const { message } = polled;
    const isSeen = events.has('inboundMessage') && events.emit('inboundMessage', { node, message });
    if (!isSeen && message.payload.length >= MIN_RELEASED_BYTES) this.#unseen.add(message.payload);
    return polled;
  }

  releasePayload(payload: Uint8Array): void {
    if (this.#unseen.delete(payload)) releaseMemory(payload);
  }

  wakeMessageHandler(node?: P2PNode): void {
    this.#core.wakeMessageHandler(node);
  }

  // ---- Nodes --------------------------------------------------------------------------------------------------------

  nameInLog(node: P2PNode): string {
    return loggedPeer(node, this.#core.settings.logIps);
  }

  node(nodeId: number): P2PNode | undefined {
    return this.#core.table.get(nodeId);
  }

  forEachNode(visit: (node: P2PNode) => void): void {
    this.#core.table.forEachReady(visit);
  }

  disconnectAddress(address: NetAddress, reason: string): boolean {
    return this.#core.disconnectAddress(address, reason);
  }

  checkIncomingNonce(nonce: bigint): boolean {
    const node = this.#core.table.findNonce(nonce);
    return node === undefined || node.isSuccessfullyConnected;
  }

  shouldRunInactivityChecks(node: P2PNode, nowMs: number): boolean {
    return isPastGrace(node, nowMs, this.#core.settings.peerTimeoutMs);
  }

  // ---- Ourselves ----------------------------------------------------------------------------------------------------

  get userAgent(): string {
    return this.#core.settings.userAgent;
  }

  get isListening(): boolean {
    return this.#core.listeners.count > 0;
  }

  get isNetworkActive(): boolean {
    return this.#core.network.isActive;
  }

  get usesAddressBook(): boolean {
    return this.#core.outbound.usesAddressBook;
  }

  isReachable(network: NetworkClass): boolean {
    return this.#core.network.isReachable(network);
  }

  isProxy(address: NetAddress): boolean {
    return this.#core.network.isProxy(address);
  }

  getLocalAddrForPeer(node: P2PNode): Service | undefined {
    const service = this.#core.localAddresses.forPeer(node, this.isListening, this.#core.listeners.port);
    if (service !== undefined) this.#core.settings.logger.debug(`Advertising address ${service} to peer=${node.id}`);
    return service;
  }

  seenLocal(service: Service): void {
    this.#core.localAddresses.seen(service);
  }

  getAddresses(node: P2PNode, maxCount: number, maxPercent: number): readonly PeerAddress[] {
    return this.#core.addressCache.addressesFor(node, maxCount, maxPercent);
  }

  getAddressesUnsafe(
    maxCount: number,
    maxPercent: number,
    network?: NetworkClass,
    isFiltered: boolean = true,
  ): PeerAddress[] {
    return this.#core.addressCache.fresh(maxCount, maxPercent, network, isFiltered);
  }

  outboundTargetReached(isHistorical = false): boolean {
    return this.#core.uploadTarget.isReached(isHistorical);
  }

  deterministicRandomizer(id: bigint): SipHash {
    return this.#core.hashes.randomizer(id);
  }

  // ---- Outbound policy ----------------------------------------------------------------------------------------------

  get tryNewOutboundPeer(): boolean {
    return this.#core.outbound.tryNewOutboundPeer;
  }

  set tryNewOutboundPeer(isWanted: boolean) {
    this.#core.outbound.tryNewOutboundPeer = isWanted;
  }

  startExtraBlockRelayPeers(): void {
    this.#core.outbound.wantsExtraBlockRelay = true;
  }

  extraFullOutboundCount(): number {
    return Math.max(0, countReady(this.#core.table, 'outbound-full-relay') - this.#core.budget.maxFullRelay);
  }

  extraBlockRelayCount(): number {
    return Math.max(0, countReady(this.#core.table, 'block-relay-only') - this.#core.budget.maxBlockRelay);
  }

  hasMultipleManualOrFullOutbound(network: NetworkClass): boolean {
    return this.#core.table.countManualOrFullOutbound(network) > 1;
  }

  addPrivateBroadcastsToOpen(count: number): void {
    this.#core.outbound.privateBroadcasts?.addToOpen(count);
  }
}

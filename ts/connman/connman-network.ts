// The network as the message processor of a `Connman` sees it. It is handed over at `start` (`NetEvents.attach`) and to
// nobody else: users of a `Connman` neither send raw payloads nor take messages out of queues.

import type { NetAddress } from '../netaddr/net-address.ts';
import type { NetworkClass } from '../netaddr/networks/network.ts';
import type { Service } from '../netaddr/service.ts';
import type { ChainParams } from '../p2p/chain-params.ts';
import type { PeerAddress } from '../p2p/messages/addresses.ts';
import { MIN_RELEASED_BYTES, releaseMemory } from '../util/memory/release-memory.ts';
import type { SipHash } from '../util/hashing/siphash.ts';
import { loggedPeer } from './contract/events.ts';
import type { PeerNetwork, PolledMessage } from './contract/net-events.ts';
import type { P2PNode } from './node/peer.ts';
import { isPastGrace } from './node/timeouts.ts';
import type { ConnmanParts } from './parts.ts';

/** `PeerNetwork` over the parts of one `Connman`. */
export class ConnmanNetwork implements PeerNetwork {
  readonly #parts: ConnmanParts;
  /** Long payloads that only the message processor has seen. */
  readonly #unseen = new WeakSet<Uint8Array>();

  constructor(parts: ConnmanParts) {
    this.#parts = parts;
  }

  // ---- Messages -----------------------------------------------------------------------------------------------------

  pushMessage(node: P2PNode, type: string, payload: Uint8Array, maxBytes?: number): void {
    this.#parts.wire.push(node, type, payload, maxBytes);
  }

  pollMessage(node: P2PNode): PolledMessage | undefined {
    const polled = this.#parts.wire.poll(node);
    if (polled === undefined) return undefined;
    const { events } = this.#parts;
    const { message } = polled;
    const isSeen = events.has('inboundMessage') && events.emit('inboundMessage', { node, message });
    if (!isSeen && message.payload.length >= MIN_RELEASED_BYTES) this.#unseen.add(message.payload);
    return polled;
  }

  releasePayload(payload: Uint8Array): void {
    if (this.#unseen.delete(payload)) releaseMemory(payload);
  }

  wakeMessageHandler(node?: P2PNode): void {
    this.#parts.pump.wake(node);
  }

  // ---- Nodes --------------------------------------------------------------------------------------------------------

  get chain(): ChainParams {
    return this.#parts.settings.chain;
  }

  nameInLog(node: P2PNode): string {
    return loggedPeer(node, this.#parts.settings.logIps);
  }

  asNumberOf(node: P2PNode): number {
    return this.#parts.settings.netGroups.asNumber(node.addr.address);
  }

  node(nodeId: number): P2PNode | undefined {
    return this.#parts.table.get(nodeId);
  }

  forEachNode(visit: (node: P2PNode) => void): void {
    this.#parts.table.forEachReady(visit);
  }

  disconnectAddress(address: NetAddress, reason: string): boolean {
    return this.#parts.table.disconnectAddress(address, reason);
  }

  checkIncomingNonce(nonce: bigint): boolean {
    const node = this.#parts.table.findNonce(nonce);
    return node === undefined || node.isSuccessfullyConnected;
  }

  shouldRunInactivityChecks(node: P2PNode, nowMs: number): boolean {
    return isPastGrace(node, nowMs, this.#parts.settings.peerTimeoutMs);
  }

  // ---- Ourselves ----------------------------------------------------------------------------------------------------

  get userAgent(): string {
    return this.#parts.settings.userAgent;
  }

  get isListening(): boolean {
    return this.#parts.listeners.count > 0;
  }

  get isNetworkActive(): boolean {
    return this.#parts.network.isActive;
  }

  get usesAddressBook(): boolean {
    return this.#parts.outbound.usesAddressBook;
  }

  isReachable(network: NetworkClass): boolean {
    return this.#parts.network.isReachable(network);
  }

  isProxy(address: NetAddress): boolean {
    return this.#parts.network.isProxy(address);
  }

  getLocalAddrForPeer(node: P2PNode): Service | undefined {
    const service = this.#parts.localAddresses.forPeer(node, this.isListening, this.#parts.listeners.port);
    if (service !== undefined) this.#parts.settings.logger.debug(`Advertising address ${service} to peer=${node.id}`);
    return service;
  }

  seenLocal(service: Service): void {
    this.#parts.localAddresses.seen(service);
  }

  getAddresses(node: P2PNode, maxCount: number, maxPercent: number): readonly PeerAddress[] {
    return this.#parts.addressCache.addressesFor(node, maxCount, maxPercent);
  }

  getAddressesUnsafe(
    maxCount: number,
    maxPercent: number,
    network?: NetworkClass,
    isFiltered: boolean = true,
  ): PeerAddress[] {
    return this.#parts.addressCache.fresh(maxCount, maxPercent, network, isFiltered);
  }

  outboundTargetReached(isHistorical = false): boolean {
    return this.#parts.uploadTarget.isReached(isHistorical);
  }

  deterministicRandomizer(id: bigint): SipHash {
    return this.#parts.hashes.randomizer(id);
  }

  // ---- Outbound policy ----------------------------------------------------------------------------------------------

  get tryNewOutboundPeer(): boolean {
    return this.#parts.outbound.wishes.tryNewOutboundPeer;
  }

  set tryNewOutboundPeer(isWanted: boolean) {
    this.#parts.outbound.wishes.tryNewOutboundPeer = isWanted;
  }

  startExtraBlockRelayPeers(): void {
    this.#parts.outbound.wishes.wantsExtraBlockRelay = true;
  }

  extraFullOutboundCount(): number {
    const { table, budget } = this.#parts;
    return Math.max(0, table.countReady('outbound-full-relay') - budget.maxFullRelay);
  }

  extraBlockRelayCount(): number {
    const { table, budget } = this.#parts;
    return Math.max(0, table.countReady('block-relay-only') - budget.maxBlockRelay);
  }

  hasMultipleManualOrFullOutbound(network: NetworkClass): boolean {
    return this.#parts.table.countManualOrFullOutbound(network) > 1;
  }

  addPrivateBroadcastsToOpen(count: number): void {
    this.#parts.outbound.privateConnections?.addToOpen(count);
  }
}

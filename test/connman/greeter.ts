// The least message processor that a real node talks to: version, verack, ping and pong. It keeps a record of every call.

import type {
  NetEvents,
  NetworkStateStats,
  NodeStateStats,
  PeerNetwork,
} from '../../ts/connman/contract/net-events.ts';
import type { P2PNode } from '../../ts/connman/node/peer.ts';
import { NO_VERSION_ADDRESS } from '../../ts/p2p/messages/version.ts';
import { decodeMessage, encodeMessage } from '../../ts/p2p/messages/registry.ts';
import type { Message } from '../../ts/p2p/messages/registry.ts';
import { noteProgress } from '../harness/until.ts';

export class Greeter implements NetEvents {
  readonly initialized: number[] = [];
  readonly finalized: number[] = [];
  /** Messages processed, in order: `id type`. */
  readonly processed: string[] = [];
  /** The nodes of each round of the pump, in the order of their visits. */
  readonly visits: number[] = [];
  readonly services = new Map<number, bigint>();
  /** Called with each message after the handshake's own; may answer. */
  onMessage: (node: P2PNode, type: string, payload: Uint8Array) => void = () => {};
  #network: PeerNetwork | undefined;
  readonly #hasSentVersion = new Set<number>();

  /** What it was handed when its node started. */
  get network(): PeerNetwork {
    if (this.#network === undefined) throw new Error('its node was not started');
    return this.#network;
  }

  attach(network: PeerNetwork): void {
    this.#network = network;
  }

  initializeNode(node: P2PNode, ourServices: bigint): void {
    this.initialized.push(node.id);
    this.services.set(node.id, ourServices);
    noteProgress();
  }

  finalizeNode(node: P2PNode): void {
    this.finalized.push(node.id);
    noteProgress();
  }

  hasAllDesirableServiceFlags(): boolean {
    return true;
  }

  processMessages(node: P2PNode): boolean {
    this.visits.push(node.id);
    if (!node.isInbound && !this.#hasSentVersion.has(node.id)) return false;
    if (node.isSendPaused) return false;
    const polled = this.network.pollMessage(node);
    if (polled === undefined) return false;
    const { type, payload } = polled.message;
    this.processed.push(`${node.id} ${type}`);
    this.#process(node, type, payload);
    noteProgress();
    return polled.hasMore;
  }

  sendMessages(node: P2PNode): number | void {
    if (!node.isInbound) this.#sendVersion(node);
  }

  getNodeStateStats(nodeId: number): NodeStateStats | undefined {
    const services = this.services.get(nodeId);
    if (services === undefined) return undefined;
    return {
      services,
      relayTransactions: false,
      lastInvSequence: 0,
      invToSend: 0,
      timeOffsetSeconds: 0,
      pingWaitMs: undefined,
      presyncedHeaders: -1,
      syncedHeaders: -1,
      syncedBlocks: -1,
      inFlight: [],
      isAddrRelayEnabled: false,
      addrProcessed: 0,
      addrRateLimited: 0,
      minFeeFilterSatPerKvB: 0,
    };
  }

  getNetworkStateStats(): NetworkStateStats {
    return { timeOffsetSeconds: 3, ignoresIncomingTxs: false, warnings: ['look here'] };
  }

  send(node: P2PNode, message: Message): void {
    const { type, payload } = encodeMessage(message);
    this.network.pushMessage(node, type, payload);
  }

  #process(node: P2PNode, type: string, payload: Uint8Array): void {
    const message = decodeMessage(type, payload);
    if (message.type === 'version') {
      if (node.isInbound && !this.network.checkIncomingNonce(message.nonce)) return node.disconnect('ourselves');
      node.version = message.protocolVersion;
      node.cleanSubVer = message.userAgent;
      this.services.set(node.id, message.services);
      this.#sendVersion(node);
      this.send(node, { type: 'verack' });
    } else if (message.type === 'verack') node.isSuccessfullyConnected = true;
    else if (message.type === 'ping') this.send(node, { type: 'pong', nonce: message.nonce });
    this.onMessage(node, type, payload);
  }

  #sendVersion(node: P2PNode): void {
    if (this.#hasSentVersion.has(node.id)) return;
    this.#hasSentVersion.add(node.id);
    this.send(node, {
      type: 'version',
      protocolVersion: node.advertisedProtocolVersion,
      services: this.services.get(node.id)!,
      timeSeconds: Math.floor(node.connectedAtMs / 1_000),
      receiver: NO_VERSION_ADDRESS,
      sender: NO_VERSION_ADDRESS,
      nonce: node.localNonce,
      userAgent: this.network.userAgent,
      startHeight: 0,
      relay: false,
    });
  }
}

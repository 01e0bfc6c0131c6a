// Counts what happens to a Bitcoin node's connections from its events. Nothing here runs per message.

import type { Connman } from '../../connman/connman.ts';
import type { FailedDialEvent } from '../../connman/contract/events.ts';
import type { NodeView } from '../../connman/node/peer.ts';
import type { PeerManager } from '../../peerman/peer-manager.ts';
import { disconnectClass } from './disconnect-reasons.ts';
import { CounterTable } from './counter-table.ts';

/** Values of the label `result` of a dial. */
type DialClass = 'ok' | 'refused' | 'timeout' | 'proxy' | 'unreachable' | 'other';

/** Counts since construction. */
export class BitcoinTally {
  readonly connectAttempts = new CounterTable(['network', 'result']);
  readonly disconnects = new CounterTable(['reason']);
  readonly handshakes = new CounterTable(['version', 'result']);
  evictions = 0;
  readonly #misbehaving = new Set<number>();
  readonly #stops: (() => void)[];

  constructor(connman: Connman, peerManager: PeerManager | undefined) {
    this.#stops = [
      connman.on('outboundConnection', (node) => this.connectAttempts.add(node.connectedThroughNetwork, 'ok')),
      connman.on('failedConnection', (dial) => this.#dialFailed(dial)),
      connman.on('closedConnection', ({ node, reason }) => this.#closed(node, reason)),
      connman.on('evictedInboundConnection', () => this.evictions++),
    ];
    if (peerManager === undefined) return;
    this.#stops.push(
      peerManager.on('misbehaving', ({ nodeId }) => void this.#misbehaving.add(nodeId)),
      peerManager.on('peerReady', ({ node }) => this.handshakes.add(versionOf(node), 'ok')),
    );
  }

  /** Stops counting. */
  stop(): void {
    for (const stop of this.#stops) stop();
  }

  #dialFailed({ service, code, proxyFailed }: FailedDialEvent): void {
    const network = service?.address.getNetClass() ?? 'name';
    this.connectAttempts.add(network, proxyFailed ? 'proxy' : dialClass(code));
  }

  #closed(node: NodeView, reason: string): void {
    const isMisbehaving = this.#misbehaving.delete(node.id);
    this.disconnects.add(disconnectClass(reason, isMisbehaving, node.isSuccessfullyConnected));
    if (node.isSuccessfullyConnected) return;
    this.handshakes.add(versionOf(node), node.shouldReconnectV1 ? 'downgrade' : 'failed');
  }
}

/** The version of the transport; `unknown` for a peer that sent too little to tell. */
function versionOf({ transportInfo, shouldReconnectV1 }: NodeView): string {
  const { transportType } = transportInfo;
  if (transportType !== 'detecting') return transportType;
  return shouldReconnectV1 ? 'v2' : 'unknown';
}

function dialClass(code: FailedDialEvent['code']): DialClass {
  if (code.endsWith('refused') || code === 'connected-to-itself') return 'refused';
  if (code.includes('timed-out')) return 'timeout';
  if (code.includes('unreachable') || code === 'network-unsupported') return 'unreachable';
  return 'other';
}
